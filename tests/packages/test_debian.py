"""The Debian packages: what is in each, and what they do in a Debian that has nothing else."""
from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from clean_root import LIMIT_S, CleanRoot

PROJECT = pathlib.Path(__file__).resolve().parents[2]
DIST = pathlib.Path(os.environ.get("SAGE_DIST", PROJECT / "build" / "package" / "dist"))
(VERSION,) = re.findall(r"^project\(sage-host VERSION ([\d.]+) ", (PROJECT / "CMakeLists.txt").read_text(), re.M)


def package(name: str) -> pathlib.Path:
    (found,) = DIST.glob(f"{name}_{VERSION}_*.deb")
    return found


def said(*words: object) -> str:
    return subprocess.run([str(word) for word in words], text=True, capture_output=True, timeout=LIMIT_S, check=True).stdout


def field(name: str, key: str) -> str:
    return said("dpkg-deb", "-f", package(name), key).strip()


FILES = {
    "sage-host": ("usr/bin/sage-host", "usr/lib/sage-host/plugins/libsage_q1.so", "usr/lib/sage-host/plugins/q1.toml",
                  "usr/lib/sage-host/plugins/bridge/bridge_main.py", "usr/share/man/man1/sage-host-run.1.gz",
                  "usr/share/bash-completion/completions/sage-host", "usr/share/zsh/vendor-completions/_sage-host",
                  "usr/share/fish/vendor_completions.d/sage-host.fish", "usr/share/doc/sage-host/docs/cli.md"),
    "sage-host-dev": ("usr/include/sage/abi.h", "usr/lib/cmake/SagePluginApi/SagePluginApiConfig.cmake",
                      "usr/share/doc/sage-host/examples/CMakeLists.txt"),
    "sage-host-dbg": ("usr/lib/debug/.build-id/",),
}


class Contents(unittest.TestCase):
    def test_what_is_in_which(self) -> None:
        seen: dict[str, str] = {}
        for name, wanted in FILES.items():
            with self.subTest(name):
                lines = said("dpkg-deb", "-c", package(name)).splitlines()
                files = {line.split()[5].removeprefix("./") for line in lines if not line.startswith("d")}
                for path in (*wanted, f"usr/share/doc/{name}/copyright", f"usr/share/doc/{name}/changelog.gz"):
                    self.assertTrue(any(file.startswith(path) for file in files), path)
                self.assertEqual([file for file in files if ".debug/" in file or "__pycache__" in file], [])
                for line in lines:
                    self.assertEqual(line.split()[1], "root/root", line)
                    self.assertNotRegex(line, r"^.....w|^........w", "others can write to it")
                for file in files:
                    self.assertNotIn(file, seen)
                    seen[file] = name

    def test_fields(self) -> None:
        for name in FILES:
            self.assertEqual(field(name, "Version"), VERSION)
            self.assertRegex(field(name, "Description"), r"\A.+\n .+")
        self.assertEqual(field("sage-host-dev", "Architecture"), "all")
        self.assertEqual(field("sage-host-dbg", "Depends"), f"sage-host (= {VERSION})")
        # Found by dpkg-shlibdeps in what the files are linked with.
        needs = field("sage-host", "Depends")
        for library in ("libc6", "libstdc++6", "libssl3", "libsqlite3-0", "libfmt9", "libyaml-cpp0.7", "zlib1g"):
            self.assertIn(f"{library} (>= ", needs)

    def test_changes_are_those_of_the_version(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            said("dpkg-deb", "-x", package("sage-host"), folder)
            text = said("gzip", "-dc", f"{folder}/usr/share/doc/sage-host/changelog.gz")
            log = pathlib.Path(folder) / "changelog"
            log.write_text(text)
            self.assertEqual(said("dpkg-parsechangelog", "-l", log, "-S", "Version").strip(), VERSION)
        notes = (DIST / "RELEASE_NOTES.md").read_text()
        self.assertTrue(notes.startswith(f"# sage-host {VERSION}\n"), notes[:80])
        for line in notes.splitlines()[2:]:
            self.assertIn(line, text)


class Installed(unittest.TestCase):
    root: CleanRoot
    before: set[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.root = CleanRoot()
        cls.addClassCleanup(cls.root.remove)
        cls.before = cls.root.listing()
        cls.root.install(*map(package, FILES))

    def host(self, *words: str, code: int | None = 0) -> str:
        return self.root.run("sage-host", *words, code=code).stdout

    def test_it_tells_what_there_is(self) -> None:
        self.assertTrue(self.host("--version").startswith(f"sage-host {VERSION}\n"))
        listed = self.host("list")
        for plugin in ("q1", "q8", "mock", "threads", "sage", "ray"):
            self.assertRegex(listed, rf"(?m)^(workload|backend) +{plugin} ")
        # Without Python it has something to tell: in words, and with the exit code for it.
        doctor = self.root.run("sage-host", "doctor", code=None)
        self.assertIn(doctor.returncode, (0, 1), doctor.stderr)
        self.assertIn("/usr/lib/sage-host/plugins", doctor.stdout)
        refused = self.root.run("sage-host", "run", "--workload", "q1", "--quick", code=3)
        self.assertIn("install it with: sage-host setup sage", refused.stderr)

    def test_it_runs(self) -> None:
        self.host("run", "--workload", "q1", "--backend", "threads", "--quick", "--output-dir", "threads")
        self.host("run", "--all", "--backend", "mock", "--quick", "--output-dir", "mock")
        records = [json.loads(line) for folder in ("threads", "mock")
                   for file in (self.root.folder / "tmp" / folder).glob("*/unified_results.jsonl") for line in file.read_text().splitlines()]
        self.assertEqual({(record["workload"], record["backend"]) for record in records},
                         {("Q1", "threads"), *((f"Q{number}", "mock") for number in range(1, 9))})
        self.assertEqual({record["metadata"]["status"] for record in records}, {"ok"})
        self.host("verify", "threads", "mock")

    def test_a_plugin_is_built_with_the_development_package(self) -> None:
        """By the compiler of this system, which finds nothing but what the package brought."""
        self.host("plugin", "new", "backend", "mine", "--lang", "c")
        with tempfile.TemporaryDirectory() as folder:
            said("cmake", "-S", self.root.folder / "tmp" / "mine", "-B", f"{folder}/built", f"-DCMAKE_PREFIX_PATH={self.root.folder}/usr")
            said("cmake", "--build", f"{folder}/built")
            self.root.bring(pathlib.Path(folder) / "built", "tmp")
        self.host("run", "--workload", "q1", "--backend", "mine", "--plugin-path", "built", "--quick", "--output-dir", "of-mine")

    def test_debug_information_is_found_by_build_id(self) -> None:
        usr = self.root.folder / "usr"
        binaries = [usr / "bin" / "sage-host", *sorted((usr / "lib" / "sage-host" / "plugins").rglob("*.so"))]
        self.assertGreater(len(binaries), 12)
        for binary in binaries:
            debug = self.debug_file(binary)
            self.assertIn(".debug_info", said("readelf", "-SW", debug))
            self.assertNotIn(".debug_info", said("readelf", "-SW", binary))
        debug = self.debug_file(binaries[0])
        (address,) = re.findall(r"(?m)^(\w+) T main$", said("nm", debug))
        self.assertRegex(said("addr2line", "-e", debug, address), r"host/main\.cpp:\d+")

    def debug_file(self, binary: pathlib.Path) -> pathlib.Path:
        build_id: str = re.findall(r"Build ID: (\w+)", said("readelf", "-n", binary))[0]
        return self.root.folder / "usr" / "lib" / "debug" / ".build-id" / build_id[:2] / f"{build_id[2:]}.debug"

    @classmethod
    def tearDownClass(cls) -> None:
        """Nothing is left of the packages, nor of what they brought in."""
        cls.root.run("apt-get", "purge", "-qy", "--autoremove", *FILES)
        left = cls.root.listing() - cls.before
        if left:
            raise AssertionError(f"left after removal: {sorted(left)}")


if __name__ == "__main__":
    unittest.main()

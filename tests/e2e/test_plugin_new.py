"""`plugin new`: each project that it writes builds against the installed package, passes its own tests and runs."""
from __future__ import annotations

import os
import re
import subprocess
import unittest

from harness import BUILD, FAILED, HOST, LIMIT_S, OK, Case, environment

WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
LATE = "the load generator was late"  # on a busy machine: an honest answer, and not what these tests are about


class Refused(Case):
    def refused(self, *args: object, says: str | tuple[str, ...]) -> None:
        before = sorted(self.dir.rglob("*"))
        self.error("plugin", "new", *args, says=says)
        self.assertEqual(sorted(self.dir.rglob("*")), before)

    def test_what_exists_is_left_as_it_is(self) -> None:
        (self.dir / "mine").mkdir()
        self.write("file", "text")
        (self.dir / "link").symlink_to("nowhere")
        self.refused("backend", "mine", says=("'mine' exists already", "--dir", "remove it"))
        for name in ("mine", "mine/", "file", "link", "."):
            self.refused("backend", "other", "--dir", name, says=("exists already", "--dir"))
        self.assertEqual((self.dir / "file").read_text(), "text")

    def test_ids(self) -> None:
        for wrong in ("", "a b", "../up", "a/b", ".a", "x" * 65, "ä", "a\nb"):
            self.refused("backend", wrong, says=("id ", "must be 1 to 64 letters"))
        self.refused("backend", "Mine", says="must be lower case: mine")
        self.refused("backend", "threads", says=("'threads' is taken", "threads.toml", "another one"))
        self.refused("workload", "bursttown", says=("'bursttown' is taken", "q6.toml"))

    def test_kinds_and_languages(self) -> None:
        self.refused("bakend", "mine", says=("'bakend'", "did you mean 'backend'", "backend or workload"))
        self.refused("backend", "mine", "--lang", "go", says=("--lang", "'go'", "cpp, c, rust"))
        self.refused("backend", "mine", "--dir=", says="--dir")
        self.refused("backend", says=("plugin new backend|workload ID",))
        self.refused("backend", "mine", "more", says="unexpected argument 'more'")

    def test_a_folder_that_cannot_be_made(self) -> None:
        self.write("file", "text")
        self.error("plugin", "new", "backend", "mine", "--dir", "file/below", code=FAILED, says="file")


class Projects(Case):
    def shell(self, command: str, **env: str) -> str:
        path = f"{HOST.resolve().parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(["bash", "-c", command], cwd=self.dir, env=environment(PATH=path, CMAKE_GENERATOR="Ninja", **env), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S, check=False)
        if LATE not in done.stdout:
            self.assertEqual(done.returncode, OK, f"{command}\n{done.stdout}")
        return done.stdout

    def made(self, kind: str, plugin_id: str, language: str, **env: str) -> None:
        """Makes the project, types what it says is next, and looks at the run that this ends with."""
        said = self.host("plugin", "new", kind, plugin_id, "--lang", language, "--dir", f"a folder/{plugin_id}").stdout
        _, files, following = re.split(r"\A.*\n|\n\nnext .*\n", said)
        for name in files.split("\n"):
            text = (self.dir / "a folder" / plugin_id / name.strip()).read_text()
            self.assertNotRegex(text, r"@[A-Z]+@")
        self.assertEqual(len(following.splitlines()), 3 if language == "rust" else 5, following)
        # The host's own build tree stays as it is.
        build = str(BUILD.resolve())
        for command in following.replace(f"{build}/prefix", str(self.dir / "prefix")).splitlines():
            self.shell(command, CXXFLAGS=WARNINGS, CFLAGS=WARNINGS, **env)
        (record,) = self.records()
        ids = (plugin_id, "threads") if kind == "workload" else ("q1", plugin_id)
        self.assertEqual((record["workload"].lower(), record["backend"]), ids)
        metadata = record["metadata"]
        parity = metadata["output_parity"]
        self.assertGreater(parity["checked"], 100)
        self.assertEqual(parity["equal"], parity["checked"])
        ledger = metadata["ledger"]
        self.assertEqual((ledger["outcomes"]["ok"], ledger["wrong"], ledger["unknown"]), (ledger["offered"], 0, 0))
        self.assertEqual(metadata["verdict"], "pass")

    def test_backend_in_cpp(self) -> None:
        self.made("backend", "org.example.new-one", "cpp")

    def test_backend_in_c(self) -> None:
        self.made("backend", "7_c", "c", CXX="/nonexistent")

    def test_workload_in_cpp(self) -> None:
        self.made("workload", "7-up", "cpp")

    def test_workload_in_c(self) -> None:
        self.made("workload", "in.c", "c", CXX="/nonexistent")

    def test_backend_in_rust(self) -> None:
        self.made("backend", "in.rust", "rust", RUSTFLAGS="-D warnings", SAGE_HOST=str(HOST.resolve()))

    def test_workload_in_rust(self) -> None:
        self.made("workload", "in-rust.too", "rust", RUSTFLAGS="-D warnings", SAGE_HOST=str(HOST.resolve()))

    def test_a_backend_that_has_room_for_little_keeps_the_host_waiting(self) -> None:
        self.host("plugin", "new", "backend", "narrow")
        self.shell(f"cmake --install {BUILD.resolve()} --prefix prefix --component plugin_api")
        self.shell("cmake -S narrow -B narrow/build -DCMAKE_PREFIX_PATH=$PWD/prefix && cmake --build narrow/build")
        self.run_quick("q8", "narrow", "--plugin-path", "narrow/build", "--queue-size", "1")
        (record,) = self.records()
        self.assertEqual(record["metadata"]["ledger"]["unknown"], 0)


if __name__ == "__main__":
    unittest.main()

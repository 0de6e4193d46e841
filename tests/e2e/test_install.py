"""What `cmake --install` brings: all that is in the build tree, the pages, the licence, examples; and it works from there."""
from __future__ import annotations

import re
import subprocess
import unittest

import test_docs
from harness import BUILD, LIMIT_S, PLUGINS, Case, environment

PROJECT = test_docs.PROJECT


@unittest.skipUnless((BUILD / "host" / "share.stamp").exists(), "the manual pages are not built")
class Install(Case):
    def setUp(self) -> None:
        super().setUp()
        self.prefix = self.dir / "prefix"
        self.shell("cmake", "--install", str(BUILD.resolve()), "--prefix", str(self.prefix))

    def shell(self, *words: str) -> str:
        done = subprocess.run(words, cwd=self.dir, env=environment(), text=True, capture_output=True, timeout=LIMIT_S, check=False)
        self.assertEqual(done.returncode, 0, f"{words}\n{done.stdout}{done.stderr}")
        return done.stdout

    def test_everything_is_there(self) -> None:
        built = {file.relative_to(PLUGINS) for file in PLUGINS.rglob("*") if file.is_file() and ".debug" not in file.parts}
        plugins = self.prefix / "lib" / "sage-host" / "plugins"
        # Python leaves its caches where it may write.
        built = {file for file in built if "__pycache__" not in file.parts}
        self.assertEqual({file.relative_to(plugins) for file in plugins.rglob("*") if file.is_file()}, built)
        pages = {file.name for file in (self.prefix / "share" / "man" / "man1").iterdir()}
        commands = re.findall(r"^  ([a-z]+(?: check| new)?)  +\w", self.host("help").stdout, re.M)
        self.assertEqual(pages, {"sage-host.1", *(f"sage-host-{command.replace(' ', '-')}.1" for command in commands)})
        for name in ("bash-completion/completions/sage-host", "zsh/site-functions/_sage-host", "fish/vendor_completions.d/sage-host.fish"):
            self.assertTrue((self.prefix / "share" / name).is_file(), name)
        doc = self.prefix / "share" / "doc" / "sage-host"
        self.assertEqual((doc / "LICENSE").read_text(), (PROJECT / "LICENSE").read_text())
        for tree in ("docs", "examples"):
            here = {file.relative_to(PROJECT) for file in (PROJECT / tree).rglob("*")
                    if file.is_file() and file.parent.name != "experiments"}
            self.assertEqual({file.relative_to(doc) for file in (doc / tree).rglob("*") if file.is_file()}, here)
        presets = {file.name: file.read_text() for file in (PROJECT / "examples" / "experiments").iterdir()}
        installed = (self.prefix / "share" / "sage-host" / "experiments").iterdir()
        self.assertEqual({file.name: file.read_text() for file in installed}, presets)
        for header in ("abi.h", "options.h", "plugin.hpp", "testing.hpp"):
            self.assertTrue((self.prefix / "include" / "sage" / header).is_file(), header)

    def test_links_of_installed_pages_lead_somewhere(self) -> None:
        doc = self.prefix / "share" / "doc" / "sage-host"
        pages = [*sorted(doc.glob("*.md")), *sorted((doc / "docs").rglob("*.md"))]
        self.assertGreater(len(pages), 20)
        for page in pages:
            for link in test_docs.Links.relative_links(page):
                self.assertTrue((page.parent / link.partition("#")[0]).exists(), f"{page.relative_to(doc)}: {link}")

    def test_it_runs_from_there(self) -> None:
        host = str(self.prefix / "bin" / "sage-host")
        self.assertEqual(self.shell(host, "list"), self.host("list").stdout)
        self.shell(host, "run", "--workload", "q6", "-b", "mock", "--quick", "--output-dir", str(self.out))
        (record,) = self.records()
        self.assertEqual(record["metadata"]["status"], "ok")
        library = record["metadata"]["environment"]["workload"]["library"]
        self.assertTrue(library.startswith(str(self.prefix)), library)


class Version(Case):
    def test_it_stands_in_one_place(self) -> None:
        (version,) = re.findall(r"^project\(sage-host VERSION ([\d.]+) ", (PROJECT / "CMakeLists.txt").read_text(), re.M)
        self.assertIn(f"sage-host {version}\n", self.host("--version").stdout)
        changes = (PROJECT / "CHANGELOG.md").read_text()
        self.assertRegex(changes, rf"(?m)^## {re.escape(version)}, (unreleased|\d{{4}}-\d\d-\d\d)$")
        notes = (BUILD / "RELEASE_NOTES.md").read_text()
        self.assertTrue(notes.startswith(f"# sage-host {version}\n"), notes[:80])
        self.assertIn(notes.partition("\n\n")[2].strip(), changes)

    def test_a_version_without_a_section_of_changes_is_not_configured(self) -> None:
        script = (PROJECT / "host" / "packaging" / "release_notes.cmake").read_text()
        for changes, says in (("# Changes\n\n## 0.9.0, unreleased\n\nNew.\n", "CHANGELOG.md has no section '## 1.0.0"),
                              ("# Changes\n\n## 1.0.0, soon\n\nNew.\n", "must end with a date"),
                              ("# Changes\n\n## 1.0.0, 2026-01-31\n\n## 0.9.0, 2025-01-31\n\nOld.\n", "says nothing of version 1.0.0")):
            self.write("CHANGELOG.md", changes)
            self.write("notes.cmake", script)
            project = self.write("CMakeLists.txt", "cmake_minimum_required(VERSION 3.25)\nproject(sage-host VERSION 1.0.0 LANGUAGES NONE)\n"
                                                   "include(notes.cmake)\n").parent
            done = subprocess.run(["cmake", "-S", project, "-B", self.dir / "build"], text=True, capture_output=True, timeout=LIMIT_S,
                                  check=False)
            self.assertNotEqual(done.returncode, 0, changes)
            self.assertIn(says, re.sub(r"\s+", " ", done.stderr))
        self.write("CHANGELOG.md", "# Changes\n\n## 1.0.0, 2026-01-31\n\n* New; [a](b).\n\n## 0.9.0, 2025-01-31\n\nOld.\n")
        subprocess.run(["cmake", "-S", self.dir, "-B", self.dir / "build"], capture_output=True, timeout=LIMIT_S, check=True)
        self.assertEqual((self.dir / "build" / "RELEASE_NOTES.md").read_text(), "# sage-host 1.0.0\n\n* New; [a](b).\n")


if __name__ == "__main__":
    unittest.main()

"""The tutorials: whoever does what stands in them, in order, gets what they show.

What the reader does, the test does: it runs each ```sh block, writes each block that a line "`FILE`, a new file:" stands before, and
applies each ```diff block. What a ```text block shows, the commands before it said, but for numbers, which differ from run to run.
"""
from __future__ import annotations

import json
import re
import shutil
import subprocess
import unittest

from doc_commands import DOCS, Block, blocks, run_block
from harness import BUILD, Case, Json, read_lines

WARNINGS = "-Wall -Wextra -Wconversion -Wshadow -Werror"
ENVIRONMENT = {"CXXFLAGS": WARNINGS, "CFLAGS": WARNINGS, "RUSTFLAGS": "-D warnings", "CMAKE_GENERATOR": "Ninja"}


def shape(line: str) -> str:
    return " ".join(re.sub(r"\d[\d.,]*", "#", line).split())


class Tutorials(Case):
    def setUp(self) -> None:
        super().setUp()
        (self.dir / "build").mkdir()  # the build folder is where the pages have it
        (self.dir / "build" / "release").symlink_to(BUILD.resolve())
        self.said = ""
        self.env = {**ENVIRONMENT, "CCACHE_BASEDIR": str(self.dir), "CCACHE_NOHASHDIR": "1"}
        if shutil.which("ccache"):  # the sources are the same each time
            self.env |= {"CMAKE_CXX_COMPILER_LAUNCHER": "ccache", "CMAKE_C_COMPILER_LAUNCHER": "ccache"}

    def do(self, page: str, block: Block) -> None:
        new_file = re.fullmatch(r"`([^`]+)`, a new file:", block.before)
        if block.language == "sh":
            self.said = run_block(self, page, block, env=self.env)
        elif block.language == "diff":
            done = subprocess.run(["git", "apply", "-p0"], cwd=self.dir, input="\n".join([*block.lines, ""]), text=True,
                                  capture_output=True, timeout=30, check=False)
            self.assertEqual(done.returncode, 0, f"docs/{page}:{block.line}: {done.stdout}{done.stderr}")
        elif new_file:
            self.write(new_file.group(1), "\n".join([*block.lines, ""]))
        elif block.language == "text":
            said = {shape(line) for line in self.said.splitlines()}
            for number, line in enumerate(block.lines, block.line):
                if line.strip() not in ("", "..."):
                    self.assertIn(shape(line), said, f"docs/{page}:{number} was not said, but\n{self.said}")
        else:
            self.fail(f"docs/{page}:{block.line}: nobody knows what to do with {block.language}")

    def follow(self, page: str) -> Json:
        """Does what README.md and the page say. Returns the record of the last run."""
        for name in ("tutorials/README.md", page):
            for block in blocks(name):
                self.do(name, block)
        folders = sorted(self.folders(), key=lambda folder: folder.stat().st_mtime_ns)
        return read_lines(folders[-1] / "unified_results.jsonl")[0]

    def test_a_backend_in_cpp(self) -> None:
        self.gave_up(self.follow("tutorials/cpp.md"))

    def test_a_backend_in_c(self) -> None:
        self.env["CXX"] = "/nonexistent"  # no C++ compiler is needed
        self.gave_up(self.follow("tutorials/c.md"))

    def test_a_backend_in_rust(self) -> None:
        self.gave_up(self.follow("tutorials/rust.md"))

    def gave_up(self, record: Json) -> None:
        """The last run is one of urgent requests first, of which some are given up, and said to be."""
        metadata = record["metadata"]
        (failure,) = metadata["failures"]
        self.assertEqual(failure["text"], "due for longer than give_up_ms")
        self.assertEqual(failure["count"], metadata["ledger"]["outcomes"]["rejected"])
        self.assertEqual(metadata["verdict"], "pass")

    def test_a_workload_in_cpp(self) -> None:
        record = self.follow("tutorials/workload.md")
        phases = [phase["phase"] for phase in record["metadata"]["metrics"]["phases"]]
        self.assertEqual(phases, ["calm", "rush"])
        marks = [event for event in record["metadata"]["events"] if event["kind"] == "mark"]
        self.assertEqual([(mark["target"], mark["status"], mark["confirmed_s"]) for mark in marks],
                         [("calm", "done", None), ("rush", "done", None)])
        self.shown_config()

    def shown_config(self) -> None:
        """docs/manifest.md shows what `create` got in the run on `threads`."""
        (block,) = (block for block in blocks("manifest.md") if block.language == "json")
        shown = json.loads("\n".join(block.lines))
        (file,) = self.out.glob("rush-threads-*/repro_manifest.json")
        options = json.loads(file.read_text())["options"]
        (threads,) = (plugin for plugin in json.loads(self.host("list", "--json").stdout) if plugin["id"] == "threads")
        run = {name: options["run"][name] for name in ("seed", "nodes", "parallelism", "scheduler", "quick")}
        self.assertEqual(shown, {**options["workload"], **run, "capabilities": threads["capabilities"], "load": options["load"]})


class Index(unittest.TestCase):
    def test_it_names_each_page(self) -> None:
        index = (DOCS / "tutorials" / "README.md").read_text()
        pages = {page.name for page in (DOCS / "tutorials").glob("*.md")} - {"README.md"}
        self.assertEqual(pages, set(re.findall(r"\((\w+\.md)\)", index)))


if __name__ == "__main__":
    unittest.main()

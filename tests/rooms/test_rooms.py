"""The rooms of host/ and plugins/: what includes what, and in which namespace.

docs/architecture.md says which rooms there are, in a table for each of the two, from the top down. A file includes its own room and
those below; rooms of one line do not include each other. So there can be no cycle between rooms, and files are looked at for one.
"""
from __future__ import annotations

import fnmatch
import pathlib
import re
import tempfile
import unittest
from collections.abc import Callable, Iterator

PROJECT = pathlib.Path(__file__).resolve().parents[2]
Table = list[list[str]]
Namespace = Callable[[str], str]  # of a room


def table_of(page: str, heading: str) -> Table:
    """The lines of the table under `heading`, each the rooms in its first column: [["cli"], ["operators/a", "operators/b"]]."""
    section = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = re.findall(r"^\| (`.*?) \|", section, re.M)
    return [re.findall(r"`([^`]+?)/?`", cell) for cell in cells]


def outer_namespaces(text: str) -> Iterator[str]:
    """Of a source as clang-format leaves it, with `}  // namespace a::b` at its end."""
    depth = 0
    for name, closing in re.findall(r"^(?:(?:inline )?namespace ([\w:]* ?)\{|(\}  // namespace))", text, re.M):
        if name.strip() and depth == 0:  # one without a name is its file's own
            yield name.strip()
        depth += -1 if closing else 1


class Tree:
    """The sources below `root`."""

    def __init__(self, root: pathlib.Path, table: Table, namespace: Namespace) -> None:
        self.root, self.table, self.namespace = root, table, namespace
        self.files = {f.relative_to(root): f.read_text() for f in sorted(root.rglob("*")) if f.suffix in (".hpp", ".cpp", ".h")}
        self.includes = {file: list(self._included(file)) for file in self.files}

    def _included(self, file: pathlib.Path) -> Iterator[tuple[str, pathlib.Path | None]]:
        for name in re.findall(r'^\s*#\s*include "([^"]+)"', self.files[file], re.M):
            near = [folder / name for folder in file.parents]  # its own folder, then those that are include paths
            yield name, next((path for path in near if path in self.files), None)

    def room(self, file: pathlib.Path) -> tuple[str, int] | None:
        """The folder of `file` that the table knows, and its line in the table; None for what lies beside the rooms."""
        for folder in list(file.parents)[:-1]:
            for line, patterns in enumerate(self.table):
                if any(fnmatch.fnmatchcase(folder.as_posix(), pattern) and folder.as_posix().count("/") == pattern.count("/")
                       for pattern in patterns):
                    return folder.as_posix(), line
        return None

    def faults(self) -> Iterator[str]:
        for file, text in self.files.items():
            here = self.room(file)
            if here is None and len(file.parts) > 1:
                yield f"{file}: no room of docs/architecture.md"
            if here is None:  # main.cpp sees all
                continue
            for name in outer_namespaces(text):
                if not f"{name}::".startswith(f"{self.namespace(here[0])}::"):
                    yield f"{file}: namespace {name}, which is not {self.namespace(here[0])}"
            for name, target in self.includes[file]:
                there = self.room(target) if target else None
                if target is None:
                    yield f'{file}: #include "{name}" is no file of {self.root.name}/'
                elif there is None or (there[0] != here[0] and there[1] <= here[1]):
                    yield f'{file}: #include "{name}" points up, from {here[0]}'
        yield from (f"a cycle: {' -> '.join(map(str, cycle))}" for cycle in self._cycles())

    def _cycles(self) -> Iterator[list[pathlib.Path]]:
        """One for each file where a walk along the includes comes back to where it is."""
        done: set[pathlib.Path] = set()
        path: list[pathlib.Path] = []

        def walk(file: pathlib.Path) -> Iterator[list[pathlib.Path]]:
            if file in path:
                yield [*path[path.index(file):], file]
            elif file not in done:
                path.append(file)
                for _, target in self.includes[file]:
                    if target:
                        yield from walk(target)
                path.pop()
                done.add(file)

        for file in self.files:
            yield from walk(file)


class Sources(unittest.TestCase):
    def check(self, folder: str, heading: str, namespace: Namespace) -> None:
        page = (PROJECT / "docs" / "architecture.md").read_text()
        tree = Tree(PROJECT / folder, table_of(page, heading), namespace)
        self.assertEqual(list(tree.faults()), [])
        for pattern in [pattern for line in tree.table for pattern in line]:
            self.assertTrue(list((PROJECT / folder).glob(pattern)), f"docs/architecture.md: there is no {folder}/{pattern}")

    def test_host(self) -> None:
        self.check("host", "Rooms of the host", lambda room: f"host::{room}")

    def test_plugins(self) -> None:
        # A backend's namespace is its name alone.
        self.check("plugins", "Rooms of the plugins", lambda room: room.removeprefix("backends/").replace("/", "::"))


class TheCheckItself(unittest.TestCase):
    TABLE = "# Page\n\n## Rooms\n\n| room | what |\n| --- | --- |\n| `top` | |\n| `left`, `right/*` | |\n| `base` | |\n\n## More\n"

    def faults(self, **files: str) -> list[str]:
        """Of a tree with `files` beside two that are right; name: room_file, __ for a folder more."""
        files = {"top_main": '#include "left/a.hpp"\n', "base_b": "", **files}
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder) / "src"
            for name, text in {"left_a": '#include "base/b.hpp"\n', **files}.items():
                room, _, stem = name.rpartition("_")
                file = root / room.replace("__", "/") / f"{stem}.hpp"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            (root / "main.cpp").write_text('#include "top/main.hpp"\n')
            return list(Tree(root, table_of(self.TABLE, "Rooms"), lambda room: "src::" + room.replace("/", "::")).faults())

    def test_reads_the_table(self) -> None:
        self.assertEqual(table_of(self.TABLE, "Rooms"), [["top"], ["left", "right/*"], ["base"]])

    def test_a_right_tree_has_no_fault(self) -> None:
        self.assertEqual(self.faults(right__one_x='#include "base/b.hpp"\n#include "y.hpp"\n#include <vector>\n', right__one_y=""), [])

    def test_an_arrow_upwards(self) -> None:
        (fault,) = self.faults(base_c='#pragma once\n#include "top/main.hpp"\n')
        self.assertEqual(fault, 'base/c.hpp: #include "top/main.hpp" points up, from base')

    def test_an_arrow_to_a_room_of_the_same_line(self) -> None:
        self.assertEqual(len(self.faults(left_c='#include "right/one/x.hpp"\n', right__one_x="")), 1)
        self.assertEqual(len(self.faults(right__two_c='#include "right/one/x.hpp"\n', right__one_x="")), 1)

    def test_a_cycle_between_rooms(self) -> None:
        faults = self.faults(base_b='#include "left/a.hpp"\n')
        self.assertEqual(len(faults), 2)
        self.assertIn("points up", faults[0])
        self.assertEqual(faults[1], "a cycle: base/b.hpp -> left/a.hpp -> base/b.hpp")

    def test_a_cycle_within_a_room(self) -> None:
        self.assertEqual(self.faults(base_c='#include "base/d.hpp"\n', base_d='#include "base/c.hpp"\n'),
                         ["a cycle: base/c.hpp -> base/d.hpp -> base/c.hpp"])

    def test_a_file_that_is_not_there(self) -> None:
        self.assertEqual(self.faults(base_c='#include "gone.hpp"\n'), ['base/c.hpp: #include "gone.hpp" is no file of src/'])

    def test_a_folder_that_is_no_room(self) -> None:
        self.assertEqual(self.faults(attic_x=""), ["attic/x.hpp: no room of docs/architecture.md"])

    def test_another_rooms_namespace(self) -> None:
        def opened(*names: str) -> str:
            return "".join(f"namespace {name} {{\nnamespace {{\n}}  // namespace\n}}  // namespace {name}\n" for name in names)

        self.assertEqual(self.faults(base_c=opened("src::base", "src::left") + "namespace fs = std::filesystem;\n"),
                         ["base/c.hpp: namespace src::left, which is not src::base"])
        self.assertEqual(self.faults(base_c=opened("src::base::inner")), [])


if __name__ == "__main__":
    unittest.main()

"""The documentation says what is: fields of records, flags of commands, links. What its commands do, test_guide.py tests."""
from __future__ import annotations

import fnmatch
import json
import pathlib
import re
import unittest
from collections.abc import Iterator
from typing import Any

from harness import FAILED, Case, read_lines

PROJECT = pathlib.Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"


def section(page: str, heading: str) -> str:
    """What stands under `heading` ("### type `run`"), with the headings below it; "" if there is none."""
    level = heading.split(" ", 1)[0]
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", page, re.M | re.S)
    return found.group(1) if found else ""


def named(text: str) -> set[str]:
    """What stands in backquotes, word for word; `latency_*` stays a pattern."""
    return {word for quoted in re.findall(r"`([^`\n]+)`", text.replace("\n", " ")) for word in re.findall(r"[\w*-]+", quoted)}


def first_column(text: str) -> set[str]:
    return {name for cell in re.findall(r"^\| (`.*?) \|", text, re.M) for name in re.findall(r"`([\w.]+)`", cell)}


def fields(value: Any, closed: set[str]) -> Iterator[str]:
    """Names of all members, those of `closed` without what is in them."""
    if isinstance(value, list):
        for item in value:
            yield from fields(item, closed)
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            if name not in closed:
                yield from fields(member, closed)


class Records(Case):
    """Of runs that between them have everything: logged requests, events, tenants, a pair, a search, an experiment."""

    def setUp(self) -> None:
        super().setUp()
        self.page = (DOCS / "records.md").read_text()
        self.run_quick("q6", "threads", "--request-log", "jsonl")
        self.run_quick("q8", "mock")
        self.run_quick("q3", "mock")
        self.run_quick("q4", "mock", "--node-list", "1", "--probe-repeat", "1")
        self.host("pair", "--workload", "q6", "--backends", "mock,threads", "--repeat", "1", "--quick", "--cooldown", "0",
                  "--output-dir", self.out)
        file = self.write("one.toml", 'schema = 1\ntitle = "One"\nworkload = "q6"\nbackend = "mock"\nrepeat = 1\n[[side]]\nname = "one"\n')
        self.host("experiment", file, "--quick", "--output-dir", self.out)

    def lines(self, name: str) -> list[dict[str, Any]]:
        return [line for file in sorted(self.out.rglob(name)) for line in read_lines(file)]

    def test_every_field_is_described_and_what_is_described_exists(self) -> None:
        closed = named(re.search(r"not listed here: (.*?)\.\n\n", self.page, re.S).group(1))  # type: ignore[union-attr]
        metrics = set(re.findall(r"^([a-z]\S*)", self.host("explain").stdout, re.M))
        words = named(self.page) | {name for family in metrics for name in self.statistics(family)}
        told = {word for word in words if "*" not in word}
        patterns = [word for word in words if "*" in word and word != "*"]

        def missing(names: set[str]) -> list[str]:
            return sorted(name for name in names - told if not any(fnmatch.fnmatchcase(name, p) for p in patterns))

        manifests = [json.loads(file.read_text()) for file in self.out.rglob("repro_manifest.json")]
        by_type: dict[str, list[dict[str, Any]]] = {}
        for line in self.lines("records.jsonl"):
            by_type.setdefault(line.pop("type"), []).append(line)
        self.assertEqual(set(by_type), set(re.findall(r"^### type `(\w+)`", self.page, re.M)))
        for kind, lines in by_type.items():
            with self.subTest(type=kind):
                text = section(self.page, f"### type `{kind}`")
                top = {name for line in lines for name in line}
                self.assertEqual(sorted(top - named(text)), [], "not in its section")
                every = {name for line in lines for name in fields(line, closed)}
                self.assertEqual(missing(every), [])
                self.assertEqual(sorted(first_column(text) - every), [], "described, but in no record")
        for kind, objects in (("unified_results.jsonl", self.lines("unified_results.jsonl")), ("repro_manifest.json", manifests)):
            with self.subTest(file=kind):
                self.assertEqual(missing({name for one in objects for name in fields(one, closed)}), [])
        text = section(self.page, "## repro_manifest.json")
        top = {name for one in manifests for name in one}
        self.assertEqual(sorted(first_column(text) ^ top), [])

    @staticmethod
    def statistics(family: str) -> list[str]:
        """["a_p50", "a_p99"] of "a_p50/p99", as `explain` prints it."""
        first, *others = family.split("/")
        return [first, *(f"{first.rsplit('_', 1)[0]}_{other}" for other in others)]


class CommandLine(Case):
    def test_every_flag_of_every_command_is_described(self) -> None:
        page = (DOCS / "cli.md").read_text()
        flag = r"--[a-z][a-z-]*"
        commands = re.findall(r"^  ([a-z]+(?: check| new)?)  +\w", self.host("help").stdout, re.M)
        self.assertIn("plugin check", commands)
        every = set()
        for command in commands:
            with self.subTest(command=command):
                help_text = self.host(*command.split(), "--help").stdout
                flags = {name for line in re.findall(rf"^  ({flag}.*?)(?:  |$)", help_text, re.M)
                         for name in re.findall(flag, line)}
                every |= flags
                told = section(page, f"## {command}") + "".join(re.findall(rf"^\| `{command}[ `\[].*$", page, re.M))
                self.assertTrue(told, f"docs/cli.md does not describe {command}")
                if "flags of `run`" in told:
                    told += section(page, "## run")
                self.assertEqual(sorted(flags - set(re.findall(flag, told))), [])
        # Aliases and options of plugins are no flags of --help; what a table has in front is.
        tables = {name for cell in re.findall(r"^\| (`-.*?) \|", page, re.M) for name in re.findall(flag, cell)}
        self.assertEqual(sorted(tables - every - {"--experiment"}), [], "described, but no command has it")


def rows(text: str) -> list[list[str]]:
    """The cells of its tables, without their heads."""
    bodies = re.sub(r"^\|.*\n\| --- .*$", "", text, flags=re.M)
    return [[cell.strip() for cell in line[2:-1].split(" |")] for line in re.findall(r"^\|.*$", bodies, re.M)]


def quoted(text: str) -> set[str]:
    return set(re.findall(r"`([\w.-]+)`", text))


class Manifest(Case):
    """The reference for authors of plugins: keys, capabilities, limits."""

    def setUp(self) -> None:
        super().setUp()
        self.page = (DOCS / "manifest.md").read_text()

    def findings(self, more: str) -> dict[str, str]:
        """What `plugin check` says of a manifest with `more` in it, by requirement. Its library is not there."""
        manifest = self.write("x.toml", 'schema = 1\nkind = "workload"\nid = "x"\nversion = "1"\nabi = "1.0"\nlibrary = "x.so"\n' + more)
        said = self.host("plugin", "check", manifest, "--json", code=FAILED).stdout
        return {finding["requirement"]: finding["detail"] for finding in json.loads(said)}

    def test_the_keys_are_those_that_the_host_reads(self) -> None:
        of_file, of_option = section(self.page, "## Keys").split("| key of an option |")
        for told, more in ((of_file, "zzzzzzzzz = 1\n"), (of_option, "[options.y]\nzzzzzzzzz = 1\n")):
            known = self.findings(more)["plugin"].partition("; known: ")[2].split(", ")
            self.assertEqual(first_column(told), set(known))

    def test_the_capabilities_are_those_that_shipped_backends_have_and_plugin_check_knows(self) -> None:
        table = section(self.page, "## Capabilities")
        told = {word for row in rows(table) for word in quoted(row[0]) if not re.search(r"[.](NAME|KIND)$", word)}
        told |= {word for word in quoted(table) if re.match(r"(scheduler|fault|reconfigure)[.][a-z]", word)}
        shipped = {word for plugin in json.loads(self.host("list", "--json").stdout) for word in plugin["capabilities"]}
        self.assertEqual(sorted(told ^ shipped), [])
        listed = ", ".join(f'"{word}"' for word in sorted(told))
        self.assertEqual(self.findings(f"[requires]\ncapabilities = [{listed}]\n")["capabilities"], "")

    def test_requirements_that_show_a_capability_exist(self) -> None:
        known = set(self.error("plugin", "check", "x", "--only", "zzzzzzzzz", says="there are ").stderr.strip().split("there are ")[1].split(", "))
        told = {word for row in rows(section(self.page, "## Capabilities")) for word in re.findall(r"^`([a-z-]+)`", row[3])}
        self.assertGreater(len(told), 1)
        self.assertEqual(sorted(told - known - set(self.findings(""))), [])

    def test_the_limits_are_those_of_the_sources(self) -> None:
        units = {"KiB": 1024, "MiB": 1024**2}
        told = 0
        for row in rows(section(self.page, "## Limits")):
            source = re.fullmatch(r"`(\w+)` in `([\w./]+)`", row[2]) if len(row) > 2 else None
            if not source:
                continue
            name, file = source.groups()
            with self.subTest(name=name, file=file):
                text = (PROJECT / file).read_text()
                found = re.search(rf"(?:constexpr [\w:]+ {name} =|#define {name}) ([^;/\n]+)", text)
                self.assertTrue(found, "no such constant")
                value, _, shift = re.sub(r"\w+\{(\d+)\}|['u ]", r"\1", found.group(1)).partition("<<")  # type: ignore[union-attr]
                shown = re.match(r"([\d,]+) ?(KiB|MiB|s)?\b", row[1])
                self.assertTrue(shown, "no number")
                number, unit = shown.groups()  # type: ignore[union-attr]
                scale = 10**9 if unit == "s" and name.endswith("_ns") else units.get(unit, 1)
                self.assertEqual(int(number.replace(",", "")) * scale, int(value) << int(shift or 0))
                told += 1
        self.assertGreater(told, 25)

    def test_limits_of_flags_are_those_of_the_help(self) -> None:
        help_text = " ".join(self.host("run", "--help").stdout.split())
        limits = re.findall(r"`(--[a-z-]+)` up to ([\d,]+)", section(self.page, "## Limits"))
        self.assertEqual(len(limits), 2)
        for flag, number in limits:
            self.assertRegex(help_text, rf"{flag} N [^(]*\(default \d+, 1 to {number.replace(',', '')}\)")

    def test_the_extensions_are_those_that_the_host_has(self) -> None:
        had = self.findings('[requires]\nextensions = ["zzz/1"]\n')["plugin"].partition("of the host, which has ")[2].partition(";")[0]
        table = section((DOCS / "abi.md").read_text(), "## Extensions")
        self.assertEqual([re.sub("`", "", row[0]) for row in rows(table)], had.split(", "))


class Paper(unittest.TestCase):
    """docs/paper names presets that there are, and claims that claims.tex has of them."""

    def test_presets_and_sides_exist(self) -> None:
        checked = 0
        for page in sorted((DOCS / "paper").glob("*.md")):
            text = page.read_text()
            experiments = PROJECT / "examples" / "experiments"
            files = {experiments / f"{name}.toml" for name in re.findall(r"[Pp]resets? `(\w+)`", text)}
            files |= {file for file in experiments.glob("*.toml") if f"`{file.stem}`" in text}
            sides = {re.sub(r"\W|_", "-", side) for file in files for side in re.findall(r'^name = "(.*)"', file.read_text(), re.M)}
            told = {side for key in re.findall(r"\{C[^/{}]*/([\w-]+)/", text) for side in key.split("-vs-")}
            told = {side for side in told if not side.isupper()}  # A and B stand for whatever is compared
            with self.subTest(page=page.name):
                self.assertLessEqual(told - {"threads"}, sides)
                checked += len(told)
        self.assertGreater(checked, 8)


class Links(unittest.TestCase):
    PAGES = (*sorted(DOCS.rglob("*.md")), *sorted(PROJECT.glob("*.md")))

    @staticmethod
    def anchors(page: pathlib.Path) -> set[str]:
        """As GitHub makes them of headings."""
        text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", text, re.M)}

    @staticmethod
    def relative_links(page: pathlib.Path) -> list[str]:
        return [link for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) if not re.match(r"\w+:", link)]

    def test_relative_links_lead_somewhere(self) -> None:
        for page in self.PAGES:
            for link in self.relative_links(page):
                with self.subTest(page=str(page.relative_to(PROJECT)), link=link):
                    path, _, anchor = link.partition("#")
                    target = (page.parent / path).resolve() if path else page
                    self.assertTrue(target.exists(), "no such file")
                    if anchor:
                        self.assertIn(anchor, self.anchors(target))

    def test_the_index_names_every_page(self) -> None:
        index = (DOCS / "README.md").read_text() + (DOCS / "workloads.md").read_text()
        for page in sorted(DOCS.rglob("*.md")):
            if page.name != "README.md":
                self.assertIn(f"({page.relative_to(DOCS)})", index)


if __name__ == "__main__":
    unittest.main()

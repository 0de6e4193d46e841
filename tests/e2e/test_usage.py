"""Mistakes: each is one line that names what, where and the remedy; nothing is run and nothing is left behind."""
from __future__ import annotations

import os
import pathlib
import shutil
import unittest
from collections.abc import Iterable
from typing import Any

from harness import BROKEN, FAILED, PLUGINS, UNAVAILABLE, USAGE, Case


class Usage(Case):
    def refused(self, *args: object, says: str | Iterable[str], code: int = USAGE, workload: str = "q6", backend: str = "mock",
                **kwargs: Any) -> None:
        self.error("run", "--workload", workload, "-b", backend, "--output-dir", self.out, *args, says=says, code=code,
                   **kwargs)
        self.assertEqual(self.folders(), [])
        self.assertFalse(self.out.exists())

    def test_drills_that_the_backend_cannot_do(self) -> None:
        self.refused("--drill", "scale-out,rolling", workload="q7", backend="threads",
                     says=("scale-out", "reconfigure.add-node", "--skip-unsupported", "--drill parallelism,rolling"))
        self.refused("--drill", "move-stage", workload="q7", says=("two nodes", "--nodes 2"))

    def test_names(self) -> None:
        self.refused(workload="q66", says=("q66", "did you mean", "q6"))
        self.refused(backend="treads", says=("treads", "did you mean", "threads"))
        self.refused("--ratee", "5", says=("--ratee", "did you mean --rate?"))
        self.refused("--set", "ratee=5", says=("--set ratee", "'rate'"))
        self.refused("--set", "q77.rate=5", says=("'q77'", "did you mean"))
        self.error("run", says=("--workload", "q6", "--all"))
        self.error("run", "--all", "--workload", "q6", says="exclude each other")

    def test_whatever_is_typed_the_answer_is_one_line(self) -> None:
        for text in ("a\nb", "\x1b[31m", "\u2028", "x" * 100_000, "'; --"):
            self.refused("--rate", text, says="--rate")
            self.refused(text, says="unexpected argument")
            self.error("run", "--workload", text, "-b", "mock", says="workload")
            self.error(text, says="unknown command")

    def test_default_backend_is_not_installed(self) -> None:
        self.error("run", "--workload", "q6", code=UNAVAILABLE, env={"XDG_DATA_HOME": str(self.dir)},
                   says=("backend 'sage' is not installed", "install it with: sage-host setup sage"))
        self.assertEqual(self.folders(), [])

    def test_values(self) -> None:
        for args, says in (
                (("--rate", "0"), ("--rate", "0")),
                (("--rate", "nan"), ("--rate", "nan")),
                (("--rate", "inf"), ("--rate", "inf")),
                (("--rate", "fast"), ("--rate", "fast")),
                (("--rate", ""), ("--rate",)),
                (("--seed", "-1"), ("--seed", "-1")),
                (("--seed", "1.5"), ("--seed", "1.5")),
                (("--nodes", "0"), ("--nodes", "0")),
                (("--parallelism", "two"), ("--parallelism", "two")),
                (("--repeat", "0"), ("--repeat",)),
                (("--arrival", "poison"), ("--arrival", "poison")),
                (("--request-log", "csv"), ("--request-log", "jsonl")),
                (("--request-sample", "2"), ("--request-sample", "2")),
                (("--transfer-share", "1.5"), ("--transfer-share", "1.5")),
                (("--quick=maybe",), ("--quick", "maybe")),
                (("--arrival", "trace"), ("--trace",)),
                (("--arrival", "closed"), ("--concurrency",)),
                (("--rate",), ("--rate needs a value",)),
                (("--rate", "5", "--rate", "6"), ("--rate", "twice")),
                (("--total-requests", "0"), ("--total-requests",)),
        ):
            with self.subTest(args=args):
                self.refused(*args, says=says)

    def test_configuration_file(self) -> None:
        self.refused("--config", "nowhere.toml", says="nowhere.toml")
        self.write("a.toml", "rate = \n")
        self.refused("--config", "a.toml", says="a.toml:1")
        self.write("b.toml", "\nratee = 5\n")
        self.refused("--config", "b.toml", says=("b.toml:2", "did you mean 'rate'"))
        self.write("c.toml", "[q6]\nrate = 'quick'\n")
        self.refused("--config", "c.toml", says=("c.toml:2", "quick"))
        self.write("d.toml", "dry_run = true\n")
        self.refused("--config", "d.toml", says=("d.toml:1", "--dry-run"))

    def test_traces(self) -> None:
        self.refused("--trace", "nowhere.csv", says="nowhere.csv")
        self.write("text.csv", "this is no trace\n")
        self.refused("--trace", "text.csv", says="text.csv:1")
        self.write("back.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:05.0000000,10,10\n"
                               "2023-11-16 18:17:03.0000000,10,10\n")
        self.refused("--trace", "back.csv", says="back.csv:3")
        self.refused("--trace", "back.csv", "--dry-run", says="back.csv:3")

    def test_output_folder(self) -> None:
        self.write("file", "")
        for folder in (self.dir / "file", self.dir / "file" / "below", "/proc/sage"):
            for dry in ((), ("--dry-run",)):
                self.error("run", "--workload", "q6", "-b", "mock", "--quick", "--output-dir", folder, *dry,
                           code=FAILED, says=(str(folder), "--output-dir"))


class BadPlugins(Case):
    def copy(self, *names: str) -> pathlib.Path:
        folder = self.dir / "plugins"
        folder.mkdir(exist_ok=True)
        for name in names:
            shutil.copy(PLUGINS / name, folder / name)
        return folder

    def run_with(self, folder: pathlib.Path, *args: str, **kwargs: Any) -> None:
        self.error("run", "--workload", "q6", "-b", "mock", "--quick", "--output-dir", self.out, *args,
                   env={"SAGE_PLUGIN_PATH": str(folder)}, **kwargs)
        self.assertEqual(self.folders(), [])

    def test_missing_library(self) -> None:
        folder = self.copy("q6.toml", "mock.toml", "libsage_mock.so")
        self.run_with(folder, code=UNAVAILABLE, says="libsage_q6.so")

    def test_no_manifests_at_all(self) -> None:
        (self.dir / "empty").mkdir()
        self.run_with(self.dir / "empty", code=USAGE, says="q6")

    def test_newer_abi(self) -> None:
        folder = self.copy("mock.toml", "libsage_mock.so")
        text = (PLUGINS / "q6.toml").read_text().replace('abi = "1.0"', 'abi = "1.99"')
        (folder / "q6.toml").write_text(text)
        self.run_with(folder, code=USAGE, says=("q6.toml", "1.99"))

    def test_writable_by_others(self) -> None:
        folder = self.copy("q6.toml", "libsage_q6.so", "mock.toml", "libsage_mock.so")
        os.chmod(folder / "q6.toml", 0o666)
        self.run_with(folder, code=USAGE, says=("q6.toml", "chmod"))

    def test_option_that_shadows_a_flag_of_the_host(self) -> None:
        folder = self.copy("mock.toml", "libsage_mock.so")
        text = (PLUGINS / "q6.toml").read_text()
        (folder / "q6.toml").write_text(text + '\n[options.interval]\ntype = "int"\ndefault = 1\nhelp = "x"\n')
        self.run_with(folder, code=USAGE, says=("'interval'", "q6.toml", "--interval"))

    def test_backend_that_lacks_a_capability(self) -> None:
        folder = self.copy("q6.toml", "libsage_q6.so", "libsage_mock.so")
        text = (PLUGINS / "mock.toml").read_text()
        self.assertIn('"keyed"', text)
        (folder / "mock.toml").write_text(text.replace('"keyed",', ""))
        self.run_with(folder, code=USAGE, says=("keyed", "q6", "mock"))
        self.run_with(folder, "--dry-run", code=USAGE, says="keyed")

    def test_a_named_folder_that_is_refused_is_not_passed_over(self) -> None:
        folder = self.copy("q6.toml", "libsage_q6.so")
        self.run_quick("q6", "mock")
        folder.chmod(0o777)
        for command in (("run", "--workload", "q6", "-b", "mock", "--dry-run"), ("rerun", self.folders()[0]), ("describe", "q6"),
                        ("verify", self.out), ("pair", "--workload", "q6", "--backends", "mock,threads", "--dry-run")):
            with self.subTest(command[0]):
                self.error(*command, "--plugin-path", folder, says=("--plugin-path", "other users can write"))

    def test_no_entry(self) -> None:
        self.error("run", "--workload", "q1", "-b", "no_entry", "--plugin-path", BROKEN / "no_entry", "--quick",
                   "--output-dir", self.out, code=USAGE, says="sage_entry_v1")
        self.assertEqual(self.folders(), [])


if __name__ == "__main__":
    unittest.main()

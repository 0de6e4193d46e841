"""`pair` and `rerun` as a user meets them: order, layout, interruption, failure, and the same run once more."""
from __future__ import annotations

import csv
import json
import pathlib
import shutil
import signal
import unittest
from collections.abc import Callable
from typing import Any

from harness import (
    BROKEN,
    FAILED,
    INTERRUPTED,
    LIMIT_S,
    OK,
    PLUGINS,
    USAGE,
    Case,
    Done,
    Json,
    Process,
    read_lines,
    wait_for,
)


class PairCase(Case):
    def pair(self, *args: object, code: int | None = OK, **kwargs: Any) -> Done:
        return self.host("pair", "--quick", "--cooldown", "0", "--output-dir", self.out, *args, code=code, **kwargs)

    def config_folders(self) -> list[pathlib.Path]:
        return sorted(self.out.glob("run_id=*/config_hash=*"))

    def manifest(self) -> tuple[pathlib.Path, Json]:
        (folder,) = self.config_folders()
        return folder, json.loads((folder / "manifest.json").read_text())

    def assert_finished(self, manifest: Json, cells: int) -> bool:
        """On a busy machine a run in real time may be INVALID for a late generator. Whether one was."""
        states = [cell["state"] for cell in manifest["cells"]]
        self.assertEqual(len(states), cells)
        self.assertLessEqual(set(states), {"ok", "invalid"})
        return "invalid" in states


class Order(PairCase):
    def test_the_plan_is_balanced_and_nothing_is_run(self) -> None:
        plan = json.loads(self.pair("--workload", "q1,q6", "--backends", "threads,mock", "--repeat", "4", "--dry-run", "--json").stdout)
        self.assertFalse(self.out.exists())
        for workload in ("q1", "q6"):
            cells = [c for c in plan["cells"] if c["workload"] == workload]
            self.assertEqual(len(cells), 8)
            orders = [[c["backend"] for c in cells if c["block"] == block] for block in range(1, 5)]
            self.assertEqual(orders[0], orders[1][::-1])
            self.assertEqual(orders[2], orders[3][::-1])
            first = [order[0] for order in orders]
            self.assertEqual(first.count("threads"), first.count("mock"))

    def test_the_order_is_drawn_from_the_seed(self) -> None:
        def orders(seed: int) -> list[str]:
            plan = json.loads(self.pair("--workload", "q6", "--backends", "threads,mock", "--repeat", "16", "--seed", seed,
                                        "--dry-run", "--json").stdout)
            return [c["backend"] for c in plan["cells"]]
        self.assertEqual(orders(1), orders(1))
        self.assertNotEqual(orders(1), orders(2))


class Layout(PairCase):
    def test_artefacts_lie_where_scripts_look_for_them(self) -> None:
        self.pair("--workload", "q6", "--backends", "threads,mock", "--repeat", "2", "--nodes", "1", "--run-id", "mine")
        folder, manifest = self.manifest()
        self.assertEqual(folder.parent.name, "run_id=mine")
        self.assertRegex(folder.name, r"^config_hash=[0-9a-f]{12}$")
        for name in ("backends/threads/unified_results.jsonl", "backends/threads/unified_results.csv",
                     "backends/mock/unified_results.jsonl", "comparison/summary.md", "comparison/comparison.csv",
                     "comparison/report.html", "logs/threads.log", "logs/mock.log", "logs/compare.log"):
            self.assertGreater((folder / name).stat().st_size, 0, name)
        self.assertEqual((folder / "failure_report.json").exists(), self.assert_finished(manifest, 4))
        records = read_lines(folder / "backends" / "threads" / "unified_results.jsonl")
        self.assertEqual([r["metadata"]["pair"]["repetition"] for r in records], [1, 2])
        self.assertEqual({r["config_hash"] for r in records}, {manifest["config_hash"]})
        with open(folder / "backends" / "threads" / "unified_results.csv", newline="") as file:
            self.assertEqual([row["run_id"] for row in csv.DictReader(file)], [r["run_id"] for r in records])
        # a second run is not written over the first
        self.assertIn("--resume", self.pair("--workload", "q6", "--backends", "threads,mock", "--run-id", "mine", code=USAGE).stderr)

    def test_a_search_is_a_cell(self) -> None:
        self.pair("--workload", "q4", "--backends", "mock,threads", "--node-list", "1", code=None)
        folder, _ = self.manifest()
        for backend in ("mock", "threads"):
            (record,) = read_lines(folder / "backends" / backend / "unified_results.jsonl")
            self.assertIn("search", record["metadata"])

    def test_what_cannot_run_is_refused_before_anything_runs(self) -> None:
        for args in (("--workload", "q6", "--backends", "threads,nosuch"), ("--workload", "q6", "--backends", "threads,threads"),
                     ("--backends", "threads,mock"), ("--workload", "q6", "--backends", "threads,mock", "--baseline", "ray"),
                     ("--workload", "q6", "--backends", "threads,mock", "--gate", "latency_p99<<1"),
                     ("--workload", "q6", "--backends", "threads,mock", "--run-id", "../x"),
                     ("--resume", "nosuch")):
            with self.subTest(args=args):
                done = self.pair(*args, code=None)
                self.assertEqual(done.returncode, USAGE, done.stderr)
                self.assertFalse(self.out.exists())

    def test_a_gate_that_is_not_met(self) -> None:
        done = self.pair("--workload", "q6", "--backends", "mock,threads", "--repeat", "1", "--gate", "latency_p50<=1.1", code=None)
        self.assertIn(done.returncode, (5, 4))  # simulated time against real time; a crowded machine makes a run invalid


class Interruption(PairCase):
    ARGS = ("--workload", "q6", "--backends", "threads,mock", "--repeat", "3", "--run-id", "cut", "--total-requests", "300")

    def begin(self, *args: object) -> Process:
        """A pair of which one cell has ended well."""
        process = self.start("pair", "--quick", "--cooldown", "0", "--output-dir", self.out, *self.ARGS, *args)

        def finished() -> bool:
            return any('"state": "ok"' in path.read_text() for path in self.out.glob("run_id=cut/config_hash=*/manifest.json"))

        self.assertTrue(wait_for(finished), "no cell ended well")
        return process

    def cut(self, sign: signal.Signals) -> Process:
        process = self.begin()
        process.send_signal(sign)
        process.wait(60)
        return process

    def assert_goes_on(self) -> None:
        folder, manifest = self.manifest()
        done = {c["folder"]: (folder / c["folder"] / "records.jsonl").stat().st_mtime_ns
                for c in manifest["cells"] if c["state"] == "ok"}
        self.assertTrue(done)
        self.assertLess(len(done), 6)
        self.host("pair", "--resume", "cut", "--output-dir", self.out)
        folder, manifest = self.manifest()
        self.assert_finished(manifest, 6)
        for name, at in done.items():
            self.assertEqual((folder / name / "records.jsonl").stat().st_mtime_ns, at, "a finished cell was run again")
        self.assertEqual(len(list((folder / "cells").iterdir())), 6)
        self.assertEqual(len(read_lines(folder / "backends" / "threads" / "unified_results.jsonl")), 3)

    def test_interrupted_and_resumed(self) -> None:
        process = self.cut(signal.SIGINT)
        self.assertEqual(process.returncode, INTERRUPTED)
        self.assert_goes_on()

    def test_killed_before_there_was_a_state(self) -> None:
        for name in (".lock", ".sage-host-0123456789abcdef"):
            self.write(f"results/run_id=cut/{name}", "")
        self.pair(*self.ARGS, "--dry-run")
        self.write("results/run_id=cut/notes", "")
        self.assertIn("is there already", self.pair(*self.ARGS, code=USAGE).stderr)

    def test_killed_and_resumed(self) -> None:
        self.cut(signal.SIGKILL)
        self.assert_goes_on()

    def test_another_configuration_is_not_mixed_in(self) -> None:
        self.cut(signal.SIGINT)
        done = self.host("pair", "--quick", "--output-dir", self.out, *self.ARGS[:-3], "--resume", "cut", "--seed", "7", code=None)
        self.assertEqual(done.returncode, USAGE, done.stderr)

    def test_a_plugin_built_anew_meanwhile_is_not_mixed_in(self) -> None:
        own = self.dir / "own"
        own.mkdir()
        for name in ("q6.toml", "libsage_q6.so"):
            shutil.copy(PLUGINS / name, own / name)
        process = self.begin("--plugin-path", own)
        shutil.copy(own / "libsage_q6.so", own / "another.so")
        with (own / "another.so").open("ab") as library:
            library.write(b"x")
        (own / "another.so").rename(own / "libsage_q6.so")
        _, errors = process.communicate(timeout=LIMIT_S)
        folder, manifest = self.manifest()
        failed = [cell for cell in manifest["cells"] if cell["state"] == "failed"]
        self.assertTrue(failed, errors)
        for cell in failed:
            self.assertIn("libsage_q6.so was changed after this was planned", cell["reason"])
        records = [record for file in folder.glob("backends/*/unified_results.jsonl") for record in read_lines(file)]
        self.assertEqual(len({r["metadata"]["environment"]["workload"]["library_sha256"] for r in records}), 1)
        self.error("pair", "--resume", "cut", "--plugin-path", own, "--output-dir", self.out, says="the workload's library")


class Failures(PairCase):
    def test_a_crash_costs_its_cells_and_is_reported(self) -> None:
        done = self.pair("--workload", "q6", "--backends", "mock,crashes_in_submit", "--plugin-path", BROKEN / "crashes_in_submit",
                         "--repeat", "2", code=FAILED)
        folder, manifest = self.manifest()
        states = {c["backend"]: c["state"] for c in manifest["cells"]}
        self.assertEqual(states, {"mock": "ok", "crashes_in_submit": "failed"})
        report = json.loads((folder / "failure_report.json").read_text())
        failure = report["failures"][0]
        self.assertEqual(failure["backend"], "crashes_in_submit")
        self.assertIn("SIG", failure["signal"] or failure["reason"])
        self.assertIn("failure_report.json", done.stderr)
        self.assertEqual(len(read_lines(folder / "backends" / "mock" / "unified_results.jsonl")), 2)


class Rerun(Case):
    def test_a_simulated_run_comes_out_the_same(self) -> None:
        self.run_quick("q6", "mock", "--seed", "9", "--rate", "150")
        (folder,) = self.folders()
        done = self.host("rerun", folder, "--output-dir", self.dir / "again")
        self.assertIn("The same outcome as recorded.", done.stdout)
        (again,) = (self.dir / "again").iterdir()
        a, b = (read_lines(f / "unified_results.jsonl")[0] for f in (folder, again))
        for column in ("seed", "throughput", "latency_p50", "latency_p95", "config_hash"):
            self.assertEqual(a[column], b[column])

    def test_another_outcome_is_told(self) -> None:
        self.run_quick("q6", "mock")
        (folder,) = self.folders()
        file = folder / "unified_results.jsonl"
        record = json.loads(file.read_text())
        record["metadata"]["ledger"]["offered"] += 1
        file.write_text(json.dumps(record) + "\n")
        done = self.host("rerun", folder / "repro_manifest.json", "--output-dir", self.dir / "again", code=FAILED)
        self.assertIn("DIFFERS  requests offered", done.stdout)

    def test_a_configuration_that_cannot_be_had_again_is_refused(self) -> None:
        self.run_quick("q6", "mock")
        (folder,) = self.folders()
        file = folder / "repro_manifest.json"
        good = json.loads(file.read_text())
        changes: tuple[tuple[Callable[[Json], object], str], ...] = (
            (lambda m: m["options"]["run"].update(seed=43), "config_hash"),
            (lambda m: m["options"]["load"].update(nonsense=1), "nonsense"),
            (lambda m: m["options"]["load"].update(rate="fast"), "rate"),
            (lambda m: m.pop("options"), "options"),
            (lambda m: m["run_payload"].update(workload=7), "workload"),
            (lambda m: m.update(schema_version=2), "schema version"))
        for change, says in changes:
            manifest = json.loads(json.dumps(good))
            change(manifest)
            file.write_text(json.dumps(manifest))
            done = self.host("rerun", folder, "--output-dir", self.dir / "again", code=None)
            self.assertIn(done.returncode, (FAILED, USAGE))
            self.assertIn(says, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        for text in ("", "[]", "{", "\0" * 100):
            file.write_text(text)
            self.host("rerun", folder, code=USAGE)
        self.host("rerun", self.dir / "nowhere", code=USAGE)
        self.assertFalse((self.dir / "again").exists())


if __name__ == "__main__":
    unittest.main()

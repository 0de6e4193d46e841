"""compare, as a user meets it: real runs, results of the Python package, hostile files, the gate, the page about it."""
from __future__ import annotations

import csv
import json
import pathlib
import sqlite3
import unittest
from typing import Any

from doc_commands import commands, run_page
from harness import OK, Case, Done, Json

GATE = 5
COLUMNS = ("backend", "workload", "run_id", "seed", "nodes", "parallelism", "throughput", "latency_p50", "latency_p95", "latency_p99",
           "success_rate", "duration_seconds", "timestamp", "config_hash", "backend_hash")


def python_record(backend: str, run_id: str, throughput: float, **other: object) -> Json:
    """A record as the Python package writes them, one run id for both backends of a pair."""
    record = {"backend": backend, "workload": "Q1", "run_id": run_id, "seed": 42, "nodes": 1, "parallelism": 2,
              "throughput": throughput, "latency_p50": 10.0, "latency_p95": 20.0, "latency_p99": 30.0, "success_rate": 1.0,
              "duration_seconds": 5.0, "timestamp": "2026-01-02T03:04:05+00:00", "config_hash": "c" * 64, "backend_hash": "b" * 64,
              "metadata": {"isage_version": "0.3.0"}}
    return {**record, **other}


class Compare(Case):
    def compare(self, *args: object, **kwargs: Any) -> Done:
        return self.host("compare", *args, "--output-dir", self.dir / "out", **kwargs)

    def rows(self) -> list[dict[str, str]]:
        with open(self.dir / "out" / "comparison.csv", newline="") as file:
            return list(csv.DictReader(file))

    def row(self, metric: str, scope: str = "total") -> dict[str, str]:
        (row,) = [r for r in self.rows() if r["metric"] == metric and r["scope"] == scope]
        return row

    def simulate(self, folder: str, service_ms: float, repeat: int = 3) -> pathlib.Path:
        self.host("run", "--workload", "q6", "-b", "mock", "--quick", "--repeat", repeat, "--set",
                  f"mock.service_ms={service_ms}", "--output-dir", self.dir / folder)
        return self.dir / folder

    def write_jsonl(self, name: str, records: list[Json]) -> pathlib.Path:
        return self.write(name, "".join(json.dumps(record) + "\n" for record in records))


class RealRuns(Compare):
    def test_two_versions_in_simulated_time(self) -> None:
        before, after = self.simulate("before", 3), self.simulate("after", 3.3)
        text = self.compare(before, after, "--by", "input").stdout
        self.assertRegex(text, r"Q6 .* worse")
        row = self.row("latency_p95")
        self.assertEqual((row["verdict"], row["n_baseline"], row["n_candidate"]), ("worse", "3", "3"))
        self.assertGreater(float(row["low"]), 1.1)
        self.assertEqual(self.row("throughput")["verdict"], "same")
        self.assertIn("class:high", {r["scope"] for r in self.rows()})
        for name in ("throughput_comparison.png", "latency_p95_p99_comparison.png"):
            self.assertEqual((self.dir / "out" / name).read_bytes()[:4], b"\x89PNG")
        self.assertIn("**worse**", (self.dir / "out" / "summary.md").read_text())
        # the other way round
        self.compare(before, after, "--by", "input", "--baseline", after)
        self.assertEqual(self.row("latency_p95")["verdict"], "better")

    def test_simulated_time_is_not_set_against_real_time(self) -> None:
        self.run_quick("q6", "threads", "--repeat", "3", code=None)
        self.run_quick("q6", "mock", "--repeat", "3")
        found = json.loads(self.compare(self.out, "--baseline", "mock", "--json").stdout)
        (config,) = found["configs"]
        self.assertEqual(config["verdict"], "invalid")
        self.assertIn("simulated time is set against real time", config["reason"])
        self.assertEqual([side["side"] for side in config["sides"]], ["mock", "threads"])

    def test_outputs_of_real_runs_agree(self) -> None:
        for name in ("first", "second"):
            self.host("run", "--workload", "q6", "-b", "threads", "--quick", "--repeat", "2", "--output-dir", self.dir / name, code=None)
        found = json.loads(self.compare(self.dir / "first", self.dir / "second", "--by", "input", "--json").stdout)
        (config,) = found["configs"]
        # On a busy machine every run of a side may be INVALID; its outputs are not looked at then.
        if config["metrics"] and any(config["metrics"][0]["candidate_values"]) and any(config["metrics"][0]["baseline_values"]):
            self.assertIs(config["output_equal"], True)
        else:
            self.assertEqual(config["verdict"], "invalid")

    def test_too_few_repetitions(self) -> None:
        before, after = self.simulate("before", 3, 2), self.simulate("after", 3.3, 2)
        text = self.compare(before, after, "--by", "input").stdout
        self.assertRegex(text, r"inconclusive +throughput: 2 repetitions with\s+\S*before, an\s+interval\s+needs\s+3")

    def test_a_search_is_compared_by_its_capacity(self) -> None:
        for name, service in (("slow", 10), ("fast", 5)):
            self.host("run", "--workload", "q4", "-b", "mock", "--quick", "--node-list", "1", "--set", "mock.service=constant",
                      "--set", f"mock.service_ms={service}", "--duration", "5", "--arrival", "constant", "--tolerance", "0.1",
                      "--repeat", "1", "--output-dir", self.dir / name)
        self.compare(self.dir / "slow", self.dir / "fast", "--by", "input")
        row = self.row("capacity")
        self.assertEqual(row["n_baseline"], "1")  # the search, not its probes
        self.assertAlmostEqual(float(row["median_candidate"]) / float(row["median_baseline"]), 2, delta=0.3)


class ByKeys(Compare):
    """Sides that are configurations of one backend."""

    def make(self, *settings: str) -> None:
        for i, more in enumerate(settings):
            self.host("run", "--workload", "q6", "-b", "mock", "--quick", "--repeat", "3", "--output-dir", self.dir / "runs" / f"{i}",
                      *more.split())

    def test_an_option_of_the_backend_at_two_rates(self) -> None:
        self.make(*(f"--set mock.service_ms={ms} --rate {rate}" for rate in (20, 40) for ms in (3, 3.3)))
        text = self.compare("runs", "--by", "service_ms", "--gate", "latency_p95<=1.05", code=GATE).stdout
        for rate in ("20", "40"):
            self.assertRegex(text, rf"Q6 +rate = {rate} +service_ms = 3.3 / service_ms = 3 +3 / 3 .* worse")
            self.assertRegex(text, rf"NOT MET +latency_p95<=1.05 +Q6 rate = {rate} service_ms = 3.3/service_ms = 3")
        self.assertEqual({row["label"] for row in self.rows()}, {"rate = 20", "rate = 40"})
        self.assertEqual({row["verdict"] for row in self.rows() if row["metric"] == "latency_p95" and row["scope"] == "total"}, {"worse"})
        summary = (self.dir / "out" / "summary.md").read_text()
        self.assertIn("rate = 20; seed 42", summary)
        self.assertIn("None: every side was run under the same configurations", summary)
        self.assertIn("Q6, rate = 40", (self.dir / "out" / "report.html").read_text())
        found = json.loads(self.compare("runs", "--by", "mock.service_ms", "--json").stdout)
        self.assertEqual([config["label"] for config in found["configs"]], ["rate = 20", "rate = 40"])
        self.host("report", "runs", "--by", "rate", "--baseline", "rate = 40", "--latex", "tex", "--markdown", "a.md", "--sqlite", "a.db")
        self.assertIn("mock.service_ms = 3.3", (self.dir / "a.md").read_text())
        self.assertTrue((self.dir / "tex" / "02-q6-mock-service-ms-3-3.tex").exists())
        with sqlite3.connect(self.dir / "a.db") as database:
            labels = database.execute("SELECT label, baseline, candidate FROM verdicts ORDER BY label").fetchall()
        self.assertEqual(labels, [("mock.service_ms = 3", "rate = 40", "rate = 20"), ("mock.service_ms = 3.3", "rate = 40", "rate = 20")])

    def test_what_differs_beyond_the_key_is_named(self) -> None:
        self.make("--set mock.service_ms=3 --rate 20", "--set mock.service_ms=3.3 --rate 40")
        text = " ".join(self.compare("runs", "--by", "service_ms").stdout.split())
        self.assertRegex(text, r"invalid beyond their sides they differ in rate: 20 against 40")
        self.assertRegex((self.dir / "out" / "summary.md").read_text(), r"\| Q6 \| all \| rate \| service\\?_ms = 3: 20; service\\?_ms = 3.3: 40 \|")
        # and a third one at a rate of its own
        self.make("--set mock.service_ms=3 --rate 20", "--set mock.service_ms=3.3 --rate 20", "--set mock.service_ms=3.3 --rate 40")
        text = " ".join(self.compare("runs", "--by", "service_ms").stdout.split())
        self.assertIn("only service_ms = 3.3 has it; the nearest differs in rate: 40 against 20", text)

    def test_an_unknown_key_is_refused_with_the_nearest(self) -> None:
        self.make("--rate 20", "--rate 40")
        self.error("compare", "runs", "--by", "rat", says="no record has it (did you mean 'rate'?)")
        self.error("report", "runs", "--by", "colour", says="they differ in rate")
        self.error("compare", "runs", "--by", "side", says=("is no cell of an experiment", "another key"))
        self.error("compare", "runs", "--by", "input,rate", says="input stands alone")
        self.assertFalse((self.dir / "comparison").exists())


class PythonPackage(Compare):
    def test_two_schedulers_of_one_backend(self) -> None:
        for scheduler, throughput in (("default", 41.5), ("fifo", 37.25)):
            self.write_jsonl(f"{scheduler}/unified_results.jsonl", [python_record(
                "sage", f"laptop-{scheduler}", throughput, workload="scheduler_comparison", config_hash=scheduler[0] * 64, latency_p50=None,
                latency_p95=None, latency_p99=None, success_rate=None, metadata={"scheduler_name": scheduler, "sage_version": "0.2"})])
        text = self.compare("default", "fifo", "--by", "scheduler").stdout
        self.assertRegex(text, r"scheduler_comparison +all +fifo / default +1 / 1 .* inconclusive")
        self.assertIn("note: scheduler_comparison, all: config_hash: dddddddddddd against ffffffffffff", text)
        row = self.row("throughput")
        self.assertEqual((row["median_baseline"], row["median_candidate"]), ("41.5", "37.25"))

    def test_jsonl_and_csv_with_mismatches_by_run_id(self) -> None:
        sage = [python_record("sage", f"run-{i}", 40 + i / 10, extra={"kept": True}) for i in range(5)]
        self.write_jsonl("sage/unified_results.jsonl", sage)
        ray = [python_record("ray", f"run-{i}", 30 + i / 10) for i in range(5)]
        ray.append(python_record("ray", "run-5", 30, seed=7, config_hash="d" * 64))
        sage.append(python_record("sage", "run-5", 40))
        self.write_jsonl("sage/unified_results.jsonl", sage)
        (self.dir / "ray").mkdir()
        with open(self.dir / "ray" / "unified_results.csv", "w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(ray)
        text = self.compare(self.dir / "sage", self.dir / "ray").stdout
        self.assertRegex(text, r"Q1 +cccccccccccc +ray / sage +5 / 6 .*worse")
        self.assertRegex(text, r"note: Q1, ray: 5 of 5 runs are unjudged: a CSV says neither how they ended")
        self.assertRegex(text, r"Q1 +dddddddddddd +ray .*only ray has it")
        self.assertAlmostEqual(float(self.row("throughput")["ratio"]), 0.75, delta=0.01)
        summary = (self.dir / "out" / "summary.md").read_text()
        self.assertRegex(summary, r"\| Q1 \| run-5 \| seed \| ray: 7; sage: 42 \|")
        self.assertRegex(summary, r"\| Q1 \| run-5 \| config_hash \| ray: d{64}; sage: c{64} \|")
        self.assertNotIn("run-4", summary)

    def test_broken_lines_are_told_and_the_rest_is_compared(self) -> None:
        records = [json.dumps(python_record(b, f"run-{i}", 40)) for b in ("sage", "ray") for i in range(3)]
        records.insert(2, '{"backend": "sage", "workl')
        records.append(json.dumps(python_record("ray", "run-3", float("nan"))))
        file = self.write("unified_results.jsonl", "\n".join(records))
        done = self.compare(file)
        self.assertIn(f"{file}:3: no JSON", done.stderr)
        self.assertIn(f"{file}:8: 1 values are NaN or infinite", done.stderr)
        self.assertIn(":3: no JSON", (self.dir / "out" / "summary.md").read_text())
        self.assertRegex(done.stdout, r"same")

    def test_no_records_at_all(self) -> None:
        self.error("compare", self.dir, says=("no records in", "unified_results.jsonl"))
        self.error("compare", "nowhere", says="does not exist")
        self.error("compare", says="name folders or files")
        self.error("compare", "/dev/zero", says="neither a folder nor a file")
        self.assertFalse((self.dir / "comparison").exists())

    def test_hostile_files_do_not_stop_it(self) -> None:
        good = [python_record(b, f"run-{i}", 40) for b in ("sage", "ray") for i in range(3)]
        good[0]["metadata"] = {"status": ["ok"], "metrics": {"total": 7, "classes": {"a": 1}}, "noise": "loud", "pair": []}
        text = "".join(json.dumps(record) + "\n" for record in good)
        self.write("a/unified_results.jsonl", "[" * 1_000_000 + "\n" + '{"a":' * 100_000 + "\n" + text + "\x00\xff\xfe\n")
        self.write("b/unified_results.csv", '"' + "x" * 100_000)
        (self.dir / "b" / "up").symlink_to(self.dir)
        (self.dir / "b" / "self").symlink_to("self")
        done = self.compare(self.dir)
        self.assertIn("nested more than 64 deep", done.stderr)
        self.assertIn("same", done.stdout)


class Gate(Compare):
    def setUp(self) -> None:
        super().setUp()
        records = [python_record(b, f"run-{i}", t + i / 10) for b, t in (("sage", 40), ("ray", 38)) for i in range(5)]
        self.file = self.write_jsonl("unified_results.jsonl", records)

    def gate(self, conditions: str, *more: str, code: int) -> str:
        return self.compare(self.file, "--gate", conditions, *more, code=code).stdout

    def test_met_and_not_met(self) -> None:
        self.assertRegex(self.gate("throughput>=0.9, latency_p99<=1.10", code=OK), r"gate passed\n +met +throughput>=0\.9 ")
        self.assertIn("NOT MET", self.gate("throughput>=0.99, latency_p99<=1.10", code=GATE))
        self.assertTrue((self.dir / "out" / "summary.md").exists())

    def test_inconclusive_passes_only_leniently(self) -> None:
        self.assertIn("inconclusive  throughput>=0.95", self.gate("throughput>=0.95", code=GATE))
        self.gate("throughput>=0.95", "--gate-lenient", code=OK)
        self.gate("throughput>=0.95", "--gate-lenient=false", code=GATE)

    def test_what_is_not_there_fails(self) -> None:
        self.assertIn("MISSING", self.gate("goodput>=0.9", "--gate-lenient", code=GATE))
        only_sage = self.write_jsonl("one.jsonl", [python_record("sage", f"run-{i}", 40) for i in range(5)])
        self.compare(only_sage, "--gate", "throughput>=0.9", "--gate-lenient", code=GATE)

    def test_a_wrong_gate_is_refused_before_anything_is_written(self) -> None:
        self.error("compare", self.file, "--gate", "throughputt>=1", says=("character 1", "did you mean 'throughput'"))
        self.assertFalse((self.dir / "comparison").exists())


class Flags(Compare):
    def test_wrong_values(self) -> None:
        file = self.write_jsonl("unified_results.jsonl", [python_record("sage", "r", 40)])
        for flag, value, says in (("--margin", "5", "7.5% or 0.075"), ("--margin", "-1%", "0% to 100%"), ("--confidence", "1", "50% to 99%"),
                                  ("--by", "colour", "--by colour: no record has it"), ("--baseline", "dask", "there are sage")):
            self.error("compare", file, flag, value, says=says)

    def test_margin_as_percent_or_fraction(self) -> None:
        records = [python_record(b, f"run-{i}", t) for b, t in (("sage", 40), ("ray", 38)) for i in range(3)]
        file = self.write_jsonl("unified_results.jsonl", records)
        for margin, verdict in (("10%", "same"), ("0.1", "same"), ("1%", "worse"), ("0.01", "worse")):
            self.compare(file, "--margin", margin)
            self.assertEqual(self.row("throughput")["verdict"], verdict)

    def test_without_gnuplot_it_warns_and_goes_on(self) -> None:
        records = [python_record(b, f"run-{i}", 40) for b in ("sage", "ray") for i in range(3)]
        file = self.write_jsonl("unified_results.jsonl", records)
        done = self.compare(file, env={"PATH": str(self.dir)})
        self.assertIn("apt-get install gnuplot-nox", done.stderr)
        self.assertEqual(sorted(f.name for f in (self.dir / "out").glob("*.png")), [])

    def test_an_output_folder_that_cannot_be_made(self) -> None:
        file = self.write_jsonl("unified_results.jsonl", [python_record("sage", "r", 40)])
        self.error("compare", file, "--output-dir", file / "x", code=1, says="--output-dir")


class Help(Case):
    def test_names_every_flag(self) -> None:
        text = self.host("compare", "--help").stdout
        for flag in ("--output-dir", "--by", "--baseline", "--margin", "--confidence", "--gate ", "--gate-lenient", "--json"):
            self.assertIn(flag, text)
        self.assertIn("compare", self.host("help").stdout)


class Page(Case):
    def test_every_command_of_the_page_works(self) -> None:
        self.assertEqual(run_page(self, "compare.md"), len(commands("compare.md")))
        self.assertIn("configs", json.loads((self.dir / "comparison.json").read_text()))
        self.assertTrue(pathlib.Path(self.dir / "comparison" / "summary.md").exists())


if __name__ == "__main__":
    unittest.main()

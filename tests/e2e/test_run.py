"""Runs that go well: the files they leave, what is in them, and what the configuration hash covers."""
from __future__ import annotations

import csv
import json
import struct
import unittest
from typing import Any

from harness import PLUGINS, Case, Json, read_lines

COLUMNS = ["backend", "workload", "run_id", "seed", "nodes", "parallelism", "throughput", "latency_p50", "latency_p95",
           "latency_p99", "success_rate", "duration_seconds", "timestamp", "config_hash", "backend_hash"]


class DryRun(Case):
    def plan(self, *args: str) -> Any:
        done = self.host("run", "--workload", "q6", "--dry-run", "--json", "--output-dir", self.out, *args)
        self.assertFalse(self.out.exists())
        return json.loads(done.stdout)["cells"][0]

    def test_prints_the_plan_and_runs_nothing(self) -> None:
        text = self.host("run", "--workload", "q6", "-b", "mock", "--dry-run", "--rate", "33", "--output-dir",
                         self.out).stdout
        self.assertRegex(text, r"rate +33(\.0)? +--rate")
        self.assertRegex(text, r"config_hash +[0-9a-f]{64}")
        self.assertFalse(self.out.exists())

    def test_hash_covers_what_is_run_and_nothing_else(self) -> None:
        plain = self.plan("-b", "mock")["config_hash"]
        for same in (("-b", "threads"), ("-b", "mock", "-v"), ("-b", "mock", "--request-log", "jsonl"),
                     ("-b", "mock", "--set", "mock.clock=real"), ("-b", "mock", "--interval", "2")):
            self.assertEqual(self.plan(*same)["config_hash"], plain, same)
        for other in ("--seed=1", "--rate=91", "--nodes=2", "--quick", "--work-us=5", "--scheduler=fifo"):
            self.assertNotEqual(self.plan("-b", "mock", other)["config_hash"], plain, other)

    def test_a_trace_counts_by_content(self) -> None:
        rows = ("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.0000000,10,10\n"
                "2023-11-16 18:17:05.0000000,10,10\n")
        self.write("a.csv", rows)
        self.write("b.csv", rows)
        self.write("c.csv", rows.replace("10,10", "10,11"))
        hashes = [self.plan("-b", "mock", "--trace", name)["config_hash"] for name in ("a.csv", "b.csv", "c.csv")]
        self.assertEqual(hashes[0], hashes[1])
        self.assertNotEqual(hashes[0], hashes[2])

    def test_precedence(self) -> None:
        self.write("run.toml", "rate = 1\nseed = 7\n[q6]\nwork_us = 9\n")
        plan = self.plan("-b", "mock", "--config", "run.toml")
        self.assertEqual((plan["load"]["rate"], plan["run"]["seed"]["value"]), ({"value": 1.0, "source": "run.toml:1"}, 7))
        self.assertEqual(plan["workload_options"]["work_us"], {"value": 9.0, "source": "run.toml:4"})
        plan = self.plan("-b", "mock", "--config", "run.toml", "--set", "rate=2")
        self.assertEqual(plan["load"]["rate"], {"value": 2.0, "source": "--set rate"})
        plan = self.plan("-b", "mock", "--config", "run.toml", "--set", "rate=2", "--rate", "3")
        self.assertEqual(plan["load"]["rate"], {"value": 3.0, "source": "--rate"})


class Results(Case):
    def check_record(self, record: Json, workload: str, backend: str) -> None:
        self.assertEqual(list(record), [*COLUMNS, "metadata"])
        self.assertEqual((record["workload"], record["backend"]), (workload, backend))
        self.assertEqual(record["success_rate"], 1.0)
        self.assertGreater(record["throughput"], 0)
        self.assertRegex(record["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")

    def test_each_workload_on_each_backend(self) -> None:
        hashes: dict[str, set[str]] = {}
        for workload in ("q1", "q6"):
            for backend in ("mock", "threads"):
                with self.subTest(workload=workload, backend=backend):
                    self.run_quick(workload, backend)
                    folder = next(f for f in self.folders() if f.name.startswith(f"{workload}-{backend}-"))
                    names = {f.name for f in folder.iterdir()}
                    self.assertLessEqual({"unified_results.jsonl", "unified_results.csv", "records.jsonl",
                                          "repro_manifest.json", "run.log"}, names)
                    (record,) = read_lines(folder / "unified_results.jsonl")
                    self.check_record(record, workload.upper(), backend)
                    self.assertEqual(record["run_id"], folder.name)
                    self.assertIn(record["config_hash"][:12], folder.name)
                    hashes.setdefault(workload, set()).add(record["config_hash"])
                    with open(folder / "unified_results.csv", newline="") as file:
                        header, row = csv.reader(file)
                    self.assertEqual(header, COLUMNS)
                    self.assertEqual(row[1], workload.upper())
                    kinds = [line["type"] for line in read_lines(folder / "records.jsonl")]
                    self.assertEqual((kinds[0], kinds[-1]), ("run", "summary"))
                    self.assertIn("interval", kinds)
                    json.loads((folder / "repro_manifest.json").read_text())
        self.assertTrue(all(len(each) == 1 for each in hashes.values()), hashes)

    def test_each_variant_of_q1_gives_the_same_digest_on_both_backends(self) -> None:
        digests: dict[str, set[str]] = {}
        for variant in ("basic", "multi", "join", "extreme"):
            for backend in (("threads", "--parallelism", "3"), ("mock", "--operators")):
                with self.subTest(variant=variant, backend=backend[0]):
                    before = set(self.folders())
                    self.run_quick("q1", *backend, "--variant", variant)
                    (folder,) = set(self.folders()) - before
                    (record,) = read_lines(folder / "unified_results.jsonl")
                    self.assertEqual(record["metadata"]["verdict"], "pass")
                    self.assertEqual(record["metadata"]["digested"], 160)
                    self.assertGreater(record["metadata"]["report"]["recomputed"], 5)
                    digests.setdefault(variant, set()).add(record["metadata"]["digest"])
        self.assertEqual([len(each) for each in digests.values()], [1, 1, 1, 1])
        self.assertEqual(len(set.union(*digests.values())), 4)

    def test_repetitions_share_seed_and_configuration(self) -> None:
        self.run_quick("q6", "mock", "--repeat", "3", "--seed", "5")
        records = self.records()
        self.assertEqual(len(records), 3)
        self.assertEqual({r["seed"] for r in records}, {5})
        self.assertEqual(len({r["config_hash"] for r in records}), 1)
        self.assertEqual([f.name[-3:] for f in self.folders()], ["-r1", "-r2", "-r3"])

    def test_virtual_time_gives_the_same_figures_twice(self) -> None:
        self.run_quick("q6", "mock", "--repeat", "2")
        first, second = self.records()
        for column in ("throughput", "latency_p50", "latency_p95", "success_rate"):
            self.assertEqual(first[column], second[column], column)

    def test_all_workloads(self) -> None:
        for backend in ("mock", "threads"):
            self.host("run", "--all", "-b", backend, "--quick", "--output-dir", self.out)
            records = [record for record in self.records() if record["backend"] == backend]
            self.assertEqual({record["workload"] for record in records}, {f"Q{n}" for n in range(1, 9)})
            self.assertNotIn("wrong", [record["metadata"].get("verdict") for record in records])

    def test_request_logs_hold_every_request_warm_up_included(self) -> None:
        self.run_quick("q6", "mock", "--request-log", "jsonl", "--total-requests", "200", "--warmup-items", "20")
        (folder,) = self.folders()
        requests = [line for line in read_lines(folder / "records.jsonl") if line["type"] == "request"]
        self.assertEqual(sorted(r["seq"] for r in requests), list(range(220)))

    def test_binary_request_log(self) -> None:
        self.run_quick("q6", "mock", "--request-log", "binary", "--total-requests", "200", "--warmup-items", "20")
        (folder,) = self.folders()
        data = (folder / "requests.bin").read_bytes()
        self.assertEqual(len(data), 64 + 220 * 64)
        rows = [struct.unpack_from("<Q", data, 64 + 64 * i)[0] for i in range(220)]
        self.assertEqual(sorted(rows), list(range(220)))

    def test_a_run_that_is_bounded_by_time(self) -> None:
        self.run_quick("q6", "mock", "--duration", "20", "--rate", "10")
        (record,) = self.records()
        self.assertAlmostEqual(record["duration_seconds"], 20, delta=2)

    def test_a_closed_loop_does_not_wait_for_what_is_to_come(self) -> None:
        events = json.dumps([{"kind": "mark", "at_s": 0.9, "target": "late"}])
        self.host("run", "--workload", "timeline", "-b", "threads", "--plugin-path", PLUGINS / "kit", "--concurrency", "1",
                  "--duration", "1", "--warmup-items", "0", "--set", "timeline.chain=1", "--set", f"timeline.events={events}",
                  "--output-dir", self.out)
        (record,) = self.records()
        self.assertGreater(record["metadata"]["ledger"]["outcomes"]["ok"], 400)  # of 1 ms each; as many as before a sleep of 50 ms are 160

    def test_results_do_not_depend_on_where_it_is_called_from(self) -> None:
        self.host("run", "--workload", "q6", "-b", "mock", "--quick")
        self.assertTrue(list((self.dir / "results").glob("q6-mock-*/unified_results.jsonl")))


if __name__ == "__main__":
    unittest.main()

"""The search for capacity, and what schedulers and node classes do, as a user sees them. In virtual time."""
from __future__ import annotations

import csv
import json
import os
import pathlib
import resource
import unittest
from typing import Any

from harness import FAILED, USAGE, Case, Done, Json

SEARCH = ["run", "--workload", "q4", "--backend", "mock", "--quick", "--node-list", "1,2"]


class Search(Case):
    def folder(self) -> pathlib.Path:
        (folder,) = self.out.iterdir()
        return folder

    def search(self, *args: object, **kwargs: Any) -> Done:
        return self.host(*SEARCH, "--output-dir", self.out, *args, **kwargs)

    def test_finds_the_capacity_of_each_number_of_nodes(self) -> None:
        # Every request takes 10 ms and the unified pool has 4 replicas a node: 400/s.
        self.search("--set", "mock.service=constant", "--set", "mock.service_ms=10", "--duration", "20",
                    "--arrival", "constant", "--tolerance", "0.02")
        frontier = json.loads((self.folder() / "frontier.json").read_text())
        one, two = frontier["points"]
        for point, capacity in ((one, 400), (two, 800)):
            self.assertLessEqual(point["capacity"], capacity * 1.01)
            self.assertGreater(point["capacity"], capacity * 0.95)
            self.assertLessEqual(point["missed_at"], point["capacity"] * 1.021)
        self.assertAlmostEqual(two["scaling_efficiency"], two["capacity"] / one["capacity"] / 2)
        self.assertIsNone(one["karp_flatt"])
        records = [json.loads(line) for line in (self.folder() / "unified_results.jsonl").read_text().splitlines()]
        self.assertEqual([record["nodes"] for record in records], [1, 2])
        self.assertEqual({record["run_id"] for record in records}, {self.folder().name})
        with open(self.folder() / "frontier.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), len(frontier["probes"]))
        for row in rows:
            self.assertTrue((self.folder() / "probes" / f"n{row['nodes']}-r{row['rate']}-1").is_dir())

    def test_resumes_without_running_again_what_is_known(self) -> None:
        whole = self.search()
        folder = self.folder()
        before = json.loads((folder / "frontier.json").read_text())
        for args in ((*SEARCH, "--output-dir", self.out), ("run", "--output-dir", self.out)):  # checked, or as it began
            state = json.loads((folder / "state.json").read_text())
            state["cells"] = state["cells"][:2]
            (folder / "state.json").write_text(json.dumps(state))
            again = self.host(*args, "--resume", folder.name)
            self.assertEqual(again.stderr.count("as known before"), 2)
            self.assertEqual(whole.stderr.count("\n"), again.stderr.count("\n"))
            self.assertEqual(json.loads((folder / "frontier.json").read_text())["points"], before["points"])

    def test_its_files_are_vouched_for(self) -> None:
        self.search()
        self.assertIn(", 0 failed", self.host("verify", self.out).stdout)

    @unittest.skipIf(os.environ.get("SAGE_SANITIZE"), "sanitizers need larger files")
    def test_a_run_for_which_there_was_no_room_is_tried_again(self) -> None:
        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

        done = self.search(code=FAILED, preexec_fn=limit)
        self.assertIn("File too large", done.stderr)
        self.assertNotIn("as known before", self.host("run", "--resume", self.folder().name, "--output-dir", self.out).stderr)
        self.assertIn(", 0 failed", self.host("verify", self.out).stdout)

    def test_refuses_to_resume_another_search(self) -> None:
        self.search()
        self.error(*SEARCH, "--output-dir", self.out, "--resume", self.folder().name, "--attainment", "0.5",
                   says="search with other options")
        self.error(*SEARCH, "--output-dir", self.out, "--resume", "nothing", says="nor a search of that id in")

    def test_says_what_cannot_be_searched(self) -> None:
        self.error("run", "--workload", "q4", "-b", "threads", "--node-list", "1,2", says="runs on one node")
        self.error(*SEARCH, "--concurrency", "3", says="searches for a rate")
        self.error("run", "--workload", "q4", "-b", "mock", "--node-list", "1,,2", says="separated by commas")

    def test_more_load_than_can_be_in_flight_comes_to_an_end(self) -> None:
        self.host("run", "--workload", "q2", "-b", "mock", "--rate", "1000", "--duration", "5", "--max-in-flight", "64",
                  "--output-dir", self.out)


class Scheduling(Case):
    def record(self, *args: str) -> Json:
        self.host("run", "-b", "mock", "--output-dir", self.out, *args)
        (folder,) = self.out.iterdir()
        record: Json = json.loads((folder / "unified_results.jsonl").read_text())
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        return record

    def test_deadlines_save_the_short_objective(self) -> None:
        attained = {}
        for scheduler in ("fifo", "slo_aware"):
            record = self.record("--workload", "q2", "--rate", "125", "--total-requests", "3000", "--scheduler", scheduler)
            (embedding,) = [c for c in record["metadata"]["metrics"]["classes"] if c["class"] == "embedding"]
            attained[scheduler] = embedding["slo_attainment"]
        self.assertLess(attained["fifo"], 0.9)
        self.assertGreater(attained["slo_aware"], 0.99)

    def test_a_scheduler_that_the_backend_lacks_is_refused(self) -> None:
        self.error("run", "--workload", "q2", "-b", "threads", "--scheduler", "lottery", code=USAGE,
                   says=["has no scheduler 'lottery'", "slo_aware"])

    def test_nodes_of_different_kinds_are_used_and_the_fastest_fails(self) -> None:
        record = self.record("--workload", "q5", "--rate", "90")
        self.assertEqual(record["nodes"], 5)
        metadata = record["metadata"]
        self.assertEqual(metadata["report"]["not_exercised"], "nothing")
        kinds = [(e["kind"], e["target"], e["status"]) for e in metadata["events"] if e["kind"] != "mark"]
        self.assertEqual(kinds, [("fault", "kill-node", "done"), ("heal", "kill-node", "done")])
        self.assertEqual(metadata["nodes"][0]["capacity"], 4)
        self.assertEqual(metadata["nodes"][4]["capacity"], 2)  # no-llm runs the embeddings alone
        self.assertGreater(metadata["metrics"]["run"]["heterogeneous_efficiency"], 0.5)


if __name__ == "__main__":
    unittest.main()

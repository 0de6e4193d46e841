"""Which nodes of a run took part in it: what record, page and terminal say, and what it is worth if one did not."""
from __future__ import annotations

import json
import sqlite3
import unittest

from harness import BROKEN, INVALID, OK, PLUGINS, Case, Done, Json


class Participation(Case):
    def idle(self, nodes: int, *more: object, requests: int = 200, code: int | None = OK) -> Done:
        """On the backend that uses the first of its nodes."""
        return self.host("run", "--workload", "q1", "--documents", "200", "-b", "idles_on_nodes", "--plugin-path",
                         BROKEN / "idles_on_nodes", "--total-requests", requests, "--warmup-items", "10", "--rate", "400",
                         "--output-dir", self.out, "--nodes", nodes, *more, code=code)

    def mock(self, *events: Json, chain: int = 1) -> Done:
        return self.host("run", "--workload", "timeline", "-b", "mock", "--plugin-path", PLUGINS / "kit", "--output-dir",
                         self.out, "--operators", "--set", "mock.service=exponential", "--set", "mock.service_ms=5",
                         "--nodes", 2, "--chain", chain, "--events", json.dumps(events))

    def newest(self) -> Json:
        metadata: Json = max(self.records(), key=lambda r: str(r["run_id"]))["metadata"]
        return metadata

    def test_a_node_that_served_nothing_makes_the_run_invalid(self) -> None:
        for spans in ("spans=true", "spans=false"):
            with self.subTest(spans=spans):
                done = self.idle(3, "--used", "2", "--set", f"idles_on_nodes.{spans}", code=INVALID)
                self.assertIn("node 2 served none of 200 requests, and no fault or change explains it", done.stderr)
                self.assertIn("2 served nothing", done.stdout)
                metadata = self.newest()
                self.assertEqual((metadata["status"], metadata["exit_code"]), ("invalid", INVALID))
                self.assertEqual([(n["node"], n["requests"], n["share"]) for n in metadata["nodes"]],
                                 [(0, 100, 0.5), (1, 100, 0.5), (2, 0, 0.0)])
                self.assertEqual({n["busy_s"] for n in metadata["nodes"]}, {None})  # it does not say
        self.host("report", self.out, "--html", self.dir / "page.html", "--sqlite", self.dir / "results.db", "--markdown",
                  self.dir / "comment.md")
        self.assertTrue("2 of 2 runs</td>" in (self.dir / "page.html").read_text())
        self.assertIn("2 **served nothing**", (self.dir / "comment.md").read_text())
        with sqlite3.connect(self.dir / "results.db") as database:
            self.assertEqual(database.execute("SELECT DISTINCT requests FROM nodes WHERE node = 2").fetchall(), [(0,)])

    def test_it_takes_several_nodes_and_requests_enough_to_reach_them(self) -> None:
        self.idle(1)
        self.idle(2, "--used", "2")
        self.idle(2, requests=39)  # ten for each of the two workers of two nodes
        self.assertNotIn("served none", str([record["metadata"]["reasons"] for record in self.records()]))

    def test_nodes_of_mock_share_the_work(self) -> None:
        done = self.mock()
        metadata = self.newest()
        self.assertEqual((metadata["status"], sum(n["requests"] for n in metadata["nodes"])), ("ok", 400))
        for node in metadata["nodes"]:
            self.assertGreater(node["share"], 0.3)
            self.assertGreater(node["busy_s"], 0)
        self.assertRegex(done.stdout, r"node +requests +share +busy s +capacity\n0 +\d+ ")

    def test_a_chain_across_nodes_counts_on_each_of_them_once(self) -> None:
        self.mock(chain=4)
        nodes = self.newest()["nodes"]
        for node in nodes:
            self.assertLessEqual(node["requests"], 400)
        self.assertGreater(sum(node["requests"] for node in nodes), 400)
        self.assertAlmostEqual(sum(node["share"] for node in nodes), 1)

    def test_a_node_that_died_before_the_first_request_is_explained(self) -> None:
        kill = {"at_s": 0, "kind": "fault", "target": "kill-node", "args": {"node": 1}}
        self.mock(kill)
        metadata = self.newest()
        self.assertEqual((metadata["status"], [n["requests"] for n in metadata["nodes"]]), ("ok", [400, 0]))

    def test_a_node_that_is_added_or_removed_is_explained(self) -> None:
        self.mock({"at_s": 0, "kind": "reconfigure", "target": "remove-node", "args": {"node": 0}},
                  {"at_s": 2.09, "kind": "reconfigure", "target": "add-node"})
        metadata = self.newest()
        self.assertEqual(metadata["status"], "ok")
        self.assertEqual([n["node"] for n in metadata["nodes"]], [0, 1, 2])
        self.assertEqual(metadata["nodes"][0]["requests"], 0)


if __name__ == "__main__":
    unittest.main()

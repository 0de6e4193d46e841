"""The backend `sage` with the real SAGE: results as on threads, faults and reconfiguration, and nothing left behind."""
from __future__ import annotations

import pathlib
import socket
import subprocess
import unittest

import runtimes
from harness import PLUGINS, UNAVAILABLE, alive
from runtimes import read_proc

PYTHON = runtimes.interpreter("sage")
# 12 ms a stage at 200/s are more than two workers can do: there is always something in them.
BUSY = ("--set", "timeline.hold_us=12000")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@unittest.skipUnless(PYTHON.exists(), f"SAGE is not installed: no {PYTHON}; install it with: sage-host setup sage")
class SageCase(runtimes.RuntimeCase):
    backend = "sage"

    def processes_of(self, scratch: pathlib.Path) -> list[int]:
        return [int(p.name) for p in pathlib.Path("/proc").glob("[0-9]*")
                if alive(int(p.name)) and any("/bridge/sage_node.py" in word or "/bridge/bridge_main.py" in word
                                              for word in read_proc(int(p.name), "cmdline"))]


class Results(SageCase):
    def test_every_family_runs(self) -> None:
        self.assert_every_family_runs()

    def test_variants_of_q1_agree_with_threads(self) -> None:
        self.assert_variants_agree_with_threads()

    def test_lanes_agree_with_threads(self) -> None:
        self.assert_agree_with_threads("--set", "sage.mode=lanes")

    def test_two_nodes_agree_with_threads(self) -> None:
        self.assert_agree_with_threads("--nodes", "2")

    def test_says_what_is_missing_and_how_to_get_it(self) -> None:
        self.error("run", "--workload", "q1", "-b", "sage", "--quick", "--output-dir", self.out, code=UNAVAILABLE,
                   says="sage-host setup sage", env={"XDG_DATA_HOME": str(self.dir)})
        self.assertEqual(self.folders(), [])


class Lanes(SageCase):
    options = ("--set", "sage.mode=lanes")

    def test_requests_of_a_killed_lane_are_sent_again(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 0.5, "kind": "fault", "target": "kill-worker", "args": {"stage": "s0", "worker": 1}},
            {"at_s": 1, "kind": "heal", "target": "kill-worker", "args": {"stage": "s0", "worker": 1}}], *BUSY)
        self.assert_balanced(metadata)
        self.assertEqual({row["status"] for row in events.values()}, {"done"})
        self.assertRegex(events["fault", "kill-worker"]["text"], r"[1-9]\d* sent again, 0 lost")

    def test_what_may_not_run_again_fails_and_is_counted(self) -> None:
        metadata, _ = self.run_timeline(
            [{"at_s": 0.5, "kind": "fault", "target": "kill-worker", "args": {"stage": "s0", "worker": 1}}],
            *BUSY, "--set", "timeline.idempotent=false")
        self.assert_balanced(metadata, ("ok", "error"))
        self.assertGreater(metadata["ledger"]["outcomes"]["error"], 0)

    def test_parallelism_changes_while_requests_flow(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 0.5, "kind": "reconfigure", "target": "parallelism", "args": {"value": 4}},
            {"at_s": 1.2, "kind": "reconfigure", "target": "parallelism", "args": {"value": 2}}], "--parallelism", "1")
        self.assert_balanced(metadata)
        self.assertEqual(events["reconfigure", "parallelism"]["status"], "done")
        self.assertIn("2 lanes", events["reconfigure", "parallelism"]["text"])


class Flows(SageCase):
    def test_a_killed_replica_fails_nothing_that_may_run_again(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 0.5, "kind": "fault", "target": "kill-worker", "args": {"stage": "s0", "worker": 1}},
            {"at_s": 1, "kind": "heal", "target": "kill-worker", "args": {"stage": "s0", "worker": 1}}], *BUSY)
        self.assert_balanced(metadata)
        self.assertEqual({row["status"] for row in events.values()}, {"done"})

    def test_parallelism_changes_while_requests_flow(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 0.5, "kind": "reconfigure", "target": "parallelism", "args": {"value": 4}},
            {"at_s": 1.2, "kind": "reconfigure", "target": "parallelism", "args": {"value": 2}}], "--parallelism", "1")
        self.assert_balanced(metadata)
        self.assertEqual(events["reconfigure", "parallelism"]["status"], "done")
        self.assertIn("with 2 replicas", events["reconfigure", "parallelism"]["text"])


class Nodes(SageCase):
    options = ("--nodes", "2")

    def test_a_node_dies_and_comes_back(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 0.5, "kind": "fault", "target": "kill-node", "args": {"node": 1}},
            {"at_s": 1.2, "kind": "heal", "target": "kill-node", "args": {"node": 1}}], *BUSY, "--total-requests", "600")
        self.assert_balanced(metadata)
        self.assertEqual({row["status"] for row in events.values()}, {"done"})
        self.assertRegex(events["fault", "kill-node"]["text"], "sent again so far")

    def test_a_frozen_node_is_given_up_after_the_timeout(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 0.5, "kind": "fault", "target": "freeze-node", "args": {"node": 1}},
            {"at_s": 1.8, "kind": "heal", "target": "freeze-node", "args": {"node": 1}}],
            "--set", "sage.call_timeout_s=0.5")
        self.assert_balanced(metadata)
        self.assertEqual({row["status"] for row in events.values()}, {"done"})

    def test_nodes_come_and_go_while_requests_flow(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 0.5, "kind": "reconfigure", "target": "add-node", "args": {}},
            {"at_s": 1.5, "kind": "reconfigure", "target": "remove-node", "args": {"node": 2}}], "--total-requests", "600")
        self.assert_balanced(metadata)
        self.assertEqual({row["status"] for row in events.values()}, {"done"}, events)


class Joined(SageCase):
    def test_nodes_that_are_there_are_used_and_left_alone(self) -> None:
        control, data = [[f"127.0.0.1:{free_port()}" for _ in range(2)] for _ in range(2)]
        script = PLUGINS / "bridge" / "sage_node.py"
        nodes = [subprocess.Popen([PYTHON, "-s", "-B", script, "--bind", control[i], "--data", data[i],
                                   *(("--seeds", control[0]) if i else ())], text=True, stdout=subprocess.PIPE)
                 for i in range(2)]
        for node in nodes:
            self.addCleanup(node.communicate, timeout=60)
            self.addCleanup(node.kill)
            assert node.stdout
            self.assertEqual(node.stdout.readline(), "ready\n")
        metadata, events = self.run_timeline(
            [{"at_s": 0.5, "kind": "fault", "target": "kill-node", "args": {"node": 1}}],
            "--nodes", "2", "--sage-seeds", control[0])
        self.assert_balanced(metadata)
        self.assertIn("not its to harm", events["fault", "kill-node"]["text"])
        self.assertEqual([node.poll() for node in nodes], [None, None])


class Endings(runtimes.Endings, SageCase):
    options = ("--nodes", "2")


if __name__ == "__main__":
    unittest.main()

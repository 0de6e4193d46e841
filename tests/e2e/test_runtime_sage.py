"""The backend `sage` with the real SAGE: results as on threads, faults and reconfiguration, and nothing left behind."""
from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import unittest

import runtimes
from harness import FAILED, HOST, PLUGINS, UNAVAILABLE, USAGE, alive, environment
from runtimes import words_of

PYTHON = runtimes.interpreter("sage")
# 12 ms a stage at 200/s are more than two workers can do: there is always something in them.
BUSY = ("--set", "timeline.hold_us=12000")


# Not those of another checkout, whose tests may run beside.
OURS = {str((PLUGINS / "bridge" / name).resolve()) for name in ("sage_node.py", "bridge_main.py")}
# Where the kernel gives no network of its own, the rest is tested without.
NODES = ("--nodes", "2", *(() if runtimes.own_network() else ("--set", "sage.insecure_nodes=true")))


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
                if alive(int(p.name)) and not OURS.isdisjoint(words_of(int(p.name), "cmdline"))]


class Results(SageCase):
    def test_every_family_runs(self) -> None:
        self.assert_every_family_runs()

    def test_keys_stay_in_order(self) -> None:
        for way in ((), ("--set", "sage.mode=lanes"), ("--set", "sage.clients=2"), ("--nodes", "2"), ("--nodes", "2", "--set", "sage.clients=2")):
            with self.subTest(way):
                self.assert_keys_in_order(*way)

    def test_plugin_check(self) -> None:
        self.assert_keeps_every_rule()

    def test_variants_of_q1_agree_with_threads(self) -> None:
        self.assert_variants_agree_with_threads()

    def test_lanes_agree_with_threads(self) -> None:
        self.assert_agree_with_threads("--set", "sage.mode=lanes")

    def test_two_nodes_agree_with_threads(self) -> None:
        self.assert_agree_with_threads(*NODES)

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
    options = NODES

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


class Clients(SageCase):
    options = ("--set", "sage.clients=2", *NODES[2:])

    def test_two_agree_with_threads(self) -> None:
        self.assert_agree_with_threads(*self.options, *NODES[:2], notes={"drivers": 2, "nodes": 2})

    def test_the_only_node_is_then_a_process_of_its_own(self) -> None:
        metadata, _ = self.run_timeline([], "--nodes", "1")
        self.assert_driven_by(metadata, 2)
        self.assertEqual(metadata["notes"]["nodes"], 1)

    def test_both_see_a_node_die_and_come_back(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 0.5, "kind": "fault", "target": "kill-node", "args": {"node": 1}},
            {"at_s": 1.2, "kind": "heal", "target": "kill-node", "args": {"node": 1}}], *BUSY, *NODES[:2], "--total-requests", "600")
        self.assert_driven_by(metadata, 2)
        self.assertEqual({row["status"] for row in events.values()}, {"done"}, events)

    def test_both_follow_a_reconfiguration(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 0.5, "kind": "reconfigure", "target": "add-node", "args": {}},
            {"at_s": 1.5, "kind": "reconfigure", "target": "parallelism", "args": {"value": 3}},
            {"at_s": 2.2, "kind": "reconfigure", "target": "remove-node", "args": {"node": 2}}], *NODES[:2],
            "--total-requests", "800")
        self.assert_driven_by(metadata, 2)
        self.assertEqual({row["status"] for row in events.values()}, {"done"}, events)

    def test_one_that_dies_fails_what_it_had_and_the_run(self) -> None:
        host, _, _, scratch = self.begin(*NODES[:2], requests=800)
        _, last = runtimes.drivers_below(host.pid)
        os.kill(last, signal.SIGKILL)
        record = self.assert_complete_record(host, 60)
        self.assertEqual(host.returncode, FAILED)
        self.assertGreater(record["metadata"]["ledger"]["outcomes"]["error"], 0)
        self.assertGreater(record["metadata"]["ledger"]["outcomes"]["ok"], 0)
        self.assert_nothing_left(scratch)

    def test_lanes_have_one(self) -> None:
        self.error("run", "--workload", "q1", "-b", "sage", "--quick", "--set", "sage.mode=lanes", "--set", "sage.clients=2",
                   "--output-dir", self.out, says=("sage.clients=1",))


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
            "--nodes", "2", "--sage-seeds", control[0], "--set", "sage.insecure_nodes=true")
        self.assert_balanced(metadata)
        self.assertIn("not its to harm", events["fault", "kill-node"]["text"])
        self.assertEqual([node.poll() for node in nodes], [None, None])


class Strangers(SageCase):
    """SAGE unpickles, and so executes, whatever reaches a node's port."""

    def reached(self, *more: str) -> dict[str, bool]:
        """By another user, where there is one to be: each port that the nodes of a run listen on."""
        host, _, _, scratch = self.begin("--nodes", "2", *more)
        lines = [" ".join(words_of(p, "cmdline")) for p in self.processes_of(scratch)]
        addresses = {address for line in lines for address in re.findall(r"127\.0\.0\.1:\d+", line)}
        self.assertEqual(len(addresses), 5, lines)  # two a node, and the head's
        out = {address: runtimes.reaches(address) for address in addresses}
        host.terminate()
        self.assert_complete_record(host, 60)
        return out

    def test_reach_no_node(self) -> None:
        if not runtimes.own_network():
            if os.geteuid() == 0:
                self.assertNotEqual(subprocess.run(["unshare", "--net", "true"], check=False).returncode, 0)
            self.skipTest("the kernel gives no network of its own here")
        reached = self.reached()
        self.assertEqual(set(reached.values()), {False}, reached)
        (record,) = self.records()
        self.assertIn("of the run's own", record["metadata"]["notes"]["network"])

    def test_reach_nodes_that_may_be_reached(self) -> None:
        reached = self.reached("--set", "sage.insecure_nodes=true")
        self.assertEqual(set(reached.values()), {True}, reached)
        (record,) = self.records()
        self.assertIn("any user of it can reach", record["metadata"]["notes"]["network"])
        (folder,) = self.folders()
        options = json.loads((folder / "repro_manifest.json").read_text())["options"]["backend"]
        self.assertIs(options["insecure_nodes"], True)

    def test_several_nodes_are_refused_where_they_cannot_be_kept_apart(self) -> None:
        self.error("run", "--workload", "q1", "-b", "sage", "--quick", "--nodes", "2", "--sage-seeds", "127.0.0.1:1",
                   "--output-dir", self.out, says=("others may be on", "--set sage.insecure_nodes=true"))
        if os.geteuid() != 0 or shutil.which("unshare") is None:
            self.skipTest("only root can take away what is needed")
        command: list[str | pathlib.Path] = ["unshare", "--user", "--map-root-user", "sh", "-c", 'echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"', "-",
                   HOST, "run", "--workload", "q1", "-b", "sage", "--quick", "--nodes", "2", "--output-dir", self.out]
        done = subprocess.run(command, env=environment(), text=True, capture_output=True, timeout=60, check=False)
        if "max_net_namespaces" in done.stderr:
            self.skipTest(done.stderr)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertIn("cannot be kept from others", done.stderr)


class Endings(runtimes.Endings, SageCase):
    options = NODES


if __name__ == "__main__":
    unittest.main()

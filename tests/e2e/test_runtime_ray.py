"""The backend `ray` with the real Ray: results as on threads, faults and reconfiguration, and nothing left behind."""
from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import runtimes
from harness import alive, cells_of, open_files, wait_for
from runtimes import words_of

PYTHON = runtimes.interpreter("ray")


@unittest.skipUnless(PYTHON.exists(), f"Ray is not installed: no {PYTHON}; install it with: sage-host setup ray")
class RayCase(runtimes.RuntimeCase):
    backend = "ray"

    def processes_of(self, scratch: pathlib.Path) -> list[int]:
        mark = f"RAY_TMPDIR={scratch}"  # the folder is in their environment
        return [int(p.name) for p in pathlib.Path("/proc").glob("[0-9]*")
                if alive(int(p.name)) and mark in words_of(int(p.name), "environ")]


class Results(RayCase):
    def test_every_family_runs(self) -> None:
        self.assert_every_family_runs()

    def test_variants_of_q1_agree_with_threads(self) -> None:
        self.assert_variants_agree_with_threads()

    def test_a_command_line_of_the_python_package(self) -> None:
        self.host("run", "--experiment", "Q3", "--quick", "--backend", "ray", "--repeat", "3", "--output-dir", "D")
        self.out = self.dir / "D"
        records = self.records()
        self.assertEqual([(record["workload"], record["backend"]) for record in records], [("Q3", "ray")] * 3)
        self.assertEqual({record["success_rate"] for record in records}, {1})

    def test_keys_stay_in_order(self) -> None:
        for way in ((), ("--set", "ray.mode=micro_batch"), ("--set", "ray.drivers=2"), ("--nodes", "2")):
            with self.subTest(way):
                self.assert_keys_in_order(*way)

    def test_plugin_check(self) -> None:
        self.assert_keeps_every_rule()

    def test_micro_batches_agree_with_threads(self) -> None:
        self.assert_agree_with_threads("--set", "ray.mode=micro_batch", notes={"mode": "micro_batch"})

    def test_a_small_load_reaches_every_node(self) -> None:
        metadata, _ = self.run_timeline([], "--nodes", "2", "--concurrency", "1", "--total-requests", "200")
        self.assertEqual((metadata["status"], metadata["reasons"]), ("ok", []))
        for node in metadata["nodes"]:
            self.assertGreater(node["share"], 0.4, metadata["nodes"])

    def test_a_cluster_that_does_not_answer_is_told_at_once(self) -> None:
        began = time.monotonic()
        done = self.run_quick("q1", "ray", "--ray-address", "127.0.0.1:1", code=None)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no Ray cluster answers at 127.0.0.1:1", done.stderr)
        self.assertLess(time.monotonic() - began, 20)


# Two nodes on this machine, until it is told to end.
CLUSTER = """
import signal, sys, time
from ray.cluster_utils import Cluster
cluster = Cluster()
for _ in range(2):
    cluster.add_node(num_cpus=1, object_store_memory=100 << 20, include_dashboard=False, node_ip_address="127.0.0.1")
print(cluster.address, flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
time.sleep(120)
"""


class Joined(RayCase):
    def test_a_cluster_of_somebody_else_is_used_and_left_alone(self) -> None:
        token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 4}
        scratch = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # socket paths must be short
        self.addCleanup(shutil.rmtree, scratch, ignore_errors=True)
        cluster = subprocess.Popen([PYTHON, "-B", "-c", CLUSTER], text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL,
                                   env={**os.environ, **token, "RAY_TMPDIR": scratch, "RAY_USAGE_STATS_ENABLED": "0",
                                        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"})
        self.addCleanup(cluster.communicate, timeout=60)
        self.addCleanup(cluster.terminate)
        assert cluster.stdout
        address = next(line.strip() for line in cluster.stdout if line.startswith("127.0.0.1:"))
        metadata, events = self.run_timeline(
            [{"at_s": 0.5, "kind": "fault", "target": "kill-node", "args": {"node": 1}}],
            "--nodes", "2", "--ray-address", address, env=token)
        self.assert_balanced(metadata)
        self.assertEqual(metadata["notes"]["replicas"], {"s0": 4, "s1": 4})
        self.assertIn("not its to end", events["fault", "kill-node"]["text"])
        self.assertIsNone(cluster.poll())


class Faults(RayCase):
    # 12 ms a stage at 200/s are more than its two workers can do: there is always something in them.
    def test_requests_of_a_killed_worker_are_sent_again(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 0.5, "kind": "fault", "target": "kill-worker", "args": {"stage": "s0", "worker": 1}},
            {"at_s": 1, "kind": "heal", "target": "kill-worker", "args": {"stage": "s0", "worker": 1}}],
            "--set", "timeline.hold_us=12000")
        self.assert_balanced(metadata)
        self.assertEqual({row["status"] for row in events.values()}, {"done"})
        self.assertGreater(metadata["notes"]["resent"], 0)

    def test_what_may_not_run_again_fails_and_is_counted(self) -> None:
        metadata, _ = self.run_timeline(
            [{"at_s": 0.5, "kind": "fault", "target": "kill-worker", "args": {"stage": "s0", "worker": 1}}],
            "--set", "timeline.hold_us=12000", "--set", "timeline.idempotent=false")
        self.assert_balanced(metadata, ("ok", "error"))
        self.assertGreater(metadata["ledger"]["outcomes"]["error"], 0)
        self.assertLess(metadata["ledger"]["outcomes"]["error"], metadata["notes"]["window"] * 5 // 8)
        self.assertEqual(metadata["notes"]["resent"], 0)

    def test_a_node_dies_abruptly_and_comes_back(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 1, "kind": "fault", "target": "kill-node", "args": {"node": 1, "graceful": False}},
            {"at_s": 3, "kind": "heal", "target": "kill-node", "args": {"node": 1}}],
            "--nodes", "2", "--total-requests", "4000")
        self.assert_balanced(metadata)
        self.assertIn("Ray noticed after", events["fault", "kill-node"]["text"])
        self.assertEqual(events["heal", "kill-node"]["status"], "done", events)
        self.assertEqual(metadata["notes"]["replicas"], {"s0": 4, "s1": 4})

    def test_parallelism_changes_while_requests_flow(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 0.5, "kind": "reconfigure", "target": "parallelism", "args": {"value": 4}},
            {"at_s": 3, "kind": "reconfigure", "target": "parallelism", "args": {"value": 2}}],
            "--parallelism", "1", "--total-requests", "2400")
        self.assert_balanced(metadata)
        self.assertEqual(events["reconfigure", "parallelism"]["status"], "done")
        self.assertEqual(metadata["notes"]["replicas"], {"s0": 2, "s1": 2})

    def test_a_change_does_not_wait_for_the_next_request(self) -> None:
        metadata, events = self.run_timeline([{"at_s": 4.5, "kind": "reconfigure", "target": "parallelism", "args": {"value": 1}}],
                                             "--parallelism", "2", "--arrival", "constant", "--rate", "0.25", "--duration", "9",
                                             "--warmup-items", "0", "--set", "timeline.hold_us=1000000")
        # One at 0 s; one at 4 s, on the actors that leave, which takes until 6 s; one at 8 s.
        self.assertEqual(metadata["ledger"]["outcomes"]["ok"], 3)
        self.assertLess(events["reconfigure", "parallelism"]["confirmed_s"], 7)

    def test_a_worker_is_replaced_and_nodes_come_and_go(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 0.5, "kind": "reconfigure", "target": "replace-worker", "args": {"stage": "s0", "worker": 0}},
            {"at_s": 4, "kind": "reconfigure", "target": "add-node", "args": {}},
            {"at_s": 12, "kind": "reconfigure", "target": "remove-node", "args": {}}],
            "--nodes", "2", "--total-requests", "6000")
        self.assert_balanced(metadata)
        self.assertEqual({row["target"]: row["status"] for row in events.values()},
                         {"replace-worker": "done", "add-node": "done", "remove-node": "done"}, events)

    def test_a_keyed_stage_keeps_its_parallelism(self) -> None:
        metadata, events = self.run_timeline(
            [{"at_s": 0.5, "kind": "reconfigure", "target": "parallelism", "args": {"stage": "s1", "value": 3}}],
            "--set", "timeline.keyed=true", "--total-requests", "200")
        self.assert_balanced(metadata)
        self.assertEqual(events["reconfigure", "parallelism"]["status"], "failed")
        self.assertIn("cannot move", events["reconfigure", "parallelism"]["text"])


class Drivers(RayCase):
    options = ("--set", "ray.drivers=2")

    def test_two_agree_with_threads(self) -> None:
        self.assert_agree_with_threads(*self.options, notes={"drivers": 2})

    def test_both_see_faults_of_workers_and_nodes(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 0.5, "kind": "fault", "target": "kill-worker", "args": {"stage": "s0", "worker": 1}},
            {"at_s": 1.5, "kind": "heal", "target": "kill-worker", "args": {"stage": "s0", "worker": 1}},
            {"at_s": 6, "kind": "fault", "target": "kill-node", "args": {"node": 1, "graceful": False}},
            {"at_s": 8, "kind": "heal", "target": "kill-node", "args": {"node": 1}}],
            "--nodes", "2", "--set", "timeline.hold_us=6000", "--total-requests", "4000")
        self.assert_driven_by(metadata, 2)
        self.assertEqual({row["status"] for row in events.values()}, {"done"}, events)
        self.assertGreater(metadata["notes"]["resent"], 0)
        for node in metadata["nodes"]:
            self.assertGreater(node["share"], 0.2, metadata["nodes"])

    def test_both_follow_a_reconfiguration(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 0.5, "kind": "reconfigure", "target": "parallelism", "args": {"value": 3}},
            {"at_s": 5, "kind": "reconfigure", "target": "replace-worker", "args": {"stage": "s0", "worker": 0}},
            {"at_s": 9, "kind": "reconfigure", "target": "remove-node", "args": {}}],
            "--nodes", "2", "--parallelism", "1", "--total-requests", "3000")
        self.assert_driven_by(metadata, 2)
        self.assertEqual({row["status"] for row in events.values()}, {"done"}, events)
        self.assertEqual(metadata["notes"]["replicas"], {"s0": 3, "s1": 3})
        self.assertEqual(metadata["notes"]["resent"], 0)  # what leaves has finished what both had sent it

    def test_nothing_of_them_outlives_the_host(self) -> None:
        host, _, _, scratch = self.begin()
        drivers = runtimes.drivers_below(host.pid)
        self.assertEqual(len(drivers), 2)
        for process in [host.pid, *cells_of(host.pid)]:
            os.kill(process, signal.SIGKILL)
        self.assert_nothing_left(scratch)
        self.assertTrue(wait_for(lambda: not any(map(alive, drivers)), 5))


class DriversOnNodes(RayCase):
    options = ("--set", "ray.drivers=2", "--set", "ray.drivers_on=nodes", "--nodes", "2")

    def test_agree_with_threads(self) -> None:
        self.assert_agree_with_threads(*self.options, notes={"drivers": 2})

    def test_follow_a_reconfiguration(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 0.5, "kind": "reconfigure", "target": "parallelism", "args": {"value": 3}},
            {"at_s": 5, "kind": "reconfigure", "target": "replace-worker", "args": {"stage": "s0", "worker": 0}}],
            "--parallelism", "1", "--total-requests", "2000")
        self.assert_driven_by(metadata, 2)
        self.assertEqual({row["status"] for row in events.values()}, {"done"}, events)
        self.assertEqual(metadata["notes"]["resent"], 0)

    def test_what_a_driver_had_that_died_with_its_node_is_sent_again(self) -> None:
        metadata, events = self.run_timeline([
            {"at_s": 1, "kind": "fault", "target": "kill-node", "args": {"node": 1, "graceful": False}},
            {"at_s": 3, "kind": "heal", "target": "kill-node", "args": {"node": 1}}],
            "--set", "timeline.hold_us=12000", "--total-requests", "4000")
        self.assert_driven_by(metadata, 2)
        self.assertEqual({row["status"] for row in events.values()}, {"done"}, events)
        self.assertGreater(metadata["notes"]["resent"], 0)


class Endings(runtimes.Endings, RayCase):
    def test_every_listener_is_on_loopback(self) -> None:
        _, _, child, scratch = self.begin("--nodes", "2")
        sockets = {name[8:-1] for p in self.processes_of(scratch) for name in open_files(p) if name.startswith("socket:")}
        listeners = []
        for family in ("tcp", "tcp6"):
            for row in pathlib.Path(f"/proc/{child}/net/{family}").read_text().splitlines()[1:]:
                fields = row.split()
                if fields[3] == "0A" and fields[9] in sockets:
                    listeners.append(fields[1].split(":")[0])
        self.assertGreater(len(listeners), 5)
        if runtimes.own_network():
            self.assertNotEqual(os.readlink(f"/proc/{child}/ns/net"), os.readlink("/proc/self/ns/net"))
        # 127.0.0.1, also as an IPv4-mapped IPv6 address
        self.assertLessEqual(set(listeners), {"0100007F", "0000000000000000FFFF00000100007F"})

    def test_host_and_guard_killed_together(self) -> None:
        host, guard, _, scratch = self.begin()
        for process in [host.pid, *cells_of(host.pid), guard]:
            os.kill(process, signal.SIGKILL)
        self.assert_nothing_left(scratch)


if __name__ == "__main__":
    unittest.main()

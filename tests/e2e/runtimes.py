"""What the tests of backends share that drive a real runtime in a process of its own."""
from __future__ import annotations

import functools
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
from typing import Any

from harness import FAILED, INTERRUPTED, PLUGINS, Case, Json, Process, cells_of, read_lines, read_proc, wait_for

DATA = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local" / "share")
TIMELINE = PLUGINS / "kit"


def interpreter(backend: str) -> pathlib.Path:
    return DATA / "sage-host" / "envs" / backend / "bin" / "python"


def descendants(pid: int) -> list[int]:
    found = [pid]
    for process in found:
        found += cells_of(process)
    return found[1:]


def words_of(pid: int, file: str) -> list[str]:
    """Its command line or environment."""
    return read_proc(pid, file).split("\0")


def is_guard(pid: int) -> bool:
    return words_of(pid, "cmdline")[0].endswith("sage-host-guard")


def drivers_below(pid: int) -> list[int]:
    return [p for p in descendants(pid) if "bridge_main.py" in " ".join(words_of(p, "cmdline")) and not is_guard(p)]


def python_of(user: int) -> str:
    """An interpreter that this user may start too."""
    return sys.executable if user == os.geteuid() else "/usr/bin/python3"


@functools.cache
def own_network(user: int = os.geteuid()) -> bool:
    """Whether the kernel gives `user` a network of its own: with the bridge's own means, and a port in it works."""
    source = (PLUGINS / "bridge" / "bridge_network.py").read_text() + """
if not (why := enter()):
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
raise SystemExit(why or 0)
"""
    done = subprocess.run([python_of(user), "-I", "-"], input=source, text=True, capture_output=True, timeout=30, check=False,
                          user=user)
    return done.returncode == 0


def reaches(address: str) -> bool:
    """Whether another user can connect: nobody, if we are root."""
    user = 65534 if os.geteuid() == 0 else os.geteuid()
    source = f"import socket; socket.create_connection(({address.split(':')[0]!r}, {address.split(':')[1]}), 5)"
    return subprocess.run([python_of(user), "-I", "-c", source], capture_output=True, timeout=30, check=False,
                          user=user).returncode == 0


class RuntimeCase(Case):
    backend = ""  # set by the backend's own tests
    options: tuple[str, ...] = ()  # more arguments of each run

    def run_timeline(self, events: list[Json], *more: object, code: int = 0, **kwargs: Any) -> tuple[Json, dict[tuple[str, str], Json]]:
        self.host("run", "--workload", "timeline", "-b", self.backend, "--plugin-path", TIMELINE, "--output-dir", self.out,
                  "--set", f"timeline.events={json.dumps(events)}", *self.options, *more, code=code, **kwargs)
        (record,) = self.records()
        return record["metadata"], self.events()

    def events(self) -> dict[tuple[str, str], Json]:
        """The final word on each event, by target and kind."""
        (folder,) = self.folders()
        rows = [row for row in read_lines(folder / "records.jsonl") if row["type"] == "event"]
        return {(row["kind"], row["target"]): row for row in rows if row["status"] != "issued"}

    def assert_balanced(self, metadata: Json, outcomes: tuple[str, ...] = ("ok",)) -> None:
        ledger = metadata["ledger"]
        self.assertEqual((ledger["duplicate"], ledger["unexpected"]), (0, 0))
        self.assertEqual(sum(ledger["outcomes"][name] for name in outcomes), ledger["offered"], ledger)

    def assert_every_family_runs(self) -> None:
        self.host("run", "--all", "-b", self.backend, "--quick", "--output-dir", self.out, *self.options, limit_s=400)
        records = self.records()
        self.assertEqual({record["workload"] for record in records}, {f"Q{n}" for n in range(1, 9)})
        for record in records:
            metadata = record["metadata"]
            self.assertNotEqual(metadata.get("verdict"), "wrong", record["workload"])
            if parity := metadata.get("output_parity"):
                self.assertEqual(parity["equal"], parity["checked"], record["workload"])
        for workload in ("Q1", "Q6"):
            (record,) = [record for record in records if record["workload"] == workload]
            self.assert_as_on_threads(record)

    def assert_as_on_threads(self, record: Json) -> None:
        """The same results as the same configuration gives on threads, for all requests."""
        workload, metadata = record["workload"], record["metadata"]
        self.run_quick(workload, "threads")
        threads = self.latest("threads")["metadata"]
        self.assert_balanced(metadata)
        self.assertEqual(metadata["verdict"], "pass")
        self.assertIsNotNone(metadata["digest"])
        self.assertEqual(metadata["digest"], threads["digest"])
        parity = metadata["output_parity"]
        self.assertEqual((parity["checked"], parity["equal"]), (metadata["ledger"]["offered"],) * 2)
        self.assertEqual(metadata["report"].get("final_state_digest"), threads["report"].get("final_state_digest"))

    def latest(self, backend: str) -> Json:
        return max((r for r in self.records() if r["backend"] == backend), key=lambda r: r["timestamp"])

    def assert_agree_with_threads(self, *more: str, notes: Json | None = None) -> None:
        """Another way to run than the default, which every family takes."""
        for workload in ("q1", "q6"):
            with self.subTest(workload=workload, way=more):
                self.run_quick(workload, self.backend, *more)
                record = self.latest(self.backend)
                self.assert_as_on_threads(record)
                for name, value in (notes or {}).items():
                    self.assertEqual(record["metadata"]["notes"][name], value)

    def assert_variants_agree_with_threads(self) -> None:
        for variant in ("multi", "join", "extreme"):
            digests = {}
            for backend in ("threads", self.backend):
                self.run_quick("q1", backend, "--variant", variant, "--total-requests", "80")
                latest = self.latest(backend)
                self.assert_balanced(latest["metadata"])
                digests[backend] = latest["metadata"]["digest"]
            self.assertIsNotNone(digests["threads"])
            self.assertEqual(digests[self.backend], digests["threads"], variant)

    def assert_keys_in_order(self, *more: str) -> None:
        """One key is served by one replica, in order: with fewer keys than requests in flight each finds what came before."""
        self.out = pathlib.Path(tempfile.mkdtemp(dir=self.dir))
        metadata, _ = self.run_timeline([], "--arrival", "closed", "--concurrency", "8", "--total-requests", "1500", "--warmup-items", "0",
                                        *(f"--set=timeline.{o}" for o in ("chain=1", "keyed=true", "keys=3", "ordered=true", "hold_us=100")),
                                        *more)
        self.assertEqual((metadata["report"], metadata["ledger"]["passed"]), ({"wrong": []}, 1500))

    def assert_keeps_every_rule(self) -> None:
        done = self.host("plugin", "check", PLUGINS / f"{self.backend}.toml", limit_s=900)
        self.assertNotIn("BROKEN", done.stdout)

    def assert_driven_by(self, metadata: Json, drivers: int) -> None:
        self.assert_balanced(metadata)
        self.assertEqual(metadata["notes"]["drivers"], drivers)

    # ---- for runs that go on while the test acts
    def begin(self, *more: str, requests: int = 100000) -> tuple[Process, int, int, pathlib.Path]:
        """A run whose requests flow: (host, guard, its child, the scratch folder)."""
        host = self.start("run", "--workload", "timeline", "-b", self.backend, "--plugin-path", TIMELINE, "--output-dir", self.out,
                          "--total-requests", requests, *self.options, *more)

        def flows() -> list[int]:
            return [1 for stream in self.out.glob("*/records.jsonl") if '"type":"interval"' in stream.read_text()]

        self.assertTrue(wait_for(flows, 60), "no interval was recorded")
        # Of several drivers the first one's guard has the folder.
        (guard,) = [p for p in descendants(host.pid) if is_guard(p) and words_of(p, "cmdline")[2]]
        (child,) = [p for p in cells_of(guard) if "bridge_main.py" in " ".join(words_of(p, "cmdline"))]
        scratch = pathlib.Path(words_of(guard, "cmdline")[2])
        self.assertTrue(scratch.is_dir())
        self.assertTrue(self.processes_of(scratch))
        return host, guard, child, scratch

    def processes_of(self, scratch: pathlib.Path) -> list[int]:
        """Whatever was started for the run, wherever it hangs in the tree of processes."""
        raise NotImplementedError

    def assert_nothing_left(self, scratch: pathlib.Path) -> None:
        self.assertTrue(wait_for(lambda: not self.processes_of(scratch), 5),
                        [words_of(p, "cmdline") for p in self.processes_of(scratch)])
        self.assertTrue(wait_for(lambda: not scratch.exists(), 5), scratch)

    def assert_complete_record(self, host: Process, limit_s: float) -> Json:
        host.wait(limit_s)
        (folder,) = self.folders()
        last = read_lines(folder / "records.jsonl")[-1]
        self.assertEqual(last["type"], "summary")
        (record,) = self.records()
        ledger = record["metadata"]["ledger"]
        self.assertEqual(sum(ledger["outcomes"].values()), ledger["offered"])
        return record


class Endings(RuntimeCase):
    """However a run ends, it is recorded where someone is left to do so, and nothing of the runtime stays."""

    def test_host_killed(self) -> None:
        host, _, _, scratch = self.begin()
        for process in [host.pid, *cells_of(host.pid)]:
            os.kill(process, signal.SIGKILL)
        self.assert_nothing_left(scratch)

    def test_cell_killed(self) -> None:
        host, guard, _, scratch = self.begin()
        (cell,) = [p for p in cells_of(host.pid) if guard in descendants(p)] or [host.pid]
        os.kill(cell, signal.SIGKILL)
        self.assert_nothing_left(scratch)

    def test_guard_killed(self) -> None:
        host, guard, _, scratch = self.begin(requests=800)
        os.kill(guard, signal.SIGKILL)
        self.assert_complete_record(host, 60)
        self.assert_nothing_left(scratch)

    def test_child_killed(self) -> None:
        host, _, child, scratch = self.begin(requests=800)
        os.kill(child, signal.SIGKILL)
        record = self.assert_complete_record(host, 60)
        self.assertEqual(host.returncode, FAILED)
        self.assertGreater(record["metadata"]["ledger"]["outcomes"]["error"], 0)
        self.assert_nothing_left(scratch)

    def test_interrupted_while_the_child_is_stopped(self) -> None:
        host, _, child, scratch = self.begin("--drain-timeout", "1")
        os.kill(child, signal.SIGSTOP)
        host.send_signal(signal.SIGINT)
        record = self.assert_complete_record(host, 60)
        self.assertEqual(host.returncode, INTERRUPTED)
        self.assertGreater(record["metadata"]["ledger"]["outcomes"]["unfinished"], 0)
        self.assert_nothing_left(scratch)

    def test_child_stopped(self) -> None:
        host, _, child, scratch = self.begin("--timeout", "1", "--drain-timeout", "2", requests=800)
        os.kill(child, signal.SIGSTOP)
        record = self.assert_complete_record(host, 60)
        self.assertGreater(record["metadata"]["ledger"]["outcomes"]["timeout"], 0)
        self.assert_nothing_left(scratch)

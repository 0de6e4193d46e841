"""What the plain programs share: the same operator code and packets as under the harness, and the load.

Each is called with one JSON object: `run`, what the bridge's child is told when it opens (docs/bridge.md), `requests`,
`warmup`, and either `in_flight`, a closed loop, or `rate`, evenly spaced due times a second, from which latencies count.
It prints one JSON object: `rate` (1/s), `p50_ms`, `p99_ms`, and `cpu_us`, of the program and of its other processes, a request.
"""
from __future__ import annotations

import json
import os
import pathlib
import queue
import struct
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

BUILD_BRIDGE = pathlib.Path(json.loads(sys.argv[1])["run"]["worker_library"]).parent
sys.path[:0] = [str(BUILD_BRIDGE)]
os.environ["PYTHONPATH"] = os.pathsep.join((str(BUILD_BRIDGE), str(pathlib.Path(__file__).parent)))  # of Ray's workers

import bridge_packets  # noqa: E402 it lies where the line above says

_KEYS = 97
_REQUEST = struct.Struct("<QqQQ")  # id, due, seq, key; the rest is zero
_TICK = os.sysconf("SC_CLK_TCK")


def packet(seq: int) -> bytes:
    """A request of the workload `timeline` as the host's half makes it."""
    out = bytearray(bridge_packets.HEADER)
    _REQUEST.pack_into(out, 0, seq, 0, seq, seq % _KEYS)
    return bytes(out)


def executed(results: Iterable[bytes]) -> None:
    """Ends the program unless the operator has executed each: one that does nothing would look like a fast runtime."""
    for result in results:
        if bridge_packets.status(result) != bridge_packets.OK or len(result) <= bridge_packets.HEADER:
            print(f"a request was not executed: {result[bridge_packets.HEADER:]!r}", file=sys.stderr, flush=True)
            os._exit(1)


def _ticks() -> dict[int, tuple[int, int]]:
    """By process: its parent, and the CPU time of itself and of children that it waited for."""
    found = {}
    for file in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        found[int(file.parent.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    return found


def _cpu_s() -> tuple[float, float]:
    """Of this process, and of all below it and those in its session."""
    ticks = _ticks()
    ours = {os.getpid()}
    while more := {pid for pid, (parent, _) in ticks.items() if parent in ours and pid not in ours}:
        ours |= more
    own = ticks[os.getpid()][1]
    return own / _TICK, (sum(ticks[pid][1] for pid in ours) - own) / _TICK


class Load:
    def __init__(self, arguments: dict[str, Any]) -> None:
        self.requests: int = arguments["requests"]
        self.warmup: int = arguments["warmup"]
        self.in_flight: int | None = arguments.get("in_flight")
        self.rate: float | None = arguments.get("rate")
        self._latencies: list[float] = []
        self._total = self.warmup + self.requests
        self._next = 0
        self._ended = 0
        self._began = 0.0

    # ---- what has one thread that sends, and is told of ends: `send(requests)`, each (seq, due), ends in done.put(due).
    # A send has `frame` requests at most; where it queues them, `burst` of those that are due.
    def feed(self, send: Callable[[Sequence[tuple[int, float]]], None], done: queue.SimpleQueue[list[float]], frame: int = 1,
             burst: int = 0) -> None:
        if self.rate is None:
            for _ in range(0, self.in_flight or 1, frame):
                send(self._now(frame))
        begin = time.monotonic() + 0.01
        while self._ended < self._total:
            try:
                dues = done.get(timeout=self._send_due(send, begin, burst or frame) if self.rate else None)
            except queue.Empty:
                continue
            for due in dues:
                self.ended(due)
            if self.rate is None and self._next < self._total:
                send(self._now(len(dues)))

    def _now(self, n: int) -> list[tuple[int, float]]:
        now = time.monotonic()
        seqs = range(self._next, min(self._next + n, self._total))
        self._next = seqs.stop
        return [(seq, now) for seq in seqs]

    def _send_due(self, send: Callable[[Sequence[tuple[int, float]]], None], begin: float, frame: int) -> float | None:
        """Sends a frame of what is due; the seconds until the next one is, None after the last. In the thread that takes the
        ends: two threads that wake each other for every request wait for the interpreter's lock more than for the runtime."""
        assert self.rate
        elapsed = time.monotonic() - begin
        seqs = range(self._next, min(self._total, self._next + frame, int(max(elapsed, -1.0) * self.rate) + 1))
        if seqs:
            self._next = seqs.stop
            send([(seq, begin + seq / self.rate) for seq in seqs])
        return max(0.0, begin + self._next / self.rate - time.monotonic()) if self._next < self._total else None

    def ended(self, due: float) -> None:
        """One at a time."""
        self._ended += 1
        if self._ended == self.warmup:
            self._began, self._cpu = time.monotonic(), _cpu_s()
        elif self._ended > self.warmup:
            self._latencies.append(time.monotonic() - due)

    def report(self) -> None:
        seconds = time.monotonic() - self._began
        cpu = [1e6 * (now - before) / self.requests for now, before in zip(_cpu_s(), self._cpu)]
        ordered = sorted(self._latencies)
        print(json.dumps({"rate": self.requests / seconds, "p50_ms": 1e3 * ordered[len(ordered) // 2],
                          "p99_ms": 1e3 * ordered[int(0.99 * len(ordered))],
                          "cpu_us": {"program": cpu[0], "others": cpu[1]}}), flush=True)

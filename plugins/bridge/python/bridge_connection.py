"""The child's end of the socket: frames of a 16-byte header and a body (see frame.hpp)."""
from __future__ import annotations

import collections
import json
import socket
import struct
import threading
import time
from collections.abc import Iterable

HELLO, ECHO, OPEN, READY, REQUESTS, RESULTS, CONTROL, ANSWER, FAILURE, CLOSE, METADATA = range(1, 12)

VERSION = 1
_MAGIC = 0x31474253
_HEADER = struct.Struct("<IHHII")
_BODY_MAX = 64 << 20
_RECEIVE = 256 << 10
_RESULTS_BODY = 1 << 20  # more goes into a frame of its own


class Connection:
    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._socket.set_inheritable(False)
        self._reader = self._socket.makefile("rb", buffering=_RECEIVE)
        self._sending = threading.Lock()
        self._results: collections.deque[tuple[int, bytes]] = collections.deque()

    # ---- one thread
    def receive(self) -> tuple[int, int, bytes] | None:
        """(type, count, body); None when the other side is gone."""
        header = self._reader.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return None
        magic, version, kind, size, count = _HEADER.unpack(header)
        if magic != _MAGIC or version != VERSION or size > _BODY_MAX:
            raise ValueError("not a frame of the bridge's protocol")
        body = self._reader.read(size)
        return (kind, count, body) if len(body) == size else None

    # ---- any thread
    def send(self, kind: int, body: bytes = b"", count: int = 0) -> None:
        with self._sending:
            self._socket.sendall(_HEADER.pack(_MAGIC, VERSION, kind, len(body), count) + body)
        self.complete(())  # what found the socket taken meanwhile

    def send_json(self, kind: int, value: object) -> None:
        self.send(kind, json.dumps(value).encode())

    def complete(self, packets: Iterable[bytes]) -> None:
        """Hands finished packets to the host. Whoever finds the socket free sends for all: no thread waits for another's
        write, and under load the batches grow by themselves."""
        now = time.monotonic_ns()
        self._results.extend((now, packet) for packet in packets)
        while self._results and self._sending.acquire(blocking=False):
            try:
                self._send_results()
            finally:
                self._sending.release()

    def _send_results(self) -> None:
        stamps: list[int] = []
        packets: list[bytes] = []
        size = 0
        try:
            while size < _RESULTS_BODY:
                stamp, packet = self._results.popleft()
                stamps.append(stamp)
                packets.append(packet)
                size += len(packet)
        except IndexError:
            pass
        if not packets:
            return
        body = struct.pack(f"<{len(stamps)}q", *stamps) + b"".join(packets)
        self._socket.sendall(_HEADER.pack(_MAGIC, VERSION, RESULTS, len(body), len(stamps)) + body)

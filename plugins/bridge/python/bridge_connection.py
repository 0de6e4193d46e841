"""The child's end of the socket: frames of a 16-byte header and a body (see frame.hpp)."""
from __future__ import annotations

import collections
import json
import socket
import struct
import threading
import time
from collections.abc import Iterable, Iterator

HELLO, ECHO, OPEN, READY, REQUESTS, RESULTS, CONTROL, ANSWER, FAILURE, CLOSE, METADATA, PEER = range(1, 13)

VERSION = 1
_MAGIC = 0x31474253
_HEADER = struct.Struct("<IHHII")
_BODY_MAX = 64 << 20
_RECEIVE = 256 << 10
_RESULTS_BODY = 1 << 20  # more goes into a frame of its own

Frame = tuple[int, int, bytes]  # type, count, body


class Connection:
    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._socket.set_inheritable(False)
        self.fileno = self._socket.fileno
        self.closed = False  # by the other side
        self._in, self._at = bytearray(), 0  # what came; how much of it has been given out
        self._sending = threading.Lock()
        self._results: collections.deque[tuple[int, bytes]] = collections.deque()

    # ---- one thread
    def receive(self) -> Frame | None:
        """Waits for a frame; None when the other side is gone."""
        while (frame := self._next()) is None and not self.closed:
            self._fill(0)
        return frame

    def arrived(self) -> Iterator[Frame]:
        """The frames that are here."""
        self._fill(socket.MSG_DONTWAIT)
        while (frame := self._next()) is not None:
            yield frame

    def _fill(self, flags: int) -> None:
        try:
            data = self._socket.recv(_RECEIVE, flags)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        self.closed = not data
        del self._in[:self._at]  # moves nothing: a bytearray remembers where it begins
        self._at = 0
        self._in += data

    def _next(self) -> Frame | None:
        begin = self._at + _HEADER.size
        if len(self._in) < begin:
            return None
        magic, version, kind, size, count = _HEADER.unpack_from(self._in, self._at)
        if magic != _MAGIC or version != VERSION or size > _BODY_MAX:
            raise ValueError("not a frame of the bridge's protocol")
        if len(self._in) < begin + size:
            return None
        self._at = begin + size
        with memoryview(self._in) as came:
            return kind, count, bytes(came[begin:self._at])

    # ---- any thread
    def send(self, kind: int, body: bytes = b"", count: int = 0) -> None:
        with self._sending:
            self._socket.sendall(_HEADER.pack(_MAGIC, VERSION, kind, len(body), count) + body)
        self.complete()  # what found the socket taken meanwhile

    def send_json(self, kind: int, value: object) -> None:
        self.send(kind, json.dumps(value).encode())

    def finished(self, packets: Iterable[bytes], at_ns: int) -> None:
        """Like `complete`, at a time that has passed; sent with the next."""
        self._results.extend((at_ns, packet) for packet in packets)

    def complete(self, packets: Iterable[bytes] = ()) -> None:
        """Hands finished packets to the host. Whoever finds the socket free sends for all: no thread waits for another's
        write, and under load the batches grow by themselves."""
        self.finished(packets, time.monotonic_ns())
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

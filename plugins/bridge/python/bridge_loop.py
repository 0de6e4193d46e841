"""The thread that serves the host, and what other threads hand to it.

Whatever is quick is done on this one thread: a request that changes threads waits for each of them to wake, and for the
interpreter's lock. While there is work, it does not sleep, and what comes meanwhile is handled together. It is woken once a
request: a runtime that can take no more is not told of requests that come, which stay in the socket until something ended.
"""
from __future__ import annotations

import collections
import contextlib
import os
import queue
import select
import threading
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from bridge_connection import METADATA, Connection, Frame
from bridge_peers import Peers
from bridge_types import Json

Result = TypeVar("Result")
_CALL_S = 30
_DEAF_S = 0.02  # so long the socket is left alone at most: control events come there, too


class Loop:
    def __init__(self, connection: Connection, peers: int = 0) -> None:
        self._connection = connection
        self.peers = Peers(connection, peers)
        self.complete, self.finished = connection.complete, connection.finished
        self._posted: collections.deque[tuple[Callable[..., object], tuple[Any, ...]]] = collections.deque()
        self._wakes: Callable[[], object] | None = None  # while the loop sleeps
        self._bell = threading.Lock()
        self._bell.acquire()
        self._pipe, self._pipe_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._sources = select.poll()
        self._sources.register(connection.fileno(), select.POLLIN)
        self._sources.register(self._pipe, select.POLLIN)

    # ---- any thread, as `complete` and `finished`, which are the connection's
    def publish(self, values: Json) -> None:
        """More for the record."""
        self._connection.send_json(METADATA, values)

    def note(self, function: Callable[..., object], *arguments: object) -> None:
        """To be called on the loop's thread, before whatever wakes it next, and after what was posted before."""
        self._posted.append((function, arguments))

    def post(self, function: Callable[..., object], *arguments: object) -> None:
        """To be called on the loop's thread, soon."""
        self._posted.append((function, arguments))
        wakes, self._wakes = self._wakes, None
        if wakes is not None:
            wakes()

    def call(self, function: Callable[..., Result], *arguments: object) -> Result:
        """From another thread: waits for what the function gives on the loop's."""
        answer: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self.post(lambda: answer.put(function(*arguments)))
        return answer.get(timeout=_CALL_S)

    # ---- its thread
    def run(self, handle: Callable[[Frame], bool], settle: Callable[[], bool]) -> None:
        """Until `handle` says False or the host is gone. `settle` is called after whatever came together was handled; it says
        whether more requests can be taken."""
        while not self._connection.closed:
            for _ in range(len(self._posted)):
                function, arguments = self._posted.popleft()
                try:
                    function(*arguments)
                except Exception:
                    traceback.print_exc()
            for frame in self._connection.arrived():
                if not handle(frame):
                    return
            if settle():
                self._sleep(self._write, self._listen)
            else:
                self._sleep(self._ring, self._wait)

    def _sleep(self, wakes: Callable[[], object], sleep: Callable[[], object]) -> None:
        """Whoever posts after this look finds us asleep, and wakes us."""
        self._wakes = wakes
        if not self._posted:
            sleep()
        self._wakes = None

    def _listen(self) -> None:
        if any(source == self._pipe for source, _ in self._sources.poll()):
            os.read(self._pipe, 4096)

    def _write(self) -> None:
        os.write(self._pipe_end, b"!")

    def _wait(self) -> None:
        self._bell.acquire(timeout=_DEAF_S)

    def _ring(self) -> None:
        with contextlib.suppress(RuntimeError):  # somebody else did
            self._bell.release()

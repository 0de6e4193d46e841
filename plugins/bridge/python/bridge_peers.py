"""What the first driver of a run tells the others, and their answers. The host passes both on."""
from __future__ import annotations

import itertools
import queue
import time
from typing import cast

from bridge_connection import PEER, Connection
from bridge_types import Json

_ANSWER_S = 90  # a change may wait until requests ended that are on their way


class Peers:
    """In the first driver."""

    def __init__(self, connection: Connection, count: int) -> None:
        self._connection = connection
        self._count = count
        self._calls = itertools.count(1)
        self.answers: queue.SimpleQueue[Json] = queue.SimpleQueue()  # filled by the loop

    def tell(self, message: Json) -> list[Json]:
        """Calls `heard` of every other driver's runtime, and gives what they gave. On the thread of control events."""
        if self._count == 0:
            return []
        call = next(self._calls)
        self._connection.send_json(PEER, {"call": call, "message": message})
        deadline = time.monotonic() + _ANSWER_S
        results: list[Json] = []
        while len(results) < self._count:
            try:
                answer = self.answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise RuntimeError(f"{self._count - len(results)} of the run's drivers did not answer within "
                                   f"{_ANSWER_S} s") from None
            if answer["call"] != call:
                continue  # of a call that was given up
            if "error" in answer:
                raise RuntimeError(f"another driver of the run: {answer['error']}")
            results.append(cast("Json", answer["result"]))
        return results

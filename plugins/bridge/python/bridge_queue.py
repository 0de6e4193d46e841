"""What waits for a worker, in the order of the run's --scheduler: the runtimes have no such order of their own."""
from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Generic, TypeVar

from bridge_errors import Unsupported
from bridge_packets import Request

if TYPE_CHECKING:
    from bridge_workload import Description

Item = TypeVar("Item")

SCHEDULERS = ("default", "fifo", "priority", "slo_aware")


class WorkQueue(Generic[Item]):
    """Many producers, many consumers. `order(item)` is smaller for what goes first; equals leave in order of arrival. Items
    may be bound to a place; a consumer takes what is bound to its own first, then what anyone may take."""

    def __init__(self, order: Callable[[Item], int]) -> None:
        self._order = order
        self._heaps: dict[int | None, list[tuple[int, int, Item]]] = {None: []}
        self._arrival = itertools.count()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, items: Collection[Item], place: int | None = None) -> None:
        with self._changed:
            heap = self._heaps.setdefault(place, [])
            for item in items:
                heapq.heappush(heap, (self._order(item), next(self._arrival), item))
            if place is None:
                self._changed.notify(len(items))
            else:
                self._changed.notify_all()

    def take(self, most: int, sharers: int = 1, timeout_s: float | None = None, place: int | None = None) -> list[Item]:
        """Up to `most` items, a fair share when `sharers` workers take from here; [] after the timeout or when closed."""
        with self._changed:
            def waiting() -> list[tuple[int, int, Item]]:
                return (self._heaps.get(place) if place is not None else None) or self._heaps[None]

            if not self._changed.wait_for(lambda: waiting() or self._closed, timeout_s):
                return []
            heap = waiting()
            n = min(most, max(1, len(heap) // sharers), len(heap))
            return [heapq.heappop(heap)[2] for _ in range(n)]

    def drop(self, place: int) -> list[Item]:
        """What is bound to the place, taken out."""
        with self._changed:
            return [entry[2] for entry in self._heaps.pop(place, [])]

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        return self._closed


def order_of(description: Description) -> Callable[[Request], int]:
    """The order of requests under the run's scheduler, as a function of a bridge_packets.Request."""
    order = description.order
    if order == "fifo":
        return lambda request: 0
    if order == "priority":
        return lambda request: request.priority
    if order == "slo_aware":  # earliest deadline first; a class without an objective comes last
        slo_ns = [slo or 1 << 60 for slo in description.slo_ns]
        return lambda request: request.due_ns + slo_ns[request.class_id]
    raise Unsupported(f"there is no scheduler '{order}' here; --scheduler must be one of {', '.join(SCHEDULERS)}")


class Waiting:
    """Packets in the order of the run's scheduler. One thread's."""

    def __init__(self, description: Description) -> None:
        order = order_of(description)
        self._key: Callable[[bytes], int] = \
            (lambda packet: 0) if description.order == "fifo" else (lambda packet: order(Request(packet)))
        self._heap: list[tuple[int, int, bytes]] = []
        self._arrival = itertools.count()

    def put(self, packets: Iterable[bytes]) -> None:
        for packet in packets:
            heapq.heappush(self._heap, (self._key(packet), next(self._arrival), packet))

    def __len__(self) -> int:
        return len(self._heap)

    def take(self, most: int) -> list[bytes]:
        return [heapq.heappop(self._heap)[2] for _ in range(min(most, len(self._heap)))]


def wait_until(condition: Callable[[], object], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True

"""What waits for a worker, in the order of the run's --scheduler: the runtimes have no such order of their own."""
from __future__ import annotations

import collections
import contextlib
import heapq
import itertools
import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterable
from typing import TYPE_CHECKING, Generic, TypeVar

from bridge_errors import Unsupported
from bridge_packets import Request

if TYPE_CHECKING:
    from bridge_workload import Description

Item = TypeVar("Item")

SCHEDULERS = ("default", "fifo", "priority", "slo_aware")


def order_of(description: Description, packet_of: Callable[[Item], bytes]) -> Callable[[Item], int] | None:
    """The order of items under the run's scheduler: smaller for what goes first; None: as they arrived."""
    order = description.order
    if order == "fifo":
        return None
    if order == "priority":
        return lambda item: Request(packet_of(item)).priority
    if order == "slo_aware":  # earliest deadline first; a class without an objective comes last
        slo_ns = [slo or 1 << 60 for slo in description.slo_ns]

        def deadline(item: Item) -> int:
            request = Request(packet_of(item))
            at_ns: int = request.due_ns + slo_ns[request.class_id]
            return at_ns

        return deadline
    raise Unsupported(f"there is no scheduler '{order}' here; --scheduler must be one of {', '.join(SCHEDULERS)}")


class Waiting(Generic[Item]):
    """Items in an order (see order_of); equals leave as they arrived. One thread's."""

    def __init__(self, order: Callable[[Item], int] | None) -> None:
        self._order = order
        self._arrived: collections.deque[Item] = collections.deque()  # where there is no other order
        self._heap: list[tuple[int, int, Item]] = []
        self._arrival = itertools.count()

    def put(self, items: Iterable[Item]) -> None:
        order = self._order
        if order is None:
            self._arrived.extend(items)
            return
        for item in items:
            heapq.heappush(self._heap, (order(item), next(self._arrival), item))

    def __len__(self) -> int:
        return len(self._arrived) + len(self._heap)

    def take(self, most: int) -> list[Item]:
        n = min(most, len(self))
        if self._order is None:
            return [self._arrived.popleft() for _ in range(n)]
        return [heapq.heappop(self._heap)[2] for _ in range(n)]


class WorkQueue(Generic[Item]):
    """Many producers, many consumers. Items may be bound to a place; a consumer takes what is bound to its own first, then
    what anyone may take."""

    def __init__(self, order: Callable[[Item], int] | None) -> None:
        self._order = order
        self._waiting: dict[int | None, Waiting[Item]] = {None: Waiting(order)}
        self._changed = threading.Condition()
        self._closed = False

    def put(self, items: Collection[Item], place: int | None = None) -> None:
        with self._changed:
            if place not in self._waiting:
                self._waiting[place] = Waiting(self._order)
            self._waiting[place].put(items)
            if place is None:
                self._changed.notify(len(items))
            else:
                self._changed.notify_all()

    def take(self, most: int, sharers: int = 1, timeout_s: float | None = None, place: int | None = None,
             taken: Callable[[list[Item]], None] | None = None) -> list[Item]:
        """Up to `most` items, a fair share when `sharers` workers take from here; [] after the timeout or when closed.
        `taken` sees them before anyone else takes more."""
        with self._changed:
            def waiting() -> Waiting[Item]:
                return (self._waiting.get(place) if place is not None else None) or self._waiting[None]

            if not self._changed.wait_for(lambda: waiting() or self._closed, timeout_s):
                return []
            found = waiting()
            items = found.take(min(most, max(1, len(found) // sharers)))
            if taken is not None:
                taken(items)
            return items

    def drop(self, place: int) -> list[Item]:
        """What is bound to the place, taken out."""
        with self._changed:
            dropped = self._waiting.pop(place, None)
            return dropped.take(len(dropped)) if dropped is not None else []

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        return self._closed


class Lines(Generic[Item]):
    """Items that stand in line for a key each, so that those of one key have their turns in the order in which they were
    taken, whichever threads they came to. Whoever takes several sees to them in their order, or two could wait for each
    other."""

    def __init__(self) -> None:
        self._lines: dict[Hashable, collections.deque[Item]] = {}
        self._changed = threading.Condition()

    def enter(self, item: Item, key: Hashable) -> None:
        with self._changed:
            self._lines.setdefault(key, collections.deque()).append(item)

    def await_turn(self, item: Item, key: Hashable) -> bool:
        """False: it has left meanwhile."""
        line = self._lines[key]
        with self._changed:
            self._changed.wait_for(lambda: item not in line or line[0] is item)
            return item in line

    def leave(self, item: Item, key: Hashable) -> None:
        with self._changed, contextlib.suppress(ValueError):
            self._lines[key].remove(item)
            self._changed.notify_all()


def wait_until(condition: Callable[[], object], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True

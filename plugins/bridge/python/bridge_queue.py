"""What waits for a worker, in the order of the run's --scheduler: the runtimes have no such order of their own."""
import heapq
import itertools
import threading
import time

from bridge_errors import Unsupported

SCHEDULERS = ("default", "fifo", "priority", "slo_aware")


class WorkQueue:
    """Many producers, many consumers. `order(item)` is smaller for what goes first; equals leave in order of arrival. Items
    may be bound to a place; a consumer takes what is bound to its own first, then what anyone may take."""

    def __init__(self, order):
        self._order = order
        self._heaps = {None: []}
        self._arrival = itertools.count()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, items, place=None):
        with self._changed:
            heap = self._heaps.setdefault(place, [])
            for item in items:
                heapq.heappush(heap, (self._order(item), next(self._arrival), item))
            if place is None:
                self._changed.notify(len(items))
            else:
                self._changed.notify_all()

    def take(self, most, sharers=1, timeout_s=None, place=None):
        """Up to `most` items, a fair share when `sharers` workers take from here; [] after the timeout or when closed."""
        with self._changed:
            def waiting():
                return (place is not None and self._heaps.get(place)) or self._heaps[None]
            if not self._changed.wait_for(lambda: waiting() or self._closed, timeout_s):
                return []
            heap = waiting()
            n = min(most, max(1, len(heap) // sharers), len(heap))
            return [heapq.heappop(heap)[2] for _ in range(n)]

    def drop(self, place):
        """What is bound to the place, taken out."""
        with self._changed:
            return [entry[2] for entry in self._heaps.pop(place, [])]

    def close(self):
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self):
        return self._closed


def order_of(description):
    """The order of requests under the run's scheduler, as a function of a bridge_packets.Request."""
    scheduler = description.scheduler
    if scheduler in ("default", "fifo", ""):
        return lambda request: 0
    if scheduler == "priority":
        return lambda request: request.priority
    if scheduler == "slo_aware":  # earliest deadline first; a class without an objective comes last
        slo_ns = [slo or 1 << 60 for slo in description.slo_ns]
        return lambda request: request.due_ns + slo_ns[request.class_id]
    raise Unsupported(f"there is no scheduler '{scheduler}' here; --scheduler must be one of {', '.join(SCHEDULERS)}")


def wait_until(condition, timeout_s):
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True

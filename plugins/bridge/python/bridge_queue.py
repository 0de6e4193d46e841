"""What waits for a worker, in the order of the run's --scheduler: the runtimes have no such order of their own."""
import heapq
import itertools
import threading
import time

from bridge_errors import Unsupported

SCHEDULERS = ("default", "fifo", "priority", "slo_aware")


class WorkQueue:
    """Many producers, many consumers. `order(item)` is smaller for what goes first; equals leave in order of arrival."""

    def __init__(self, order):
        self._order = order
        self._heap = []
        self._arrival = itertools.count()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, items):
        with self._changed:
            for item in items:
                heapq.heappush(self._heap, (self._order(item), next(self._arrival), item))
            self._changed.notify(len(items))

    def take(self, most, sharers=1, timeout_s=None):
        """Up to `most` items, a fair share when `sharers` workers take from here; [] after the timeout or when closed."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._heap or self._closed, timeout_s) or not self._heap:
                return []
            n = min(most, max(1, len(self._heap) // sharers))
            return [heapq.heappop(self._heap)[2] for _ in range(n)]

    def drop_all(self):
        with self._changed:
            items, self._heap = [entry[2] for entry in self._heap], []
        return items

    def __len__(self):
        return len(self._heap)

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

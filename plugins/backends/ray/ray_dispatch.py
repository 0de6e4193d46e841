"""Requests on their way: batches that flow through the stages' actors as object references.

All of it is on the bridge's loop; Ray's callbacks only post there. In mode per_request a batch is one request, in mode
micro_batch up to `frame` of what waits. A batch's steps are sent at once, each taking the references of its inputs, and
nobody waits between stages: Ray passes the outputs on. The exception is a step that is keyed by its input, and, for
batches, any keyed step: there the packets must come here to be routed.
"""
from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Iterable
from typing import Any

import bridge_packets
from bridge_errors import one_line
from bridge_loop import Loop
from bridge_packets import Request
from bridge_queue import Waiting, order_of, wait_until
from bridge_types import Json
from bridge_workload import KEY_INPUT, Description, Step
from ray_pool import PLACE, Pool, Replica

RESENDS_MAX = 5


class Batch:
    """Requests of one pipeline. `outputs` per step: a reference, or a list of packets once they came here."""

    __slots__ = ("next", "outputs", "packets", "pipeline", "replicas", "steps", "waits")

    def __init__(self, packets: list[bytes], pipeline: int, steps: tuple[Step, ...], outputs: list[Any] | None = None,
                 next_step: int = 0, replicas: Iterable[Replica] = ()) -> None:
        self.packets, self.pipeline, self.steps = packets, pipeline, steps
        self.outputs: list[Any] = outputs or [None] * len(steps)
        self.next = next_step
        self.replicas = list(replicas)
        self.waits = 0

    def inputs(self, step: Step) -> list[Any]:
        return [self.outputs[i] for i in step.inputs] if step.inputs else [self.packets]


def when_done(reference: Any, then: Callable[[Any], None]) -> None:
    """`then` gets the value or an exception, on a thread of Ray's. What Ray's own future() is made of: the future and its
    lock are not needed."""
    reference._on_completed(then)


class Dispatcher:
    def __init__(self, description: Description, loop: Loop, pools: dict[int, Pool]) -> None:
        self._pipelines = description.pipelines
        self._places = [[PLACE.pack(p, s) for s in range(len(steps))] for p, steps in enumerate(description.pipelines)]
        self._loop, self._pools = loop, pools
        options = description.options
        self._frame: int = options["frame"] if options["mode"] == "micro_batch" else 1
        self._window_option: int = options["window"]
        self._drivers = description.drivers
        self._fifo = description.order == "fifo"
        self._waiting: Waiting[bytes] = Waiting(order_of(description, bytes))  # of bytes, bytes() gives the same object
        self._calls = itertools.count(1)
        self._in_flight = 0
        self._hungry = False  # more waits than there is room for
        self._parked: list[Batch] = []  # batches whose next stage has no replica now
        self.resent = self.lost = 0

    @property
    def window(self) -> int:
        """Requests in flight at most: what waits beyond it waits in order of priority. With 16 in flight Ray needs a tenth
        more CPU time for a request than with 32, and with 32 another tenth than with 64, so there are fewer only where their
        order matters."""
        replicas = sum(len(pool.live) for pool in self._pools.values())
        least, each = (64, 16) if self._fifo else (16, 4)
        of_all = self._window_option or max(least, each * replicas * self._frame)
        return -(-of_all // self._drivers)

    # ---- the loop's thread
    def submit(self, packets: list[bytes]) -> None:
        self._waiting.put(packets)

    def settle(self) -> bool:
        self._loop.complete()
        window = self.window
        while self._waiting and self._in_flight < window:
            packets = self._waiting.take(min(self._frame, window - self._in_flight))
            self._in_flight += len(packets)
            by_pipeline: dict[int, list[bytes]] = {}
            for packet in packets:
                by_pipeline.setdefault(bridge_packets.pipeline(packet), []).append(packet)
            for pipeline, group in by_pipeline.items():
                self._advance(Batch(group, pipeline, self._pipelines[pipeline]))
        self._hungry = bool(self._waiting)
        return not self._hungry

    def _advance(self, batch: Batch) -> None:
        """Sends the batch's steps, as far as they can be routed."""
        while batch.next < len(batch.steps):
            step = batch.steps[batch.next]
            pool = self._pools[step.stage.index]
            if not step.stage.keyed:
                replica = pool.least_busy()
                if replica is None:
                    self._parked.append(batch)
                    return
            else:
                if self._fetch(batch, self._needed(batch, step)):
                    return
                shares = self._by_owner(batch, step, pool)
                if len(shares) > 1:
                    for share in shares.values():
                        self._advance(self._part(batch, share))
                    return
                (number,) = shares
                replica = pool.by_number.get(number)
                if replica is None:
                    self._end(batch)
                    self._give_up(batch.packets, f"worker {number} of stage '{step.stage.name}' is gone, and with it its "
                                                 "keys' state")
                    return
            replica.in_flight += len(batch.packets)
            replica.last_call = next(self._calls)
            batch.replicas.append(replica)
            batch.outputs[step.index] = self._call(batch, step, pool, replica)
            batch.next += 1
        when_done(batch.outputs[-1], functools.partial(self._ended, batch))

    def _call(self, batch: Batch, step: Step, pool: Pool, replica: Replica) -> Any:
        inputs = batch.inputs(step)
        if self._frame == 1:  # packets without lists around them, which Ray passes on as they are
            inputs = [given[0] if isinstance(given, list) else given for given in inputs]
        if pool.only_step:
            return replica.call(*inputs)
        return replica.call(self._places[batch.pipeline][step.index], *inputs)

    @staticmethod
    def _needed(batch: Batch, step: Step) -> Iterable[int]:
        """Outputs that must be here before a keyed step can be routed: for its key, and to part a batch."""
        if len(batch.packets) > 1:
            return range(batch.next)
        return step.inputs[:1] if step.stage.key_by == KEY_INPUT else ()

    def _fetch(self, batch: Batch, outputs: Iterable[int]) -> bool:
        missing = [i for i in outputs if not isinstance(batch.outputs[i], list)]
        batch.waits = len(missing)
        for i in missing:
            when_done(batch.outputs[i], functools.partial(self._loop.post, self._fetched, batch, i))
        return bool(missing)

    def _fetched(self, batch: Batch, i: int, value: Any) -> None:
        batch.waits -= 1
        if isinstance(value, BaseException):
            if batch.waits >= 0:
                batch.waits = -len(batch.steps)  # those still to come find it ended
                self._failed(batch, value)
            return
        batch.outputs[i] = value if isinstance(value, list) else [value]
        if batch.waits == 0:
            self._advance(batch)

    @staticmethod
    def _by_owner(batch: Batch, step: Step, pool: Pool) -> dict[int, list[int]]:
        inputs = batch.inputs(step)[0]
        shares: dict[int, list[int]] = {}
        for n, packet in enumerate(batch.packets):
            given = inputs[n] if isinstance(inputs, list) else b""  # not here: the step is not keyed by it
            shares.setdefault(pool.owner(step.group(Request(packet).key, given)), []).append(n)
        return shares

    @staticmethod
    def _part(batch: Batch, share: list[int]) -> Batch:
        outputs = [[output[n] for n in share] if isinstance(output, list) else output for output in batch.outputs]
        # Those it shared so far are counted down by the parts, each for its own requests.
        return Batch([batch.packets[n] for n in share], batch.pipeline, batch.steps, outputs, batch.next, batch.replicas)

    def _end(self, batch: Batch) -> None:
        size = len(batch.packets)
        self._in_flight -= size
        for replica in batch.replicas:
            replica.in_flight -= size

    def _ended(self, batch: Batch, value: Any) -> None:
        """On a thread of Ray's. While nothing waits for room, the loop need not be woken."""
        at_ns = time.monotonic_ns()
        if self._hungry or isinstance(value, BaseException):
            self._loop.post(self._finished, batch, value, at_ns)
            return
        self._loop.note(self._end, batch)
        self._loop.finished(value if isinstance(value, list) else (value,), at_ns)
        self._loop.complete()

    def _finished(self, batch: Batch, value: Any, at_ns: int) -> None:
        if isinstance(value, BaseException):
            self._failed(batch, value)
            return
        self._end(batch)
        self._loop.finished(value if isinstance(value, list) else (value,), at_ns)

    # ---- faults
    def _failed(self, batch: Batch, error: BaseException) -> None:
        from ray.exceptions import RayActorError, RayTaskError
        self._end(batch)
        cause = getattr(error, "cause", None)
        death = error if isinstance(error, RayActorError) else cause
        if isinstance(error, RayTaskError) and not isinstance(cause, RayActorError):
            self._give_up(batch.packets, one_line(cause or error))  # a mistake of the actor's: it would fail again
            return
        actor_id = getattr(death, "actor_id", None)
        for replica in batch.replicas:
            if replica.actor_id == actor_id:
                self._pools[replica.stage.index].remove(replica)
        self.send_again(batch.packets, f"lost with an actor: {type(death or error).__name__}")

    def send_again(self, packets: list[bytes], reason: str) -> None:
        """Those that may run again, from their first step; the others have failed."""
        again: list[bytes] = []
        lost: list[bytes] = []
        for packet in packets:
            may = Request(packet).idempotent and bridge_packets.attempts(packet) < RESENDS_MAX
            (again if may else lost).append(packet)
        self.resent += len(again)
        self._waiting.put(map(bridge_packets.again, again))
        self._give_up(lost, reason)

    def _give_up(self, packets: list[bytes], reason: str) -> None:
        self.lost += len(packets)
        self._loop.complete([bridge_packets.failed(packet, reason) for packet in packets])

    # ---- membership, but for `drained` through the loop's call()
    def add(self, replicas: list[Replica]) -> None:
        for replica in replicas:
            self._pools[replica.stage.index].add(replica)
        parked, self._parked = self._parked, []
        for batch in parked:
            self._advance(batch)

    def counts(self) -> Json:
        return {"resent": self.resent, "lost": self.lost}

    def drained(self, replicas: list[Replica], timeout_s: float) -> bool:
        """From another thread: waits until they have finished what they had."""
        return wait_until(lambda: not self._loop.call(self._busy, replicas), timeout_s)

    @staticmethod
    def _busy(replicas: list[Replica]) -> bool:
        return any(replica.in_flight for replica in replicas)

    def remove(self, replicas: list[Replica]) -> list[Replica]:
        """Those that still served."""
        return [replica for replica in replicas if self._pools[replica.stage.index].remove(replica)]

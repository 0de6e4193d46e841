"""Requests on their way: batches that flow through the stages' actors as object references.

One thread owns all of it and takes messages from an inbox; Ray's callbacks only put there. In mode per_request a batch is
one request, in mode micro_batch up to `frame` of what waits. A batch's steps are sent at once, each taking the references
of its inputs, and nobody waits between stages: Ray passes the outputs on. The exception is a step that is keyed by its
input, and, for batches, any keyed step: there the packets must come here to be routed.
"""
from __future__ import annotations

import queue
import threading
import traceback
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import bridge_packets
from bridge_errors import one_line
from bridge_queue import WorkQueue, order_of
from bridge_types import Complete
from bridge_workload import KEY_INPUT, Description, Execution, Step
from ray_pool import Pool, Replica

Result = TypeVar("Result")

RESENDS_MAX = 5
_CALL_S = 30


class Batch:
    """Requests of one pipeline. `outputs` per step: a reference, or a list of packets once they came here."""

    __slots__ = ("executions", "next", "outputs", "pipeline", "replicas", "waits")

    def __init__(self, executions: list[Execution], outputs: list[Any] | None = None, next_step: int = 0,
                 replicas: Iterable[Replica] = ()) -> None:
        self.executions = executions
        self.pipeline = executions[0].request.pipeline
        self.outputs: list[Any] = outputs or [None] * len(executions[0].steps)
        self.next = next_step
        self.replicas = list(replicas)
        self.waits = 0

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.executions[0].steps

    def inputs(self, step: Step) -> list[Any]:
        if not step.inputs:
            return [[execution.packet for execution in self.executions]]
        return [self.outputs[i] for i in step.inputs]


class Dispatcher:
    def __init__(self, description: Description, complete: Complete, pools: dict[int, Pool]) -> None:
        self._pipelines = description.pipelines
        self._complete, self._pools = complete, pools
        options = description.options
        self._frame: int = options["frame"] if options["mode"] == "micro_batch" else 1
        self._window_option: int = options["window"]
        order = order_of(description)
        self._queue: WorkQueue[Execution] = WorkQueue(lambda execution: order(execution.request))
        self._inbox: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()  # a function and its arguments
        self._in_flight = 0
        self._parked: list[Batch] = []  # batches whose next stage has no replica now
        self.resent = self.lost = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def window(self) -> int:
        """Requests in flight at most: what waits beyond it waits in order of priority."""
        replicas = sum(len(pool.live) for pool in self._pools.values())
        return self._window_option or max(16, 4 * replicas * self._frame)

    # ---- any thread
    def submit(self, packets: list[bytes]) -> None:
        self._inbox.put((self._take, packets))

    def call(self, function: Callable[..., Result], *arguments: object) -> Result:
        """Runs it on the dispatcher's thread and gives what it gave."""
        answer: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._inbox.put((lambda: answer.put(function(*arguments)),))
        return answer.get(timeout=_CALL_S)

    def close(self) -> None:
        self._inbox.put(None)

    # ---- the dispatcher's thread
    def _serve(self) -> None:
        while (message := self._inbox.get()) is not None:
            try:
                message[0](*message[1:])
                if self._inbox.empty():
                    self._admit()
            except Exception:
                traceback.print_exc()

    def _take(self, packets: list[bytes]) -> None:
        executions = []
        for packet in packets:
            request = bridge_packets.Request(packet)
            executions.append(Execution(request, self._pipelines[request.pipeline], packet))
        self._queue.put(executions)

    def _admit(self) -> None:
        window = self.window
        while self._in_flight < window:
            executions = self._queue.take(min(self._frame, window - self._in_flight), timeout_s=0)
            if not executions:
                return
            self._in_flight += len(executions)
            by_pipeline: dict[int, list[Execution]] = {}
            for execution in executions:
                by_pipeline.setdefault(execution.request.pipeline, []).append(execution)
            for group in by_pipeline.values():
                self._advance(Batch(group))

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
                    self._give_up(batch.executions, f"worker {number} of stage '{step.stage.name}' is gone, and with it its "
                                                    "keys' state")
                    return
            replica.in_flight += len(batch.executions)
            batch.replicas.append(replica)
            batch.outputs[step.index] = replica.actor.run.remote(batch.pipeline, step.index, *batch.inputs(step))
            batch.next += 1
        batch.outputs[-1].future().add_done_callback(lambda future: self._inbox.put((self._finished, batch, future)))

    @staticmethod
    def _needed(batch: Batch, step: Step) -> Iterable[int]:
        """Outputs that must be here before a keyed step can be routed: for its key, and to part a batch."""
        if len(batch.executions) > 1:
            return range(batch.next)
        return step.inputs[:1] if step.stage.key_by == KEY_INPUT else ()

    def _fetch(self, batch: Batch, outputs: Iterable[int]) -> bool:
        missing = [i for i in outputs if not isinstance(batch.outputs[i], list)]
        batch.waits = len(missing)
        for i in missing:
            batch.outputs[i].future().add_done_callback(
                lambda future, i=i: self._inbox.put((self._fetched, batch, i, future)))
        return bool(missing)

    def _fetched(self, batch: Batch, i: int, future: Any) -> None:
        batch.waits -= 1
        if error := future.exception():
            if batch.waits >= 0:
                batch.waits = -len(batch.steps)  # those still to come find it ended
                self._failed(batch, error)
            return
        batch.outputs[i] = future.result()
        if batch.waits == 0:
            self._advance(batch)

    @staticmethod
    def _by_owner(batch: Batch, step: Step, pool: Pool) -> dict[int, list[int]]:
        inputs = batch.inputs(step)[0]
        shares: dict[int, list[int]] = {}
        for n, execution in enumerate(batch.executions):
            packet = inputs[n] if isinstance(inputs, list) else b""  # not here: the step is not keyed by it
            shares.setdefault(pool.owner(step.group(execution.request.key, packet)), []).append(n)
        return shares

    @staticmethod
    def _part(batch: Batch, share: list[int]) -> Batch:
        outputs = [[output[n] for n in share] if isinstance(output, list) else output for output in batch.outputs]
        # Those it shared so far are counted down by the parts, each for its own requests.
        return Batch([batch.executions[n] for n in share], outputs, batch.next, batch.replicas)

    def _end(self, batch: Batch) -> None:
        size = len(batch.executions)
        self._in_flight -= size
        for replica in batch.replicas:
            replica.in_flight -= size

    def _finished(self, batch: Batch, future: Any) -> None:
        if error := future.exception():
            self._failed(batch, error)
            return
        self._end(batch)
        self._complete(future.result())

    # ---- faults
    def _failed(self, batch: Batch, error: BaseException) -> None:
        from ray.exceptions import RayActorError, RayTaskError
        self._end(batch)
        cause = getattr(error, "cause", None)
        death = error if isinstance(error, RayActorError) else cause
        if isinstance(error, RayTaskError) and not isinstance(cause, RayActorError):
            self._give_up(batch.executions, one_line(cause or error))  # a mistake of the actor's: it would fail again
            return
        actor_id = getattr(death, "actor_id", None)
        for replica in batch.replicas:
            if replica.actor_id == actor_id:
                self._pools[replica.stage.index].remove(replica)
        again: list[Execution] = []
        lost: list[Execution] = []
        for execution in batch.executions:
            may = execution.request.idempotent and bridge_packets.attempts(execution.packet) < RESENDS_MAX
            (again if may else lost).append(execution)
        self.resent += len(again)
        self._queue.put([Execution(e.request, e.steps, bridge_packets.again(e.packet)) for e in again])
        self._give_up(lost, f"lost with an actor: {type(death or error).__name__}")

    def _give_up(self, executions: list[Execution], reason: str) -> None:
        self.lost += len(executions)
        self._complete([bridge_packets.failed(execution.packet, reason) for execution in executions])

    # ---- membership, through call()
    def add(self, replicas: list[Replica]) -> None:
        for replica in replicas:
            self._pools[replica.stage.index].add(replica)
        parked, self._parked = self._parked, []
        for batch in parked:
            self._advance(batch)

    def remove(self, replicas: list[Replica]) -> list[Replica]:
        """Those that still served."""
        return [replica for replica in replicas if self._pools[replica.stage.index].remove(replica)]

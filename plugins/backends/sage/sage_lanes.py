"""Mode lanes: streaming pipelines of SAGE's LocalEnvironment side by side, fed from one queue.

A lane is SAGE's own source -> map per step -> sink, on one thread of its own; a lane runs a whole request. A lane carries
frames of requests, one at a time while few are waiting. What the bridge adds: the queue, the choice of a frame's size, and
key groups for keyed stages, whose state all lanes of the process share under a lock.
"""
from __future__ import annotations

import itertools
import threading
from typing import Any, cast

from sage.foundation import MapFunction, SinkFunction, SourceFunction
from sage.runtime import LocalEnvironment

import bridge_packets
from bridge_errors import Unsupported
from bridge_queue import Lines, WorkQueue, order_of, wait_until
from bridge_types import Complete, Event, Json, Runtime
from bridge_workload import Description, Execution, KeyedOperators, Step, Workload, packet_of


class Killed(Exception):
    """Raised inside a lane's operator by the fault kill-worker."""


class Lane:
    """One LocalEnvironment with operator instances of its own."""

    def __init__(self, number: int, lanes: Lanes) -> None:
        self.number, self.lanes = number, lanes
        self.operators = {stage.index: lanes.workload.operator(stage, number, lanes.description.parallelism)
                          for stage in lanes.description.stages if not stage.keyed}
        self._frame: list[Execution] = []  # in the lane now
        self._holding = threading.Lock()
        self.killed = False  # the next execution raises
        self.leaving = False  # takes nothing more
        self.environment = LocalEnvironment(f"lane{number}")
        stream = self.environment.from_source(self._source(), delay=0.0)
        for position in range(lanes.longest):
            stream = stream.map(self._step(position))
        stream.sink(self._sink())
        self.environment.submit(autostop=False)

    def _source(self) -> Any:
        lane = self

        class Source(SourceFunction):  # type: ignore[misc]
            def execute(self, data: object = None) -> list[Execution] | None:
                if lane.leaving:
                    return None
                lanes = lane.lanes
                lane._frame = lanes.queue.take(lanes.frame_max, max(1, len(lanes.lanes)), timeout_s=0.05, taken=lanes.taken)
                return lane._frame or None

        return Source

    def _step(self, position: int) -> Any:
        lane = self

        class Map(MapFunction):  # type: ignore[misc]
            def execute(self, frame: list[Execution]) -> list[Execution]:
                for execution in frame:
                    if position < len(execution.steps):
                        lane.execute(execution, execution.steps[position])
                return frame

        return Map

    def _sink(self) -> Any:
        lane = self

        class Sink(SinkFunction):  # type: ignore[misc]
            def execute(self, frame: list[Execution]) -> None:
                lane.lanes.complete(cast("list[bytes]", [execution.result for execution in lane.take_frame()]))

        return Sink

    def idle(self) -> bool:
        return not self._frame

    def take_frame(self) -> list[Execution]:
        """What is in the lane is either delivered by its sink or lost to a fault, never both."""
        with self._holding:
            frame, self._frame = self._frame, []
            return frame

    def execute(self, execution: Execution, step: Step) -> None:
        if self.killed:
            raise Killed(f"lane {self.number} was killed")  # SAGE ends the source's thread
        packets = execution.inputs(step)
        keyed = self.lanes.keyed.get(step.stage.index)
        if keyed is None:
            execution.outputs[step.index] = self.operators[step.stage.index].run(step.index, packets)
            return
        group = step.group(execution.request.key, packets[0])
        line = self.lanes.line_of(execution, step)
        if line is not None and not self.lanes.lines.await_turn(execution, line):
            raise Killed(f"lane {self.number} was killed while it waited for its turn")
        try:
            execution.outputs[step.index] = keyed.run(group, step.index, packets)
        finally:
            if line is not None:
                self.lanes.lines.leave(execution, line)


class Lanes(Runtime):
    def __init__(self, description: Description, complete: Complete) -> None:
        self.description, self.complete = description, complete
        self.queue: WorkQueue[Execution] = WorkQueue(order_of(description, packet_of))
        self.frame_max: int = description.options["frame"]
        self.longest = max(len(steps) for steps in description.pipelines)
        self.workload = Workload(description.run)
        self.keyed = {stage.index: KeyedOperators(self.workload, stage) for stage in description.stages if stage.keyed}
        self.lines: Lines[Execution] = Lines()
        keyed_first = any(steps[0].stage.keyed for steps in description.pipelines)
        self.taken = self._line_up if keyed_first else None
        self.lanes: dict[int, Lane] = {}
        self._numbers = itertools.count()
        self._changing = threading.Lock()

    def start(self) -> Json:
        self._resize(self.description.parallelism)
        return {"mode": "lanes", "lanes": len(self.lanes), "node_capacity": [len(self.lanes)], "operators_in_driver": True,
                "scheduler": f"{self.description.order}, in the bridge's queue: not implemented by SAGE 0.3.2",
                "of_sage": "LocalEnvironment source -> map per step -> sink, one thread a lane",
                "of_the_bridge": "one queue for all lanes, frames, key groups"}

    def submit(self, packets: list[bytes]) -> None:
        pipelines = self.description.pipelines
        self.queue.put([Execution(packet, pipelines[bridge_packets.pipeline(packet)]) for packet in packets])

    def line_of(self, execution: Execution, step: Step) -> tuple[int, int] | None:
        """Of a first step that is keyed: requests come to it in the order in which lanes take them. What comes to a later
        one has no other order than that in which the steps before it end."""
        if step.index != 0 or not step.stage.keyed:
            return None
        return step.stage.index, step.group(execution.request.key, execution.packet)

    def _line_up(self, frame: list[Execution]) -> None:
        for execution in frame:
            if (line := self.line_of(execution, execution.steps[0])) is not None:
                self.lines.enter(execution, line)

    def control(self, event: Event) -> str:
        kind, target, args = event["kind"], event["target"], event["args"]
        with self._changing:
            if kind == "reconfigure" and target == "parallelism":
                self._resize(int(args["value"]))
                return f"{len(self.lanes)} lanes, for every stage: a lane runs whole requests"
            if target == "kill-worker" and kind == "fault":
                return self._kill(int(args["worker"]))
            if target == "kill-worker" and kind == "heal":
                number = int(args["worker"])
                if number not in self.lanes:
                    self.lanes[number] = Lane(number, self)
                return f"lane {number} started again"
        raise Unsupported(f"mode lanes has no event '{target}'; it has kill-worker (fault, heal) and parallelism")

    def _resize(self, count: int) -> None:
        while len(self.lanes) < count:
            number = next(self._numbers)
            if number not in self.lanes:
                self.lanes[number] = Lane(number, self)
        for number in sorted(self.lanes)[count:]:
            lane = self.lanes.pop(number)
            lane.leaving = True
            if not wait_until(lane.idle, 60):
                raise RuntimeError(f"lane {number} did not finish its requests within 60 s")
            lane.environment.close()

    def _kill(self, number: int) -> str:
        lane = self.lanes.pop(number, None)
        if lane is None:
            raise ValueError(f"there is no lane {number}; there are {sorted(self.lanes)}")
        lane.killed = lane.leaving = True
        lost = lane.take_frame()  # its thread dies in the next operator it calls; an idle lane just ends
        for execution in lost:
            if (line := self.line_of(execution, execution.steps[0])) is not None:
                self.lines.leave(execution, line)
        again = [Execution(bridge_packets.again(e.packet), e.steps) for e in lost if e.request.idempotent]
        self.queue.put(again)
        self.complete([bridge_packets.failed(e.latest, f"lost with lane {number}") for e in lost if not e.request.idempotent])
        lane.environment.close()
        return f"{len(lost)} requests were in the lane: {len(again)} sent again, {len(lost) - len(again)} lost"

    def close(self) -> None:
        self.queue.close()
        for lane in self.lanes.values():
            lane.leaving = True
            lane.environment.close()

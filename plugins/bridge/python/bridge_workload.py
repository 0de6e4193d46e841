"""The run's workload as a runtime sees it: stages, pipelines, and the operators' own machine code through ctypes.

ctypes lets go of the interpreter's lock while an operator runs, so replicas on threads really run side by side.
"""
from __future__ import annotations

import ctypes
import dataclasses
import threading
from collections.abc import Iterable, Sequence
from typing import cast

import bridge_packets
from bridge_packets import Request
from bridge_types import Json

KEY_NONE, KEY_REQUEST, KEY_INPUT = range(3)
KEY_GROUPS = 64  # of a keyed stage; each has an operator instance and so a state of its own


@dataclasses.dataclass(frozen=True)
class Stage:
    index: int
    name: str
    operator: str
    config: str
    key_by: int
    parallelism: int

    @property
    def keyed(self) -> bool:
        return self.key_by != KEY_NONE


@dataclasses.dataclass(frozen=True)
class Step:
    index: int
    stage: Stage
    inputs: tuple[int, ...]  # indices of the steps whose outputs it takes; empty: the request itself

    def group(self, key: int, packet: bytes) -> int:
        """The key group that serves it. `packet` is its first input."""
        return bridge_packets.mix(key if self.stage.key_by == KEY_REQUEST else bridge_packets.input_key(packet)) % KEY_GROUPS


class Description:
    """What OPEN said."""

    def __init__(self, run: Json) -> None:
        self.run = run
        self.options: Json = run["options"]
        self.nodes: int = run["nodes"]
        self.parallelism: int = run["parallelism"]
        self.scheduler: str = run["scheduler"]
        self.scratch_dir: str = run["scratch_dir"]
        self.stages = [Stage(i, s["name"], s["operator"], s["config"], s["key_by"], s["parallelism"])
                       for i, s in enumerate(run["stages"])]
        self.pipelines = [tuple(Step(i, self.stages[s["stage"]], tuple(s["inputs"])) for i, s in enumerate(p["steps"]))
                          for p in run["pipelines"]]
        self.slo_ns: list[int] = [c["slo_response_ns"] for c in run["classes"]]
        # Of the run's driver processes: the first, 0, starts the runtime and gives `to_join`, which the others get.
        self.driver: int = run.get("driver", 0)
        self.drivers: int = run.get("drivers", 1)
        self.join: Json = run.get("join") or {}

    @property
    def order(self) -> str:
        """The order in which requests wait."""
        return "fifo" if self.scheduler in ("", "default") else self.scheduler

    def only_step(self, stage: Stage) -> Step | None:
        """The step that the stage executes, if there is just one."""
        steps = [step for pipeline in self.pipelines for step in pipeline if step.stage is stage]
        return steps[0] if len(steps) == 1 else None

    def stage(self, name: str) -> Stage:
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise ValueError(f"there is no stage '{name}'; the stages are: {', '.join(s.name for s in self.stages)}")


class Workload:
    """The workload's library, opened in this process once; its operators as instances."""

    def __init__(self, run: Json) -> None:
        self._library = ctypes.CDLL(run["worker_library"])
        self._open_operator = self._library.sbw_operator_open
        self._open_operator.restype = ctypes.c_void_p
        self._open_operator.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint32, ctypes.c_uint32,
                                        ctypes.c_char_p, ctypes.c_uint64]
        self._library.sbw_open.restype = ctypes.c_void_p
        self._library.sbw_open.argtypes = [ctypes.c_char_p] * 4 + [ctypes.c_uint64]
        run_one = self._library.sbw_run
        run_one.restype = ctypes.c_int64
        run_one.argtypes = [ctypes.c_void_p, ctypes.c_uint16, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_uint32,
                            ctypes.POINTER(ctypes.c_char_p), ctypes.POINTER(ctypes.c_uint64),
                            ctypes.POINTER(ctypes.c_void_p)]
        self.run_one = run_one
        workload = run["workload"]
        self._error = ctypes.create_string_buffer(4096)
        self._self = self._checked(self._library.sbw_open(workload["library"].encode(), workload["id"].encode(),
                                                          workload["config"].encode(), self._error, len(self._error)))

    def operator(self, stage: Stage, replica: int, replicas: int, node: int = 0) -> Operator:
        """One replica's instance of the stage's operator; one thread at a time may run it."""
        pointer = self._open_operator(self._self, stage.operator.encode(), stage.config.encode(), replica, replicas,
                                      self._error, len(self._error))
        return Operator(self, self._checked(pointer), stage, node)

    def _checked(self, pointer: int | None) -> int:
        if not pointer:
            raise RuntimeError(self._error.value.decode("utf-8", "replace"))
        return pointer


class Operator:
    def __init__(self, workload: Workload, pointer: int, stage: Stage, node: int) -> None:
        self._run, self._pointer, self._stage, self._node = workload.run_one, pointer, stage.index, node
        self._out = ctypes.c_void_p()
        self._out_pointer = ctypes.byref(self._out)
        self._inputs = {n: ((ctypes.c_char_p * n)(), (ctypes.c_uint64 * n)()) for n in (1,)}

    def run(self, step: int, packets: Sequence[bytes]) -> bytes:
        """Executes the step; always gives a packet of the request."""
        n = len(packets)
        if n not in self._inputs:
            self._inputs[n] = ((ctypes.c_char_p * n)(), (ctypes.c_uint64 * n)())
        inputs, sizes = self._inputs[n]
        for i, packet in enumerate(packets):
            inputs[i] = packet
            sizes[i] = len(packet)
        size = self._run(self._pointer, self._stage, step, self._node, n, inputs, sizes, self._out_pointer)
        if size < 0:
            return bridge_packets.failed(packets[0], "the packet was damaged on its way through the runtime")
        return ctypes.string_at(self._out, size)


class KeyedOperators:
    """The instances of a keyed stage in this process, one a key group, opened when its first key comes. Whoever runs a
    group holds its lock, so a key's requests are served one after the other whatever thread they come on."""

    def __init__(self, workload: Workload, stage: Stage, node: int = 0) -> None:
        self._workload, self._stage, self._node = workload, stage, node
        self._groups: list[Operator | None] = [None] * KEY_GROUPS
        self._locks = [threading.Lock() for _ in range(KEY_GROUPS)]

    def run(self, group: int, step: int, packets: Sequence[bytes]) -> bytes:
        with self._locks[group]:
            operator = self._groups[group]
            if operator is None:
                operator = self._groups[group] = self._workload.operator(self._stage, group, KEY_GROUPS, self._node)
            return operator.run(step, packets)


class Execution:
    """A request on its way: its own packet and what each step gave so far."""

    __slots__ = ("outputs", "packet", "steps")

    def __init__(self, packet: bytes, steps: tuple[Step, ...]) -> None:
        self.packet, self.steps = packet, steps
        self.outputs: list[bytes | None] = [None] * len(steps)

    @property
    def request(self) -> Request:
        return Request(self.packet)

    def inputs(self, step: Step) -> list[bytes]:
        """Those that the step takes have been executed."""
        return cast("list[bytes]", [self.outputs[i] for i in step.inputs]) if step.inputs else [self.packet]

    @property
    def result(self) -> bytes | None:
        return self.outputs[-1]

    @property
    def latest(self) -> bytes:
        """The packet that knows most; for an error's message."""
        return next((packet for packet in reversed(self.outputs) if packet is not None), self.packet)


def packet_of(execution: Execution) -> bytes:
    return execution.packet


class StagePool:
    """The replicas of the stages in this process. A stage's executions share `parallelism` instances of its operator,
    whichever pipeline or thread they come from; a keyed stage has its state in key groups beside."""

    def __init__(self, workload: Workload, stages: Iterable[Stage], node: int = 0) -> None:
        self._workload, self._node = workload, node
        self._free: dict[int, list[Operator | None]] = {stage.index: [] for stage in stages}
        self._keyed = {stage.index: KeyedOperators(workload, stage, node) for stage in stages if stage.keyed}
        self._changed = threading.Condition()
        self._size = {stage.index: 0 for stage in stages}
        self._excess = {stage.index: 0 for stage in stages}
        for stage in stages:
            self.resize(stage, stage.parallelism)

    def size(self, stage: Stage) -> int:
        return self._size[stage.index]

    def resize(self, stage: Stage, replicas: int) -> None:
        """What is above the new number ends after its present execution."""
        i = stage.index
        with self._changed:
            more = replicas - self._size[i]
            self._size[i] = replicas
            revived = min(max(more, 0), self._excess[i])
            self._excess[i] -= revived
            more -= revived
            while more < 0 and self._free[i]:
                self._free[i].pop()
                more += 1
            if more < 0:
                self._excess[i] -= more
        # None, a keyed stage's replica, is a permit to run one of its groups.
        fresh = [None if stage.keyed else self._workload.operator(stage, n, replicas, self._node)
                 for n in range(max(more, 0))]
        with self._changed:
            self._free[i].extend(fresh)
            self._changed.notify_all()

    def run(self, step: Step, request: bytes, packets: Sequence[bytes]) -> bytes:
        """Executes the step when a replica is free; gives its packet. `request` is the request's own."""
        i = step.stage.index
        with self._changed:
            self._changed.wait_for(lambda: self._free[i])
            replica = self._free[i].pop()
        try:
            if replica is None:
                return self._keyed[i].run(step.group(Request(request).key, packets[0]), step.index, packets)
            return replica.run(step.index, packets)
        finally:
            with self._changed:
                if self._excess[i]:
                    self._excess[i] -= 1
                else:
                    self._free[i].append(replica)
                    self._changed.notify_all()

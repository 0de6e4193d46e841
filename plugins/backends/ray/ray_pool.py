"""Pools of actors: the replicas of a stage, each an actor and so a process of its own.

A stage's replicas serve every pipeline and step that names it. Who changes a pool's members is the dispatcher's thread;
actors are started and ended elsewhere, because that takes its time.
"""
from __future__ import annotations

import itertools
import os
import secrets
import struct
from typing import Any, Union, cast

from bridge_packets import Request
from bridge_types import Json
from bridge_workload import KEY_GROUPS, Description, KeyedOperators, Stage, Step, Workload
from ray_cluster import RayCluster

PLACE = struct.Struct("<HH")  # pipeline and step, as bytes: Ray passes them on as they are, which numbers cost more than
Packets = Union[bytes, list[bytes]]


class StageActor:
    """Inside Ray's worker process. One call at a time: Ray's own default for an actor."""

    def __init__(self, run: Json, stage_index: int, number: int, replicas: int, node: int) -> None:
        description = Description(run)
        workload = Workload(run)
        stage = description.stages[stage_index]
        self._pipelines = description.pipelines
        self._only_step = description.only_step(stage)
        self._keyed = KeyedOperators(workload, stage, node) if stage.keyed else None
        self._operator = None if stage.keyed else workload.operator(stage, number, replicas, node)

    def ready(self) -> int:
        return os.getpid()

    def run(self, *inputs: Packets) -> Packets:
        """A step of one request, or of some of one pipeline: a packet or a list of them an input, and one out. Which step comes
        first, where the stage is more than one."""
        step = self._only_step
        if step is None:
            pipeline, number = PLACE.unpack(cast("bytes", inputs[0]))
            step, inputs = self._pipelines[pipeline][number], inputs[1:]
        if isinstance(inputs[0], list):
            return [self._execute(step, packets) for packets in zip(*cast("tuple[list[bytes], ...]", inputs))]
        return self._execute(step, cast("tuple[bytes, ...]", inputs))

    def _execute(self, step: Step, packets: tuple[bytes, ...]) -> bytes:
        if self._operator is not None:
            return self._operator.run(step.index, packets)
        assert self._keyed is not None
        return self._keyed.run(step.group(Request(packets[0]).key, packets[0]), step.index, packets)


class Replica:
    __slots__ = ("actor", "actor_id", "call", "in_flight", "last_call", "name", "node", "number", "pid", "stage")

    def __init__(self, stage: Stage, number: int, node: int, actor: Any, name: str = "") -> None:
        self.stage, self.number, self.node, self.actor = stage, number, node, actor
        self.name = name  # by which other drivers find it
        self.call = actor.run.remote
        self.actor_id: str = actor._actor_id.hex()
        self.pid = 0
        self.in_flight = 0  # requests on their way that pass through it; the dispatcher's
        self.last_call = 0  # its number; likewise


    def row(self) -> Json:
        """For drivers that join."""
        return {"stage": self.stage.index, "number": self.number, "node": self.node, "name": self.name}


class Pool:
    def __init__(self, description: Description, stage: Stage) -> None:
        self.stage = stage
        self.only_step = description.only_step(stage) is not None
        self.per_node = stage.parallelism
        self.live: list[Replica] = []
        # Key groups belong to workers by number for the whole run: state cannot move between processes.
        self.owners = stage.parallelism * description.nodes
        self.by_number: dict[int, Replica] = {}

    def add(self, replica: Replica) -> None:
        self.live.append(replica)
        self.by_number[replica.number] = replica

    def remove(self, replica: Replica) -> bool:
        """False: it was gone already."""
        if replica not in self.live:
            return False
        self.live.remove(replica)
        if self.by_number.get(replica.number) is replica:
            del self.by_number[replica.number]
        return True

    def least_busy(self) -> Replica | None:
        """Of equals the one that was called longest ago: else the first would have all there is of a small load."""
        return min(self.live, key=lambda replica: (replica.in_flight, replica.last_call), default=None)

    def owner(self, group: int) -> int:
        """The worker's number."""
        return group * self.owners // KEY_GROUPS

    def on(self, node: int) -> list[Replica]:
        return sorted((r for r in self.live if r.node == node), key=lambda r: r.number)

    def find(self, number: int) -> Replica:
        if number not in self.by_number:
            raise ValueError(f"stage '{self.stage.name}' has no worker {number}; it has {sorted(self.by_number)}")
        return self.by_number[number]

    def free_numbers(self, count: int) -> list[int]:
        numbers: list[int] = []
        n = 0
        while len(numbers) < count:
            if n not in self.by_number:
                numbers.append(n)
            n += 1
        return numbers


Wanted = tuple[Pool, int, int]  # pool, worker's number, node's index


class Actors:
    """Starts and ends actors."""

    def __init__(self, description: Description, cluster: RayCluster) -> None:
        import ray
        self._ray = ray
        self._description, self._cluster = description, cluster
        self._timeout_s: float = description.options["actor_timeout_s"]
        # Never restarted nor retried by Ray: a step would run twice for a request that must not.
        self._class = ray.remote(num_cpus=0, max_restarts=0, max_task_retries=0)(StageActor)
        self._run = ray.put(description.run)
        self.namespace = "sage-host-" + secrets.token_hex(8)
        self._count = itertools.count()

    def start(self, wanted: list[Wanted]) -> list[Replica]:
        """Side by side, all or none."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
        replicas = []
        for pool, number, node in wanted:
            where = NodeAffinitySchedulingStrategy(self._cluster.find(node).node_id, soft=False)
            name = f"replica-{next(self._count)}"
            known = {"name": name, "namespace": self.namespace} if self._description.drivers > 1 else {}
            # In order a request waits for the inputs of the one sent before it, which keys need and others do not.
            actor = self._class.options(allow_out_of_order_execution=not pool.stage.keyed, scheduling_strategy=where, **known).remote(
                self._run, pool.stage.index, number, max(pool.owners, number + 1), node)
            replicas.append(Replica(pool.stage, number, node, actor, name))
        try:
            pids = self._ray.get([replica.actor.ready.remote() for replica in replicas], timeout=self._timeout_s)
        except self._ray.exceptions.GetTimeoutError:
            self._end_all(replicas)
            raise RuntimeError(f"Ray did not schedule {len(replicas)} actors within {self._timeout_s:g} s; give it longer "
                               "with --set ray.actor_timeout_s=...") from None
        except Exception:
            self._end_all(replicas)
            raise
        for replica, pid in zip(replicas, pids):
            replica.pid = pid
        return replicas

    def _end_all(self, replicas: list[Replica]) -> None:
        for replica in replicas:
            self.end(replica)

    def end(self, replica: Replica) -> None:
        self._ray.kill(replica.actor, no_restart=True)

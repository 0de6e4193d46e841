"""A client of SAGE's nodes: requests go to actors on them, called by SAGE's own transport, in batches.

SAGE opens a TCP connection a message, so requests travel in frames; a node takes a request as far as it can, which is to
its end unless a keyed stage's state is on another node. What SAGE does not do, the bridge does: choose the node, notice
that one has died, and send again what was lost where the workload allows it.
"""
from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Collection
from concurrent.futures import TimeoutError as CallTimeout  # the built-in one since Python 3.11
from typing import Any

import sage.runtime.flownet as flownet
from sage.runtime.flownet.runtime.actors.comm_bridge import call_actor_via_comm
from sage.runtime.flownet.runtime.actors.registry import V1ActorRef

import bridge_packets
from bridge_errors import one_line
from bridge_queue import WorkQueue, order_of, wait_until
from bridge_types import Complete, Json, Runtime
from bridge_workload import Description, Execution, packet_of
from sage_flows import free_port
from sage_node import SLOTS_MAX, owner_of

_LOOK_S = 0.05  # a call that waits looks this often whether its node has died


class NodeDied(Exception):
    pass


class Node:
    """A node process. `process`: its number, where it is of this machine and ours."""

    def __init__(self, index: int, control: str, data: str, process: int | None = None) -> None:
        self.index, self.control, self.data, self.process = index, control, data, process
        self.serving = False
        self.busy = 0  # calls under way
        self.threads = 0  # of this side, one a slot
        self._handle = None if process is None else os.pidfd_open(process)  # readable when it has ended

    @property
    def dead(self) -> bool:
        if self._handle is None:
            return False
        ended = select.poll()  # of this call: two threads may not poll one at a time
        ended.register(self._handle, select.POLLIN)
        return bool(ended.poll(0))

    def row(self) -> Json:
        """For clients that join."""
        return {"index": self.index, "control": self.control, "data": self.data, "process": self.process}


class Calls(Runtime):
    def __init__(self, description: Description, complete: Complete) -> None:
        self.description, self.complete = description, complete
        self.queue: WorkQueue[Execution] = WorkQueue(order_of(description, packet_of))
        self.frame_max: int = description.options["frame"]
        self.timeout_s: float = description.options["call_timeout_s"]
        self.replicas = {stage.index: stage.parallelism for stage in description.stages}
        self.nodes: dict[int, Node] = {}
        self.owners = 0  # nodes that hold the keyed state; fixed when the run begins
        self._lines = self._slots  # of calls to a node, one after the other, among which keys are divided; likewise
        self.resent = self.lost = 0
        self._handle: Any = None

    def _bootstrap(self, seeds: list[str]) -> str:
        """Becomes a member of the cluster; gives its control address."""
        control, data = (f"127.0.0.1:{free_port()}" for _ in range(2))
        name = "sage-host-head" if self.description.driver == 0 else f"sage-host-client-{self.description.driver}"
        self._handle = flownet.bootstrap_node_runtime(
            node_id=name, bind_address=control, seeds=seeds, local_address=data, comm_transport_mode="tcp",
            gossip_interval=0.2, offline_timeout=2)
        return control

    @property
    def _slots(self) -> int:
        """Calls that this client has at a node at a time: its share of what the node can execute, and one at least."""
        return -(-min(SLOTS_MAX, sum(self.replicas.values())) // self.description.drivers)

    def _start_threads(self, node: Node) -> None:
        node.serving = True
        for n in range(node.threads, self._slots):
            slot = (self.description.driver + n * self.description.drivers) % SLOTS_MAX
            threading.Thread(target=self._drive, args=(node, slot, node.index * SLOTS_MAX + n), daemon=True).start()
            node.threads = n + 1

    def _call(self, node: Node, actor: str, argument: object, timeout_s: float) -> Any:
        host = self._handle.runtime_host
        target = V1ActorRef(address=node.data, actor_id=actor, method="run")
        call = host.submit_user_coro(call_actor_via_comm(host.actor_api, host.comm_hub, target, argument, timeout=timeout_s))
        deadline = time.monotonic() + timeout_s + 1
        while True:
            try:
                answer = call.result(_LOOK_S)
                break
            except CallTimeout:
                if call.done() or time.monotonic() > deadline:
                    raise
                if node.dead:
                    call.cancel()
                    raise NodeDied(f"node {node.index} died") from None
        if answer.get("mode") != "applied_actor_call":
            raise RuntimeError(f"{answer.get('error_type')}: {answer.get('message')}")
        return answer["result"]

    # ---- requests
    def submit(self, packets: list[bytes]) -> None:
        by_place: dict[int | None, list[Execution]] = {}
        for packet in packets:
            execution = Execution(packet, self.description.pipelines[bridge_packets.pipeline(packet)])
            by_place.setdefault(self._place(execution), []).append(execution)
        for place, executions in by_place.items():
            self._put(executions, place)

    def _put(self, executions: list[Execution], place: int | None) -> None:
        node = None if place is None else self.nodes.get(place // SLOTS_MAX)
        if place is not None and (node is None or node.dead):
            self._give_up(executions, f"node {place // SLOTS_MAX}, which holds its key's state, is gone")
        else:
            self.queue.put(executions, place)

    def _place(self, execution: Execution) -> int | None:
        """The node that must execute the next step, and the thread that calls it, so that requests of one key stay in
        order; None = any."""
        for step in execution.steps:
            if execution.outputs[step.index] is not None:
                continue
            if not step.stage.keyed:
                return None
            group = step.group(execution.request.key, execution.inputs(step)[0])
            return owner_of(group, self.owners) * SLOTS_MAX + group % self._lines
        return None

    def _drive(self, node: Node, slot: int, place: int) -> None:
        while not self.queue.closed and node.serving:
            sharers = sum(n.serving for n in self.nodes.values()) * self._slots
            batch = self.queue.take(self.frame_max, max(1, sharers), 0.2, place)
            if not batch:
                continue
            node.busy += 1
            try:
                self._execute(node, slot, batch)
            finally:
                node.busy -= 1

    def _execute(self, node: Node, slot: int, batch: list[Execution]) -> None:
        items = [[e.packet] + [output or b"" for output in e.outputs] for e in batch]
        try:
            items = self._call(node, f"slot{slot}", items, self.timeout_s)
        except Exception as e:
            self._lost(batch, f"lost with node {node.index}: {one_line(e)}")
            return
        done = []
        for execution, item in zip(batch, items):
            execution.outputs = [output or None for output in item[1:]]
            if execution.result is not None:
                done.append(execution.result)
            else:
                self._put([execution], self._place(execution))
        self.complete(done)

    def _lost(self, executions: Collection[Execution], reason: str) -> None:
        again = [Execution(bridge_packets.again(e.packet), e.steps) for e in executions if e.request.idempotent]
        self.resent += len(again)
        self.queue.put(again)
        self._give_up([e for e in executions if not e.request.idempotent], reason)

    def _give_up(self, executions: Collection[Execution], reason: str) -> None:
        self.lost += len(executions)
        self.complete([bridge_packets.failed(e.latest, reason) for e in executions])

    def counts(self) -> Json:
        return {"resent": self.resent, "lost": self.lost}

    # ---- changes, which every client of the run makes for itself
    def _leave(self, node: Node) -> None:
        """What waits for a node that was killed goes the way of what it had."""
        node.serving = False
        waiting = [e for line in range(self._lines) for e in self.queue.drop(node.index * SLOTS_MAX + line)]
        self._lost(waiting, f"node {node.index} was killed")

    def _let_go(self, index: int) -> None:
        """Of a node that is to be removed."""
        node = self.nodes[index]
        node.serving = False
        if not wait_until(lambda: node.busy == 0, self.timeout_s + 1):
            raise RuntimeError(f"node {index} did not finish its requests")
        del self.nodes[index]

    def _resize(self, stages: list[int], replicas: int) -> None:
        self.replicas.update((stage, replicas) for stage in stages)
        for node in self.nodes.values():
            if node.serving:
                self._start_threads(node)

    def close(self) -> None:
        self.queue.close()
        if self._handle is not None:
            threading.Thread(target=self._handle.shutdown, kwargs={"wait": False}, daemon=True).start()

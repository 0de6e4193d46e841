"""Mode flownet on several nodes: a SAGE node a process, actors on them called by SAGE's own transport, in batches.

SAGE opens a TCP connection a message, so requests travel in frames; a node takes a request as far as it can, which is to
its end unless a keyed stage's state is on another node. What SAGE does not do, the bridge does: choose the node, notice
that one has died, and send again what was lost where the workload allows it.
"""
from __future__ import annotations

import collections
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from concurrent.futures import TimeoutError as CallTimeout  # the built-in one since Python 3.11
from typing import Any

import sage.runtime.flownet as flownet
from sage.runtime.flownet.runtime.actors.comm_bridge import call_actor_via_comm
from sage.runtime.flownet.runtime.actors.registry import V1ActorRef

import bridge_packets
from bridge_errors import Unsupported, one_line
from bridge_queue import WorkQueue, order_of, wait_until
from bridge_types import Complete, Event, Json, Runtime
from bridge_workload import Description, Execution
from sage_flows import free_port
from sage_node import PREFIX, SLOTS_MAX, owner_of

_LOOK_S = 0.05  # a call that waits looks this often whether its node has died
_START_S = 30
_DEPLOY_S = 60


class NodeDied(Exception):
    pass


class Node:
    """One node: ours (a process of this machine) or one that was there."""

    def __init__(self, index: int, control: str, data: str, process: subprocess.Popen[bytes] | None = None) -> None:
        self.index, self.control, self.data, self.process = index, control, data, process
        self.serving = False
        self.busy = 0  # calls under way
        self.threads = 0  # of this side, one a slot

    @property
    def dead(self) -> bool:
        return self.process is not None and self.process.poll() is not None


class Nodes(Runtime):
    def __init__(self, description: Description, complete: Complete, network: str) -> None:
        self.description, self.complete, self.network = description, complete, network
        order = order_of(description)
        self.queue: WorkQueue[Execution] = WorkQueue(lambda execution: order(execution.request))
        self.frame_max: int = description.options["frame"]
        self.timeout_s: float = description.options["call_timeout_s"]
        self.keyed = [stage.name for stage in description.stages if stage.keyed]
        self.replicas = {stage.index: stage.parallelism for stage in description.stages}
        self.nodes: dict[int, Node] = {}
        self.owners = 0  # nodes that hold the keyed state; fixed when the run begins
        self.resent = self.lost = 0
        self._handle: Any = None
        self._changing = threading.Lock()

    # ---- the cluster
    def start(self) -> Json:
        seeds = [seed for seed in self.description.options["sage_seeds"].split(",") if seed]
        control, data = (f"127.0.0.1:{free_port()}" for _ in range(2))
        self._handle = flownet.bootstrap_node_runtime(
            node_id="sage-host-head", bind_address=control, seeds=seeds, local_address=data, comm_transport_mode="tcp",
            gossip_interval=0.2, offline_timeout=2)
        self._control = control
        if seeds:
            self._find(seeds)
        else:
            started = [self._launch(index) for index in range(self.description.nodes)]
            self.nodes = {node.index: node for node in started}
        self.owners = len(self.nodes)
        for node in self.nodes.values():
            self._serve(node)
        return {"mode": "flownet", "nodes": len(self.nodes), "network": self.network, "seeds": seeds, "frame": self.frame_max,
                "replicas_a_node": {stage.name: stage.parallelism for stage in self.description.stages},
                "node_capacity": [sum(self.replicas.values())] * len(self.nodes),
                "scheduler": f"{self.description.order}, in the bridge's queue: not implemented by SAGE 0.3.2",
                "of_sage": "node processes, membership, actors called by call_actor_via_comm over TCP",
                "of_the_bridge": "choice of the node, frames, replicas a stage, key groups, sending again after a fault"}

    def _launch(self, index: int, control: str | None = None, data: str | None = None) -> Node:
        control, data = (address or f"127.0.0.1:{free_port()}" for address in (control, data))
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sage_node.py")
        process = subprocess.Popen([sys.executable, "-s", "-u", "-B", script, "--bind", control, "--data", data, "--seeds",
                                    self._control, "--parent", str(os.getpid())], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE)
        node = Node(index, control, data, process)
        lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=lambda: collections.deque(map(lines.put, process.stdout or ()), 0), daemon=True).start()
        try:
            lines.get(timeout=_START_S)
        except queue.Empty:
            process.kill()
            raise RuntimeError(f"node {index} did not start within {_START_S} s") from None
        return node

    def _find(self, seeds: list[str]) -> None:
        """Nodes that were started by hand; their ids tell their data addresses."""
        def found() -> list[tuple[str, str]]:
            view = self._handle.node_runtime.cluster_view_snapshot(schema="v1")["nodes"]
            return sorted((n["address"], n["node_id"][len(PREFIX):]) for n in view
                          if n["healthy"] and n["node_id"].startswith(PREFIX))

        wanted = self.description.nodes
        if not wait_until(lambda: len(found()) >= wanted, _START_S):
            raise Unsupported(f"the cluster at {','.join(seeds)} has {len(found())} nodes that serve sage-host, not {wanted}; "
                              "start more with sage_node.py, or lower --nodes")
        self.nodes = {i: Node(i, control, data) for i, (control, data) in enumerate(found()[:wanted])}

    def _serve(self, node: Node) -> None:
        self._tell(node, b"open", {"run": self.description.run, "index": node.index, "owners": self.owners})
        node.serving = True
        for slot in range(min(SLOTS_MAX, sum(self.replicas.values()))):
            threading.Thread(target=self._drive, args=(node, slot), daemon=True).start()

    def _tell(self, node: Node, kind: bytes, body: Json) -> None:
        answer = self._call(node, "deploy", [kind, json.dumps(body).encode()], _DEPLOY_S)
        if answer != b"ok":
            raise RuntimeError(f"node {node.index}: {answer.decode('utf-8', 'replace').lstrip('!')}")

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
            request = bridge_packets.Request(packet)
            execution = Execution(request, self.description.pipelines[request.pipeline], packet)
            by_place.setdefault(self._place(execution), []).append(execution)
        for place, executions in by_place.items():
            self._put(executions, place)

    def _put(self, executions: list[Execution], place: int | None) -> None:
        node = None if place is None else self.nodes.get(place)
        if place is not None and (node is None or node.dead):
            self._give_up(executions, f"node {place}, which holds its key's state, is gone")
        else:
            self.queue.put(executions, place)

    def _place(self, execution: Execution) -> int | None:
        """The node that must execute the next step; None = any."""
        for step in execution.steps:
            if execution.outputs[step.index] is not None:
                continue
            if not step.stage.keyed:
                return None
            return owner_of(step.group(execution.request.key, execution.inputs(step)[0]), self.owners)
        return None

    def _drive(self, node: Node, slot: int) -> None:
        process = node.process
        while not self.queue.closed and node.serving and node.process is process:
            sharers = sum(n.serving for n in self.nodes.values()) * sum(self.replicas.values())
            batch = self.queue.take(self.frame_max, max(1, sharers), 0.2, node.index)
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
        again = [Execution(e.request, e.steps, bridge_packets.again(e.packet)) for e in executions if e.request.idempotent]
        self.resent += len(again)
        self.queue.put(again)
        self._give_up([e for e in executions if not e.request.idempotent], reason)

    def _give_up(self, executions: Collection[Execution], reason: str) -> None:
        self.lost += len(executions)
        self.complete([bridge_packets.failed(e.latest, reason) for e in executions])

    # ---- control events
    def control(self, event: Event) -> str:
        kind, target, args = event["kind"], event["target"], event["args"]
        with self._changing:
            if kind == "reconfigure":
                return self._reconfigure(target, args)
            node = self.nodes.get(int(args.get("node", 0)))
            if node is None:
                raise ValueError(f"there is no node {args.get('node')}; there are {sorted(self.nodes)}")
            if node.process is None:
                raise Unsupported("nodes that the run did not start are not its to harm")
            if target == "kill-node":
                return self._kill(node, node.process) if kind == "fault" else self._revive(node)
            if target == "freeze-node":
                node.process.send_signal(signal.SIGSTOP if kind == "fault" else signal.SIGCONT)
                return ""
        raise Unsupported(f"SAGE on several nodes has no event '{target}'; it has kill-node and freeze-node (fault, heal), "
                          "parallelism, add-node and remove-node")

    def _kill(self, node: Node, process: subprocess.Popen[bytes]) -> str:
        node.serving = False
        process.kill()
        process.wait(10)
        self._lost(self.queue.drop(node.index), f"node {node.index} was killed")
        return f"sent again so far {self.resent}, lost {self.lost}"

    def _revive(self, node: Node) -> str:
        fresh = self._launch(node.index, node.control, node.data)
        node.process = fresh.process
        self._serve(node)
        return f"node {node.index} serves again" + (", its keyed state empty" if self.keyed else "")

    def _reconfigure(self, target: str, args: Json) -> str:
        if target == "parallelism":
            stages = [self.description.stage(args["stage"])] if args.get("stage") else self.description.stages
            replicas = int(args["value"])
            for node in self.nodes.values():
                if node.serving:
                    self._tell(node, b"resize", {"stages": [stage.index for stage in stages], "replicas": replicas})
            before = min(SLOTS_MAX, sum(self.replicas.values()))
            self.replicas.update((stage.index, replicas) for stage in stages)
            for node in self.nodes.values():
                for slot in range(before, min(SLOTS_MAX, sum(self.replicas.values()))):
                    threading.Thread(target=self._drive, args=(node, slot), daemon=True).start()
            return f"{replicas} replicas a node"
        if target == "add-node":
            index = max(self.nodes, default=-1) + 1
            node = self._launch(index)
            self.nodes[index] = node
            self._serve(node)
            return f"node {index}" + (", for stages without state" if self.keyed else "")
        if target == "remove-node":
            return self._remove(int(args.get("node", max(self.nodes))))
        raise Unsupported(f"SAGE has no reconfiguration '{target}'; it has parallelism, add-node and remove-node")

    def _remove(self, index: int) -> str:
        if index not in self.nodes:
            raise ValueError(f"there is no node {index}; there are {sorted(self.nodes)}")
        if self.keyed and index < self.owners:
            raise Unsupported(f"node {index} holds state of stage '{self.keyed[0]}', which cannot be moved to another process")
        node = self.nodes[index]
        if node.process is None:
            raise Unsupported("nodes that the run did not start are not its to stop")
        node.serving = False
        if not wait_until(lambda: node.busy == 0, self.timeout_s + 1):
            raise RuntimeError(f"node {index} did not finish its requests")
        del self.nodes[index]
        node.process.terminate()
        return f"node {index} removed"

    def close(self) -> None:
        self.queue.close()
        for node in self.nodes.values():
            if node.process is not None:
                node.process.kill()
        if self._handle is not None:
            threading.Thread(target=self._handle.shutdown, kwargs={"wait": False}, daemon=True).start()

"""Mode flownet on one node: each pipeline a published FlowNet flow, each of its steps an actor with SAGE's own replicas.

`submit` of a FlowNet endpoint blocks through the flow, so a pool of threads a pipeline drives it. Pipelines that name one
stage share its replicas: an execution takes one of the stage's operator instances, of which there are as many as
the stage's parallelism. Steps run in topological order within a request; requests run side by side.
"""
from __future__ import annotations

import itertools
import socket
import threading
from typing import Any

import sage.runtime.flownet as flownet

import bridge_packets
from bridge_errors import Unsupported, one_line
from bridge_queue import WorkQueue, order_of
from bridge_types import Complete, Event, Json, Runtime
from bridge_workload import Description, Execution, Stage, StagePool, Step, Workload, packet_of

_GARBAGE_S = 10
_TIMEOUT_S = 3600  # of a request in a flow; the host has given it up long before


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Killed(Exception):
    """Raised inside a replica by the fault kill-worker: SAGE fails the request that it executes."""


class Flow:
    """A pipeline as published: an endpoint, and the threads that submit to it."""

    def __init__(self, flows: Flows, number: int, steps: tuple[Step, ...]) -> None:
        self.flows, self.steps = flows, steps
        self.queue: WorkQueue[Execution] = WorkQueue(order_of(flows.description, packet_of))
        self.endpoint: Any = None
        self.name = f"pipeline{number}"
        self._editions = itertools.count()
        self._threads = 0

    def publish(self) -> None:
        """A new edition with the present numbers of replicas; what is in the old one goes through to its end."""
        edition = next(self._editions)
        actors = [self._actor(step, edition) for step in self.steps]

        def chain(init_stream: Any) -> Any:
            for actor in actors:
                init_stream = init_stream.map(actor().run)
            return init_stream

        uri = f"flow://sage-host/{self.name}/{edition}"
        declared = flownet.flow(uri=uri, namespace="sage-host")(chain)
        # Topics are the client's, not the flow's: editions and pipelines each need their own.
        self.endpoint = declared.bind(f"{uri}/in", f"{uri}/out").publish(client=self.flows.client, name=f"{self.name}-{edition}")
        # As many as all stages can execute at once, and one a stage that waits: more would only wait longer.
        wanted = sum(self.flows.pool.size(stage) + 1 for stage in {step.stage for step in self.steps})
        for _ in range(wanted - self._threads):
            threading.Thread(target=self._drive, daemon=True).start()
        self._threads = max(self._threads, wanted)

    def _actor(self, step: Step, edition: int) -> Any:
        pool, doomed = self.flows.pool, self.flows.doomed

        class Actor:
            def run(self, execution: Execution) -> Execution:
                if doomed.pop(step.stage.index, 0):
                    raise Killed(f"a replica of stage '{step.stage.name}' was killed")
                execution.outputs[step.index] = pool.run(step, execution.packet, execution.inputs(step))
                return execution

        uri = f"actor://sage-host/{self.name}/{edition}/{step.index}"
        policy = {"materialization": {"replica_policy": {"mode": "fixed", "count": pool.size(step.stage)}}}
        return flownet.actor(uri=uri, namespace="sage-host", execution_policy_default=policy)(Actor)

    def _drive(self) -> None:
        while not self.queue.closed:
            for execution in self.queue.take(1):
                self.flows.complete([self._through(execution)])

    def _through(self, execution: Execution) -> bytes:
        try:
            # FlowNet answers for an id that it has seen with what became of it then.
            attempt = bridge_packets.attempts(execution.packet)
            request = self.endpoint.submit(execution, request_id=f"{bridge_packets.request_id(execution.packet)}.{attempt}")
            try:
                # `collect` waits for a poll's time (1 ms at least) whether more comes than the one output that is here.
                if request.read(timeout=0.0) is None:
                    request.collect(timeout=_TIMEOUT_S, poll_interval=0.001)
            finally:
                request.release()
            if execution.result is not None:
                return execution.result
            reason = "the flow ended without a result"
        except Exception as e:
            reason = one_line(e)
        if execution.request.idempotent and bridge_packets.attempts(execution.packet) == 0:
            return self._through(Execution(bridge_packets.again(execution.packet), self.steps))
        return bridge_packets.failed(execution.latest, reason)


class Flows(Runtime):
    def __init__(self, description: Description, complete: Complete) -> None:
        self.description, self.complete = description, complete
        self.pool = StagePool(Workload(description.run), description.stages)
        self.doomed: dict[int, bool] = {}  # stages, by index, whose next execution kills its replica
        self.flows = [Flow(self, number, steps) for number, steps in enumerate(description.pipelines)]
        self._closed = threading.Event()
        self._runtime: Any = None
        self.client: Any = None

    def start(self) -> Json:
        self._runtime = flownet.bootstrap_runtime(local_address=f"127.0.0.1:{free_port()}")
        self.client = flownet.build_runtime_client(owner="sage-host", runtime_host=self._runtime.runtime_host)
        for flow in self.flows:
            flow.publish()
        threading.Thread(target=self._collect_garbage, daemon=True).start()
        return {"mode": "flownet", "nodes": 1, "operators_in_driver": True,
                "replicas": {stage.name: self.pool.size(stage) for stage in self.description.stages},
                "node_capacity": [sum(self.pool.size(stage) for stage in self.description.stages)],
                "scheduler": f"{self.description.order}, in the bridge's queue: not implemented by SAGE 0.3.2",
                "of_sage": "a flow a pipeline, an actor with fixed replicas a step",
                "of_the_bridge": "threads that submit, replicas shared by pipelines, key groups"}

    def _collect_garbage(self) -> None:
        """FlowNet keeps a ledger of each finished request at a flow's output until it is told to look; at the input it keeps it
        for ever (0.7 KiB a request), which memory_drift shows."""
        while not self._closed.wait(_GARBAGE_S):
            self._runtime.runtime_host.gc_idle_runtime_state(max_idle_seconds=_GARBAGE_S)

    def submit(self, packets: list[bytes]) -> None:
        batches: dict[Flow, list[Execution]] = {}
        for packet in packets:
            flow = self.flows[bridge_packets.pipeline(packet)]
            batches.setdefault(flow, []).append(Execution(packet, flow.steps))
        for flow, executions in batches.items():
            flow.queue.put(executions)

    def control(self, event: Event) -> str:
        kind, target, args = event["kind"], event["target"], event["args"]
        if kind == "reconfigure" and target == "parallelism":
            stages = [self.description.stage(args["stage"])] if args.get("stage") else self.description.stages
            return self._resize(stages, int(args["value"]))
        if target == "kill-worker":
            stage = self.description.stage(args["stage"])
            if kind == "heal":
                return self._resize([stage], self.pool.size(stage) + 1)
            if self.pool.size(stage) < 2:
                raise Unsupported(f"stage '{stage.name}' has one replica, and a flow none fewer; use --parallelism 2 or more")
            self.doomed[stage.index] = True
            return self._resize([stage], self.pool.size(stage) - 1)
        raise Unsupported(f"mode flownet on one node has no event '{target}'; it has kill-worker (fault, heal) and "
                          "parallelism; with --nodes 2 or more also those of nodes")

    def _resize(self, stages: list[Stage], replicas: int) -> str:
        for stage in stages:
            self.pool.resize(stage, replicas)
        again = [flow for flow in self.flows if any(step.stage in stages for step in flow.steps)]
        for flow in again:
            flow.publish()
        return f"published again: {', '.join(flow.name for flow in again)}, with {replicas} replicas"

    def close(self) -> None:
        self._closed.set()
        for flow in self.flows:
            flow.queue.close()
        if self._runtime is not None:
            self._runtime.shutdown(wait=False, cancel_futures=True)

"""SAGE driven by a program that has nothing to do but that: `plain_sage.py JSON` (see plain_load.py).

With run.options.mode `flownet`: a flow of one actor with P replicas; on more nodes, actors called in frames by SAGE's
transport, the nodes being the bridge's own (sage_node.py). `lanes`: P streaming pipelines, fed with frames.
"""
from __future__ import annotations

import json
import logging
import os
import queue
import sys
import threading
from collections.abc import Sequence
from typing import Any

from plain_load import BUILD_BRIDGE, Load, executed, packet

sys.path.insert(0, str(BUILD_BRIDGE))
import bridge_network
from bridge_workload import Description, Operator, Workload

logging.disable(logging.INFO)
BURST = 256
Requests = Sequence[tuple[int, float]]
Done = queue.SimpleQueue[list[float]]


class Operators:
    """One a thread that executes."""

    def __init__(self, run: dict[str, Any]) -> None:
        self._workload, self._description = Workload(run), Description(run)
        self._of_thread = threading.local()

    def run(self, request: bytes) -> bytes:
        operator: Operator | None = getattr(self._of_thread, "operator", None)
        if operator is None:
            operator = self._workload.operator(self._description.stages[0], 0, self._description.parallelism)
            self._of_thread.operator = operator
        result = operator.run(0, [request])
        executed([result])
        return result


def flownet(load: Load, description: Description) -> None:
    import sage.runtime.flownet as fn

    from sage_flows import free_port
    operators = Operators(description.run)
    replicas = {"materialization": {"replica_policy": {"mode": "fixed", "count": description.parallelism}}}

    @fn.actor(uri="actor://bench/op", namespace="bench", execution_policy_default=replicas)
    class Op:
        def run(self, request: bytes) -> bytes:
            return operators.run(request)

    def chain(init_stream: Any) -> Any:
        return init_stream.map(Op().run)

    runtime = fn.bootstrap_runtime(local_address=f"127.0.0.1:{free_port()}")
    client = fn.build_runtime_client(owner="bench", runtime_host=runtime.runtime_host)
    flow = fn.flow(uri="flow://bench/f", namespace="bench")(chain)
    endpoint = flow.bind("in", "out").publish(client=client, name="bench")

    def call(requests: Requests) -> None:
        (seq, _), = requests
        request = endpoint.submit(packet(seq), request_id=str(seq))
        if request.read(timeout=0.0) is None:
            request.collect(timeout=60, poll_interval=0.001)
        request.release()

    by_threads(load, call, threads=load.in_flight or 64)


def by_threads(load: Load, call: Any, threads: int, frame: int = 1) -> None:
    """`call` waits for its requests; so many threads at once."""
    waiting: queue.SimpleQueue[tuple[int, float]] = queue.SimpleQueue()
    done: Done = queue.SimpleQueue()

    def drive() -> None:
        while True:
            requests = [waiting.get()]
            share = min(frame, max(1, (waiting.qsize() + 1) // threads))  # as the bridge divides what waits
            while len(requests) < share:
                try:
                    requests.append(waiting.get_nowait())
                except queue.Empty:
                    break
            call(requests)
            done.put([due for _, due in requests])

    for _ in range(threads):
        threading.Thread(target=drive, daemon=True).start()

    def send(requests: Requests) -> None:
        for request in requests:
            waiting.put(request)

    load.feed(send, done, burst=BURST)


def nodes(load: Load, description: Description) -> None:
    from sage_nodes import Nodes
    cluster = Nodes(description, lambda packets: None, bridge_network.OWN, lambda message: [])
    cluster.start()
    cluster.queue.close()  # its own threads end: requests go to its nodes from here
    slots = [(node, slot) for node in cluster.nodes.values() for slot in range(sum(cluster.replicas.values()))]
    of_thread = threading.local()

    def call(requests: Requests) -> None:
        if not hasattr(of_thread, "slot"):
            of_thread.slot = slots.pop()
        node, slot = of_thread.slot
        items = cluster._call(node, f"slot{slot}", [[packet(seq), b""] for seq, _ in requests], 60)
        executed(result for _, result in items)

    by_threads(load, call, len(slots), description.options["frame"])


def lanes(load: Load, description: Description) -> None:
    from sage.foundation import MapFunction, SinkFunction, SourceFunction
    from sage.runtime import LocalEnvironment
    waiting: queue.Queue[tuple[int, float]] = queue.Queue()
    done: Done = queue.SimpleQueue()
    operators = Operators(description.run)
    frame_max = description.options["frame"]

    class Source(SourceFunction):  # type: ignore[misc]
        def execute(self, data: object = None) -> list[tuple[int, float]] | None:
            try:
                frame = [waiting.get(timeout=0.05)]
                while len(frame) < min(frame_max, max(1, waiting.qsize() // description.parallelism)):
                    frame.append(waiting.get_nowait())
            except queue.Empty:
                return None
            return frame

    class Op(MapFunction):  # type: ignore[misc]
        def execute(self, frame: list[tuple[int, float]]) -> list[float]:
            for seq, _ in frame:
                operators.run(packet(seq))
            return [due for _, due in frame]

    class Sink(SinkFunction):  # type: ignore[misc]
        def execute(self, dues: list[float]) -> None:
            done.put(dues)

    for n in range(description.parallelism):
        environment = LocalEnvironment(f"lane{n}")
        environment.from_source(Source, delay=0.0).map(Op).sink(Sink)
        environment.submit(autostop=False)

    def send(requests: Requests) -> None:
        for request in requests:
            waiting.put(request)

    load.feed(send, done, burst=BURST)


def main() -> None:
    arguments = json.loads(sys.argv[1])
    load, description = Load(arguments), Description(arguments["run"])
    if description.nodes > 1:
        bridge_network.enter()
        nodes(load, description)
    else:
        {"flownet": flownet, "lanes": lanes}[description.options["mode"]](load, description)
    load.report()
    os.killpg(0, 9) if description.nodes > 1 and os.getpgrp() == os.getpid() else os._exit(0)  # SAGE's threads do not end


if __name__ == "__main__":
    main()

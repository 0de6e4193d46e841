"""SAGE driven by itself, without the harness: `plain_sage.py flownet|lanes HOLD_S P REQUESTS IN_FLIGHT` prints JSON.

The same shape as a run of the workload `timeline` with one stage: P replicas that hold for HOLD_S, IN_FLIGHT requests at
once.
"""
from __future__ import annotations

import json
import logging
import os
import queue
import sys
import threading
import time
from typing import Any

logging.disable(logging.INFO)
mode, hold_s, replicas, requests, in_flight = (sys.argv[1], float(sys.argv[2]), *map(int, sys.argv[3:6]))
latencies: list[float] = []


def serve(item: Any) -> Any:
    if hold_s:
        time.sleep(hold_s)
    return item


def flownet() -> None:
    import sage.runtime.flownet as fn

    @fn.actor(uri="actor://bench/op", namespace="bench",
              execution_policy_default={"materialization": {"replica_policy": {"mode": "fixed", "count": replicas}}})
    class Op:
        def run(self, item: Any) -> Any:
            return serve(item)

    def chain(init_stream: Any) -> Any:
        return init_stream.map(Op().run)

    runtime = fn.bootstrap_runtime(local_address="127.0.0.1:19477")
    client = fn.build_runtime_client(owner="bench", runtime_host=runtime.runtime_host)
    flow = fn.flow(uri="flow://bench/f", namespace="bench")(chain)
    endpoint = flow.bind("in", "out").publish(client=client, name="bench")
    ids = iter(range(requests))
    lock = threading.Lock()

    def drive() -> None:
        while True:
            with lock:
                n = next(ids, None)
            if n is None:
                return
            begin = time.monotonic()
            request = endpoint.submit(n, request_id=str(n))
            request.collect(timeout=60, poll_interval=0.001)
            request.release()
            latencies.append(time.monotonic() - begin)

    threads = [threading.Thread(target=drive) for _ in range(in_flight)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def lanes() -> None:
    from sage.foundation import MapFunction, SinkFunction, SourceFunction
    from sage.runtime import LocalEnvironment

    waiting: queue.Queue[float] = queue.Queue()
    done: queue.Queue[float] = queue.Queue()

    class Source(SourceFunction):  # type: ignore[misc]
        def execute(self, data: object = None) -> float | None:
            try:
                return waiting.get(timeout=0.05)
            except queue.Empty:
                return None

    class Op(MapFunction):  # type: ignore[misc]
        def execute(self, item: Any) -> Any:
            return serve(item)

    class Sink(SinkFunction):  # type: ignore[misc]
        def execute(self, item: float) -> None:
            done.put(item)

    for n in range(replicas):
        environment = LocalEnvironment(f"lane{n}")
        environment.from_source(Source, delay=0.0).map(Op).sink(Sink)
        environment.submit(autostop=False)
    for _ in range(in_flight):
        waiting.put(time.monotonic())
    for n in range(requests):
        latencies.append(time.monotonic() - done.get())
        if n + in_flight < requests:
            waiting.put(time.monotonic())


began = time.monotonic()
{"flownet": flownet, "lanes": lanes}[mode]()
seconds = time.monotonic() - began
latencies.sort()
print(json.dumps({"rate": requests / seconds, "p50_ms": 1e3 * latencies[len(latencies) // 2],
                  "p99_ms": 1e3 * latencies[int(0.99 * len(latencies))]}), flush=True)
os._exit(0)  # SAGE's threads do not end by themselves

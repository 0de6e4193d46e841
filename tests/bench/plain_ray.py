"""Ray driven by itself, without the harness: `plain_ray.py HOLD_S P REQUESTS IN_FLIGHT` prints JSON (see plain_sage.py)."""
from __future__ import annotations

import json
import logging
import os
import queue
import sys
import tempfile
import time

os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_worker_niceness="0", RAY_task_events_report_interval_ms="0",
                  RAY_enable_metrics_collection="0", RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0")
import ray

hold_s, replicas, requests, in_flight = (float(sys.argv[1]), *map(int, sys.argv[2:5]))
ray.init(address="local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, num_cpus=replicas,
         object_store_memory=100 << 20, _temp_dir=tempfile.mkdtemp(prefix="pray", dir="/tmp"))


class Op:
    def run(self, item: int) -> int:
        if hold_s:
            time.sleep(hold_s)
        return item


actors = [ray.remote(num_cpus=0)(Op).remote() for _ in range(replicas)]
ray.get([actor.run.remote(0) for actor in actors])
done: queue.Queue[float] = queue.Queue()
latencies: list[float] = []


def send(n: int) -> None:
    begin = time.monotonic()
    actors[n % replicas].run.remote(n).future().add_done_callback(lambda _: done.put(begin))


began = time.monotonic()
for n in range(in_flight):
    send(n)
for n in range(requests):
    latencies.append(time.monotonic() - done.get())
    if n + in_flight < requests:
        send(n + in_flight)
seconds = time.monotonic() - began
latencies.sort()
print(json.dumps({"rate": requests / seconds, "p50_ms": 1e3 * latencies[len(latencies) // 2],
                  "p99_ms": 1e3 * latencies[int(0.99 * len(latencies))]}), flush=True)
ray.shutdown()

"""Ray driven by a program that has nothing to do but that: `plain_ray.py JSON` (see plain_load.py)."""
from __future__ import annotations

import json
import os
import queue
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

from plain_load import BUILD_BRIDGE, Load, executed, packet

sys.path.insert(0, str(BUILD_BRIDGE))
import bridge_network
from bridge_workload import Description, Workload
from ray_cluster import RayCluster, configure


class Op:
    def __init__(self, run: dict[str, Any], number: int) -> None:
        description = Description(run)
        self.operator = Workload(run).operator(description.stages[0], number, description.parallelism)

    def run(self, request: bytes) -> bytes:
        return self.operator.run(0, [request])

    def run_all(self, requests: list[bytes]) -> list[bytes]:
        return [self.operator.run(0, [request]) for request in requests]


def main() -> None:
    arguments = json.loads(sys.argv[1])
    load, run = Load(arguments), arguments["run"]
    description = Description({**run, "scratch_dir": tempfile.mkdtemp(prefix="pray", dir="/tmp")})
    bridge_network.enter()
    configure(description)
    cluster = RayCluster(description)
    cluster.start()
    import ray
    actors = [ray.remote(num_cpus=0)(Op).options(allow_out_of_order_execution=True).remote(run, n)
              for n in range(description.parallelism)]
    executed(ray.get([actor.run.remote(packet(0)) for actor in actors]))
    done: queue.SimpleQueue[list[float]] = queue.SimpleQueue()
    batches = description.options["mode"] == "micro_batch"
    sent = 0

    def send(requests: Sequence[tuple[int, float]]) -> None:
        nonlocal sent
        actor = actors[sent % len(actors)]
        sent += 1
        if batches:
            call = actor.run_all.remote([packet(seq) for seq, _ in requests])
        else:
            call = actor.run.remote(packet(requests[0][0]))

        def ended(future: Any) -> None:
            result = future.result()
            executed(result if batches else [result])
            done.put([due for _, due in requests])

        call.future().add_done_callback(ended)

    load.feed(send, done, description.options["frame"] if batches else 1)
    load.report()
    sys.stdout.flush()
    cluster.close()
    os._exit(0)


if __name__ == "__main__":
    main()

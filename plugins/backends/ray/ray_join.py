"""A driver that joins the cluster and the pools of the first one: it sends requests, and hears what becomes of the pools."""
from __future__ import annotations

import os

import bridge_network
import bridge_types
from bridge_errors import Unsupported
from bridge_loop import Loop
from bridge_types import Event, Json
from bridge_workload import Description
from ray_dispatch import Dispatcher
from ray_pool import Pool, Replica


class Joined(bridge_types.Runtime):
    def __init__(self, description: Description, loop: Loop) -> None:
        bridge_network.join(description.join["pid"])  # before Ray is imported, which has threads
        os.environ.update(description.join["environment"])
        self._description, self._loop = description, loop
        self._pools = {stage.index: Pool(description, stage) for stage in description.stages}
        self._dispatcher = Dispatcher(description, loop, self._pools)

    def submit(self, packets: list[bytes]) -> None:
        self._dispatcher.submit(packets)

    def settle(self) -> bool:
        return self._dispatcher.settle()

    def start(self) -> Json:
        import ray
        self._ray = ray
        ray.init(**self._description.join["connect"])
        for replica in self._find(self._description.join["replicas"]):
            self._pools[replica.stage.index].add(replica)
        return {}

    def _find(self, rows: list[Json]) -> list[Replica]:
        namespace = self._description.join["namespace"]
        return [Replica(self._description.stages[row["stage"]], row["number"], row["node"],
                        self._ray.get_actor(row["name"], namespace=namespace), row["name"]) for row in rows]

    def heard(self, message: Json) -> Json:
        if message.get("add"):
            self._loop.call(self._dispatcher.add, self._find(message["add"]))
        leaving = [replica for pool in self._pools.values() for replica in pool.live if replica.name in message.get("remove", ())]
        self._loop.call(self._dispatcher.remove, leaving)
        return {"drained": self._dispatcher.drained(leaving, message.get("drain_s", 0)), **self._dispatcher.counts()}

    def control(self, event: Event) -> str:
        raise Unsupported("the first driver of the run carries out its events")

    def close(self) -> None:
        self._ray.shutdown()

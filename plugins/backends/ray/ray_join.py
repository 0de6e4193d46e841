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


class Share:
    """Its share of the requests, on the pools as the first driver says they are. Where Ray is connected."""

    def __init__(self, description: Description, loop: Loop) -> None:
        self._description, self._loop = description, loop
        self._pools = {stage.index: Pool(description, stage) for stage in description.stages}
        self.dispatcher = Dispatcher(description, loop, self._pools)

    def start(self) -> None:
        for replica in self._find(self._description.join["replicas"]):
            self._pools[replica.stage.index].add(replica)

    def _find(self, rows: list[Json]) -> list[Replica]:
        import ray
        namespace = self._description.join["namespace"]
        return [Replica(self._description.stages[row["stage"]], row["number"], row["node"],
                        ray.get_actor(row["name"], namespace=namespace), row["name"]) for row in rows]

    def heard(self, message: Json) -> Json:
        if message.get("add"):
            self._loop.call(self.dispatcher.add, self._find(message["add"]))
        leaving = [replica for pool in self._pools.values() for replica in pool.live if replica.name in message.get("remove", ())]
        self._loop.call(self.dispatcher.remove, leaving)
        return {"drained": self.dispatcher.drained(leaving, message.get("drain_s", 0)), **self.dispatcher.counts()}


class Joined(bridge_types.Runtime):
    def __init__(self, description: Description, loop: Loop) -> None:
        bridge_network.join(description.join["pid"])  # before Ray is imported, which has threads
        os.environ.update(description.join["environment"])
        self.description, self.loop = description, loop
        self.share = Share(description, loop)

    def start(self) -> Json:
        import ray
        ray.init(**self.description.join["connect"])
        self.share.start()
        return {}

    def submit(self, packets: list[bytes]) -> None:
        self.share.dispatcher.submit(packets)

    def settle(self) -> bool:
        return self.share.dispatcher.settle()

    def heard(self, message: Json) -> Json:
        return self.share.heard(message)

    def control(self, event: Event) -> str:
        raise Unsupported("the first driver of the run carries out its events")

    def close(self) -> None:
        import ray
        ray.shutdown()

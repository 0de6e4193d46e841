"""Ray (PyPI ray) as a runtime: stages are pools of actors, requests flow between them as object references."""
from __future__ import annotations

import importlib.metadata
import os

import bridge_network
import bridge_types
from bridge_loop import Loop
from bridge_types import Event, Json
from bridge_workload import Description
from ray_cluster import OBJECT_STORE, RayCluster, configure


def versions() -> Json:
    return {"ray": importlib.metadata.version("ray")}


def Runtime(description: Description, loop: Loop) -> bridge_types.Runtime:
    if description.driver == 0:
        return First(description, loop)
    if description.options["drivers_on"] == "nodes":
        from ray_remote import Relay
        return Relay(description, loop)
    from ray_join import Joined
    return Joined(description, loop)


class First(bridge_types.Runtime):
    """The driver that starts the cluster and the actors, and carries out what is to happen to them."""

    def __init__(self, description: Description, loop: Loop) -> None:
        # A cluster of the run's own; before Ray is imported, which has threads. Beside the token, which Ray asks of whoever
        # calls: where no network of its own can be had, the token alone keeps others out.
        joins = bool(description.options["ray_address"])
        self._network = bridge_network.SHARED if joins or bridge_network.enter() else bridge_network.OWN
        self._settings = configure(description)
        self.description, self.loop = description, loop
        self.cluster = RayCluster(description)
        from ray_dispatch import Dispatcher
        from ray_pool import Pool
        self.pools = {stage.index: Pool(description, stage) for stage in description.stages}
        self.dispatcher = Dispatcher(description, loop, self.pools)

    def submit(self, packets: list[bytes]) -> None:
        self.dispatcher.submit(packets)

    def settle(self) -> bool:
        return self.dispatcher.settle()

    def start(self) -> Json:
        from ray_control import Control
        from ray_pool import Actors
        self.cluster.start()
        self.actors = Actors(self.description, self.cluster)
        wanted = [(pool, node * pool.per_node + i, node) for pool in self.pools.values()
                  for node in self.cluster.nodes for i in range(pool.per_node)]
        replicas = self.actors.start(wanted)
        for replica in replicas:
            self.pools[replica.stage.index].add(replica)
        self._control = Control(self)
        options = self.description.options
        to_join: Json = {
            "pid": os.getpid(), "connect": self.cluster.to_connect, "namespace": self.actors.namespace,
            "environment": {name: value for name, value in os.environ.items() if name.startswith("RAY_")},
            "nodes": [node.node_id for node in self.cluster.nodes.values()],
            "replicas": [replica.row() for replica in replicas]}
        return {"mode": options["mode"], "frame": options["frame"] if options["mode"] == "micro_batch" else 1,
                "window": self.dispatcher.window, "nodes": len(self.cluster.nodes),
                "address": options["ray_address"] or "a cluster of the run's own on this machine",
                "network": self._network,
                "object_store_bytes_a_node": None if options["ray_address"] else OBJECT_STORE, "ray_settings": self._settings,
                "scheduler": f"{self.description.order}, in the driver's queue before the window: Ray 2.60 has no priorities",
                "of_ray": "actors (num_cpus=0, out-of-order execution but for keyed stages), one process a replica, object references between "
                          "stages, cluster membership and failure detection",
                "of_the_bridge": "choice of the replica (least in flight), window, queue, key groups, sending again after a "
                                 "fault; node affinity places the replicas",
                "parallelism_means": "actors a stage and node", "nodes_means": "raylets, all on this machine unless joined",
                **({"to_join": to_join} if self.description.drivers > 1 else {}), **self.layout()}

    def layout(self) -> Json:
        capacity = [0] * (max(self.cluster.nodes) + 1)
        for pool in self.pools.values():
            for replica in pool.live:
                capacity[replica.node] += 1
        return {"replicas": {pool.stage.name: len(pool.live) for pool in self.pools.values()}, "node_capacity": capacity}

    def control(self, event: Event) -> str:
        try:
            return self._control.handle(event)
        finally:
            counts = [self.dispatcher.counts(), *self.loop.peers.tell({})]
            self.loop.publish({**self.layout(), **{name: sum(c[name] for c in counts) for name in counts[0]}})

    def close(self) -> None:
        self.cluster.close()

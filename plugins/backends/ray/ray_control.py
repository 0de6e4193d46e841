"""Control events on Ray: faults, what heals them, and reconfiguration. Called by one thread, which may take its time."""
from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from bridge_errors import Unsupported
from bridge_types import Event, Json
from ray_pool import Pool, Replica, Wanted

if TYPE_CHECKING:
    from ray_runtime import First

_DRAIN_S = 60


class Control:
    def __init__(self, runtime: First) -> None:
        self._description, self._cluster = runtime.description, runtime.cluster
        self._call, self._tell = runtime.loop.call, runtime.loop.peers.tell
        self._pools, self._dispatcher, self._actors = runtime.pools, runtime.dispatcher, runtime.actors
        self._killed: dict[tuple[int, int], int] = {}  # (stage, worker) -> node
        self._dead_nodes: dict[int, list[tuple[Pool, int]]] = {}  # node -> [(pool, worker)] that it had

    def handle(self, event: Event) -> str:
        kind, target, args = event["kind"], event["target"], event["args"]
        name = f"{kind} {target}".replace("-", "_").replace(" ", "_")
        action: Callable[[Json], str] | None = getattr(self, f"_{name}", None)
        if action is None:
            raise Unsupported(f"Ray has no event '{target}' here; it has kill-worker, freeze-worker and kill-node (fault, "
                              "heal), and parallelism, replace-worker, add-node and remove-node (reconfigure)")
        return action(args)

    # ---- workers
    def _pool(self, args: Json) -> Pool:
        if "stage" not in args:
            raise ValueError("the event needs a \"stage\"")
        return self._pools[self._description.stage(args["stage"]).index]

    def _fault_kill_worker(self, args: Json) -> str:
        pool = self._pool(args)
        replica = pool.find(int(args.get("worker", 0)))
        self._remove([replica])
        self._actors.end(replica)
        self._killed[pool.stage.index, replica.number] = replica.node
        return f"worker {replica.number} (process {replica.pid}) on node {replica.node} was killed"

    def _heal_kill_worker(self, args: Json) -> str:
        pool = self._pool(args)
        number = int(args.get("worker", 0))
        node = self._killed.pop((pool.stage.index, number), None)
        if node is None:
            raise ValueError(f"worker {number} of stage '{pool.stage.name}' was not killed")
        self._start([(pool, number, node)])
        return f"worker {number} started again" + self._state_note([pool])

    def _fault_freeze_worker(self, args: Json) -> str:
        return self._signal(args, signal.SIGSTOP, "frozen")

    def _heal_freeze_worker(self, args: Json) -> str:
        return self._signal(args, signal.SIGCONT, "thawed")

    def _signal(self, args: Json, number: int, what: str) -> str:
        replica = self._pool(args).find(int(args.get("worker", 0)))
        if self._cluster.find(replica.node).ours is None:
            raise Unsupported("a worker of a cluster that the run did not start may be on another machine")
        os.kill(replica.pid, number)
        return f"process {replica.pid} {what}"

    def _reconfigure_replace_worker(self, args: Json) -> str:
        pool = self._pool(args)
        self._refuse_keyed(pool)
        old = pool.find(int(args.get("worker", 0)))
        self._start([(pool, old.number, old.node)])
        self._retire([old])
        return f"worker {old.number}: process {old.pid} replaced by {pool.find(old.number).pid}"

    def _reconfigure_parallelism(self, args: Json) -> str:
        value = int(args["value"])
        if value < 1:
            raise ValueError("\"value\" must be 1 or more")
        pools = [self._pool(args)] if args.get("stage") else [p for p in self._pools.values() if not p.stage.keyed]
        for pool in pools:
            self._refuse_keyed(pool)
        wanted: list[Wanted] = []
        leaving: list[Replica] = []
        for pool in pools:
            pool.per_node = value
            missing: list[int] = []
            for node in self._alive():
                have = pool.on(node)
                leaving += have[value:]
                missing += [node] * (value - len(have))
            wanted += [(pool, number, node) for number, node in zip(pool.free_numbers(len(missing)), missing)]
        self._start(wanted)
        self._retire(leaving)
        names = ", ".join(pool.stage.name for pool in pools)
        return f"{value} actors a node for {names}: {len(wanted)} started, {len(leaving)} drained and ended"

    @staticmethod
    def _refuse_keyed(pool: Pool) -> None:
        if pool.stage.keyed:
            raise Unsupported(f"stage '{pool.stage.name}' has state by key in its actors' processes, and it cannot move "
                              "between them; name a stage without keys")

    def _start(self, wanted: list[Wanted]) -> None:
        if wanted:
            replicas = self._actors.start(wanted)
            self._call(self._dispatcher.add, replicas)
            self._tell({"add": [replica.row() for replica in replicas]})

    def _remove(self, replicas: list[Replica], drain_s: float = 0) -> bool:
        """They get nothing more. Whether they have finished what they had, in all drivers, within that time."""
        self._call(self._dispatcher.remove, replicas)
        others = self._tell({"remove": [replica.name for replica in replicas], "drain_s": drain_s})
        return self._dispatcher.drained(replicas, drain_s) and all(other["drained"] for other in others)

    def _retire(self, replicas: list[Replica]) -> None:
        """They get nothing more; what they have goes through to its end."""
        drained = self._remove(replicas, _DRAIN_S)
        for replica in replicas:
            self._actors.end(replica)
        if not drained:
            raise RuntimeError(f"some of {len(replicas)} actors did not finish their requests within {_DRAIN_S} s and were ended")

    # ---- nodes
    def _alive(self) -> list[int]:
        return [node.index for node in self._cluster.nodes.values() if node.alive]

    def _on(self, node: int) -> list[Replica]:
        return [replica for pool in self._pools.values() for replica in pool.on(node)]

    def _fault_kill_node(self, args: Json) -> str:
        node = self._cluster.find(int(args.get("node", 0)))
        self._cluster.require_ours(node)
        graceful = bool(args.get("graceful", False))
        # Requests are sent there until Ray notices: that is what such a fault costs.
        had = [(self._pools[replica.stage.index], replica.number) for replica in self._on(node.index)]
        noticed_s = self._cluster.kill(node, graceful)
        self._remove(self._on(node.index))
        self._dead_nodes[node.index] = had
        how = "removed gracefully" if graceful else "killed with SIGKILL, its raylet and its workers"
        return f"node {node.index} {how}; Ray noticed after {noticed_s:.3f} s; {len(had)} actors gone"

    def _heal_kill_node(self, args: Json) -> str:
        index = int(args.get("node", 0))
        had = self._dead_nodes.pop(index, None)
        if had is None:
            raise ValueError(f"node {index} was not killed")
        self._cluster.launch(index)
        self._start([(pool, number, index) for pool, number in had])
        return f"node {index} serves again with {len(had)} actors" + self._state_note([pool for pool, _ in had])

    @staticmethod
    def _state_note(pools: Iterable[Pool]) -> str:
        return ", its keyed state empty" if any(pool.stage.keyed for pool in pools) else ""

    def _reconfigure_add_node(self, args: Json) -> str:
        index = max(self._cluster.nodes) + 1
        self._cluster.launch(index)
        wanted: list[Wanted] = []
        for pool in self._pools.values():
            if not pool.stage.keyed:
                wanted += [(pool, number, index) for number in pool.free_numbers(pool.per_node)]
        self._start(wanted)
        return f"node {index} with {len(wanted)} actors of the stages without keys"

    def _reconfigure_remove_node(self, args: Json) -> str:
        node = self._cluster.find(int(args.get("node", max(self._alive()))))
        self._cluster.require_ours(node)
        if len(self._alive()) == 1:
            raise Unsupported("it is the last node")
        replicas = self._on(node.index)
        for replica in replicas:
            self._refuse_keyed(self._pools[replica.stage.index])
        self._retire(replicas)
        self._cluster.kill(node, graceful=True)
        return f"node {node.index} drained and removed"

"""Ray's own processes: a cluster of the run's on this machine, or one that is there already.

With one node the head serves it; with more, the head keeps the control plane and the driver, and each node is a raylet of
its own, so that any of them may die. Everything of ours listens on 127.0.0.1 and lies in the run's scratch folder.
"""
from __future__ import annotations

import logging
import os
import secrets
import socket
import subprocess
import sys
import time
from typing import Any

from bridge_errors import Unsupported
from bridge_queue import wait_until
from bridge_types import Json
from bridge_workload import Description

_START_S = 30
_CONNECT_S = 3
OBJECT_STORE = 100 << 20  # bytes a node; Ray's minimum is 75 MiB
QUIET: Json = {"log_to_driver": False, "logging_level": logging.ERROR}

# In the environment of the driver and so of every process it starts. Recorded with the run, without the token.
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # keeps every listener on 127.0.0.1
    "RAY_worker_niceness": "0",                # 15 otherwise: a third fewer calls a second
    "RAY_task_events_report_interval_ms": "0",
    "RAY_enable_metrics_collection": "0",
    # A node that dies is noticed after about a second; Ray's defaults take 13 to 15.
    "RAY_health_check_initial_delay_ms": "200",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "500",
    "RAY_health_check_failure_threshold": "2",
}


def configure(description: Description) -> dict[str, str]:
    """Before Ray is imported: it reads its environment then."""
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # nothing is written beside the modules
    os.environ["RAY_TMPDIR"] = description.scratch_dir
    if description.options["ray_address"]:
        if description.options["ray_address"].startswith("127."):
            os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # else the driver listens where the cluster does not look
        return {"RAY_AUTH_TOKEN": "passed through" if "RAY_AUTH_TOKEN" in os.environ else "none"}
    os.environ.update(SETTINGS, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    return {**SETTINGS, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "random, of this run"}


def watch(folder: str) -> None:
    """Outlives the guard, in a session of its own (see ray_watch.py)."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ray_watch.py")
    subprocess.Popen([sys.executable, "-I", "-S", "-B", script, str(os.getpid()), folder], start_new_session=True,
                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def probe(address: str) -> None:
    """A dead address costs Ray 41 s."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise Unsupported(f"option 'address' is '{address}'; give it as host:port")
    try:
        socket.create_connection((host, int(port)), _CONNECT_S).close()
    except OSError as e:
        raise Unsupported(f"no Ray cluster answers at {address}: {e.strerror or e}; start one there, or leave option "
                          "'address' out") from None


class Node:
    """`ours` is Ray's own handle of a node that the run started."""

    def __init__(self, index: int, node_id: str, ours: Any = None, head: bool = False) -> None:
        self.index, self.node_id, self.ours, self.head = index, node_id, ours, head
        self.alive = True


class RayCluster:
    def __init__(self, description: Description) -> None:
        self.description = description
        self.address: str = description.options["ray_address"]
        self.nodes: dict[int, Node] = {}  # by index
        self.to_connect: Json = {}  # what a driver gives ray.init
        self._cluster: Any = None

    def start(self) -> None:
        import ray
        if self.address:
            probe(self.address)
            if self.address.startswith("ray://"):
                print("ray:// is Ray's client protocol, about 8 times slower; join by the address of its GCS", file=sys.stderr)
            self._connect({"address": self.address, **QUIET})
            self._adopt(ray)
            return
        watch(self.description.scratch_dir)
        from ray.cluster_utils import Cluster
        self._cluster = Cluster()
        head = self._add()
        self._connect({"address": self._cluster.address, "_node_ip_address": "127.0.0.1", **QUIET})
        if self.description.nodes == 1:
            self.nodes[0] = Node(0, head.node_id, head, head=True)
        else:
            for index in range(self.description.nodes):
                self.launch(index)
        # Later nodes come from another thread, where Ray cannot register its signal handler; the guard ends them too.
        self._cluster._shutdown_at_exit = False

    def _connect(self, how: Json) -> None:
        import ray
        self.to_connect = how
        ray.init(**how)

    def _adopt(self, ray: Any) -> None:
        alive = sorted(node["NodeID"] for node in ray.nodes() if node["Alive"])
        wanted = self.description.nodes
        if len(alive) < wanted:
            raise Unsupported(f"the cluster at {self.address} has {len(alive)} nodes, not {wanted}; lower --nodes")
        self.nodes = {index: Node(index, node_id) for index, node_id in enumerate(alive[:wanted])}

    def _add(self) -> Any:
        return self._cluster.add_node(num_cpus=1, object_store_memory=OBJECT_STORE, include_dashboard=False,
                                      include_log_monitor=False, node_ip_address="127.0.0.1")

    # ---- a node of ours
    def launch(self, index: int) -> Node:
        """Starts a raylet and gives its node; also one that died or was removed."""
        if self._cluster is None:
            raise Unsupported("nodes cannot be added to a cluster that the run did not start")
        started = self._add()
        self.nodes[index] = Node(index, started.node_id, started)
        return self.nodes[index]

    def find(self, index: int) -> Node:
        node = self.nodes.get(index)
        if node is None or not node.alive:
            raise ValueError(f"there is no node {index}; there are {[n.index for n in self.nodes.values() if n.alive]}")
        return node

    def require_ours(self, node: Node) -> None:
        if node.ours is None:
            raise Unsupported("nodes that the run did not start are not its to end")
        if node.head:
            raise Unsupported("with one node Ray's head is that node, and the cluster ends with it; use --nodes 2 or more")

    def kill(self, node: Node, graceful: bool) -> float:
        """Gives the seconds until Ray knew. Abrupt: the raylet and all its workers at once, as when a machine dies."""
        began = time.monotonic()
        if graceful:
            self._cluster.remove_node(node.ours, allow_graceful=True)
        else:
            import psutil
            raylet = psutil.Process(node.ours.all_processes["raylet"][0].process.pid)
            for process in [raylet, *raylet.children(recursive=True)]:
                try:
                    process.kill()
                except psutil.NoSuchProcess:
                    pass
        if not wait_until(lambda: not self._listed(node), _START_S):
            raise RuntimeError(f"Ray did not notice within {_START_S} s that node {node.index} died")
        noticed_s = time.monotonic() - began
        if not graceful:
            self._cluster.remove_node(node.ours, allow_graceful=False)
        node.alive = False
        return noticed_s

    @staticmethod
    def _listed(node: Node) -> bool:
        import ray
        time.sleep(0.01)  # each look is a call to the GCS
        return any(n["NodeID"] == node.node_id and n["Alive"] for n in ray.nodes())

    def close(self) -> None:
        import ray
        ray.shutdown()
        if self._cluster is not None:
            self._cluster.shutdown()

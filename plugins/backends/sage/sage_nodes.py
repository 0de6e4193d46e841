"""Mode flownet on several nodes: a SAGE node a process, started and ended here, or found where it was started by hand."""
from __future__ import annotations

import collections
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

from bridge_errors import Unsupported
from bridge_queue import wait_until
from bridge_types import Complete, Event, Json
from bridge_workload import Description
from sage_calls import Calls, Node
from sage_flows import free_port
from sage_node import PREFIX

_START_S = 30
_DEPLOY_S = 60


class Nodes(Calls):
    def __init__(self, description: Description, complete: Complete, network: str,
                 tell_clients: Callable[[Json], list[Json]]) -> None:
        super().__init__(description, complete)
        self.network = network
        self.keyed = [stage.name for stage in description.stages if stage.keyed]
        self._tell_clients = tell_clients
        self._processes: dict[int, subprocess.Popen[bytes]] = {}  # by node
        self._changing = threading.Lock()

    # ---- the cluster
    def start(self) -> Json:
        seeds = [seed for seed in self.description.options["sage_seeds"].split(",") if seed]
        self._control = self._bootstrap(seeds)
        if seeds:
            self._find(seeds)
        else:
            started = [self._launch(index) for index in range(self.description.nodes)]
            self.nodes = {node.index: node for node in started}
        self.owners = len(self.nodes)
        for node in self.nodes.values():
            self._serve(node)
        to_join = {"process": os.getpid(), "control": self._control, "owners": self.owners,
                   "nodes": [node.row() for node in self.nodes.values()]}
        return {**({"to_join": to_join} if self.description.drivers > 1 else {}),
                "mode": "flownet", "nodes": len(self.nodes), "network": self.network, "seeds": seeds, "frame": self.frame_max,
                "replicas_a_node": {stage.name: stage.parallelism for stage in self.description.stages},
                "node_capacity": [sum(self.replicas.values())] * len(self.nodes),
                "scheduler": f"{self.description.order}, in the bridge's queue: not implemented by SAGE 0.3.2",
                "of_sage": "node processes, membership, actors called by call_actor_via_comm over TCP",
                "of_the_bridge": "choice of the node, frames, replicas a stage, key groups, sending again after a fault"}

    def _launch(self, index: int, control: str | None = None, data: str | None = None) -> Node:
        control, data = (address or f"127.0.0.1:{free_port()}" for address in (control, data))
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sage_node.py")
        process = subprocess.Popen([sys.executable, "-s", "-u", "-B", script, "--bind", control, "--data", data, "--seeds",
                                    self._control, "--parent", str(os.getpid())], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE)
        self._processes[index] = process
        lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=lambda: collections.deque(map(lines.put, process.stdout or ()), 0), daemon=True).start()
        try:
            lines.get(timeout=_START_S)
        except queue.Empty:
            process.kill()
            raise RuntimeError(f"node {index} did not start within {_START_S} s") from None
        return Node(index, control, data, process.pid)

    def _find(self, seeds: list[str]) -> None:
        """Nodes that were started by hand; their ids tell their data addresses."""
        def found() -> list[tuple[str, str]]:
            view = self._handle.node_runtime.cluster_view_snapshot(schema="v1")["nodes"]
            return sorted((n["address"], n["node_id"][len(PREFIX):]) for n in view
                          if n["healthy"] and n["node_id"].startswith(PREFIX))

        wanted = self.description.nodes
        if not wait_until(lambda: len(found()) >= wanted, _START_S):
            raise Unsupported(f"the cluster at {','.join(seeds)} has {len(found())} nodes that serve sage-host, not {wanted}; "
                              "start more with sage_node.py, or lower --nodes")
        self.nodes = {i: Node(i, control, data) for i, (control, data) in enumerate(found()[:wanted])}

    def _serve(self, node: Node) -> None:
        self._tell(node, b"open", {"run": self.description.run, "index": node.index, "owners": self.owners})
        self._start_threads(node)

    def _tell(self, node: Node, kind: bytes, body: Json) -> None:
        answer = self._call(node, "deploy", [kind, json.dumps(body).encode()], _DEPLOY_S)
        if answer != b"ok":
            raise RuntimeError(f"node {node.index}: {answer.decode('utf-8', 'replace').lstrip('!')}")

    # ---- control events
    def control(self, event: Event) -> str:
        kind, target, args = event["kind"], event["target"], event["args"]
        with self._changing:
            if kind == "reconfigure":
                return self._reconfigure(target, args)
            node = self.nodes.get(int(args.get("node", 0)))
            if node is None:
                raise ValueError(f"there is no node {args.get('node')}; there are {sorted(self.nodes)}")
            process = self._processes.get(node.index)
            if process is None:
                raise Unsupported("nodes that the run did not start are not its to harm")
            if target == "kill-node":
                return self._kill(node, process) if kind == "fault" else self._revive(node)
            if target == "freeze-node":
                process.send_signal(signal.SIGSTOP if kind == "fault" else signal.SIGCONT)
                return ""
        raise Unsupported(f"SAGE on several nodes has no event '{target}'; it has kill-node and freeze-node (fault, heal), "
                          "parallelism, add-node and remove-node")

    def _kill(self, node: Node, process: subprocess.Popen[bytes]) -> str:
        node.serving = False
        process.kill()
        process.wait(10)
        self._leave(node)
        counts = [self.counts(), *self._tell_clients({"killed": node.index})]
        return f"sent again so far {sum(c['resent'] for c in counts)}, lost {sum(c['lost'] for c in counts)}"

    def _revive(self, node: Node) -> str:
        node.serving = False
        self._add(self._launch(node.index, node.control, node.data))
        return f"node {node.index} serves again" + (", its keyed state empty" if self.keyed else "")

    def _reconfigure(self, target: str, args: Json) -> str:
        if target == "parallelism":
            stages = [self.description.stage(args["stage"])] if args.get("stage") else self.description.stages
            replicas = int(args["value"])
            for node in self.nodes.values():
                if node.serving:
                    self._tell(node, b"resize", {"stages": [stage.index for stage in stages], "replicas": replicas})
            self._resize([stage.index for stage in stages], replicas)
            self._tell_clients({"resized": [stage.index for stage in stages], "replicas": replicas})
            return f"{replicas} replicas a node"
        if target == "add-node":
            index = max(self.nodes, default=-1) + 1
            self._add(self._launch(index))
            return f"node {index}" + (", for stages without state" if self.keyed else "")
        if target == "remove-node":
            return self._remove(int(args.get("node", max(self.nodes))))
        raise Unsupported(f"SAGE has no reconfiguration '{target}'; it has parallelism, add-node and remove-node")

    def _add(self, node: Node) -> None:
        self.nodes[node.index] = node
        self._serve(node)
        self._tell_clients({"serves": node.row()})

    def _remove(self, index: int) -> str:
        if index not in self.nodes:
            raise ValueError(f"there is no node {index}; there are {sorted(self.nodes)}")
        if self.keyed and index < self.owners:
            raise Unsupported(f"node {index} holds state of stage '{self.keyed[0]}', which cannot be moved to another process")
        process = self._processes.get(index)
        if process is None:
            raise Unsupported("nodes that the run did not start are not its to stop")
        self._tell_clients({"leaves": index})
        self._let_go(index)
        process.terminate()
        return f"node {index} removed"

    def close(self) -> None:
        for process in self._processes.values():
            process.kill()
        super().close()

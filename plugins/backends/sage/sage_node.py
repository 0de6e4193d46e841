"""A SAGE node that serves sage-host: `python sage_node.py --bind HOST:PORT --data HOST:PORT [--seeds HOST:PORT,...]`.

A run starts its own on this machine, or finds those that are there already (--sage-seeds), on this machine or on
others that have the same files at the same paths. A node serves one run at a time: the actor `deploy` opens the workload,
the actors `slot0`.. execute batches. An item of a batch is a list: the request's packet, then what each step gave so far,
b"" for a step that has not been executed.
"""
from __future__ import annotations

import argparse
import ctypes
import json
import logging
import os
import signal
import sys
import threading
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bridge_packets
from bridge_errors import one_line
from bridge_workload import KEY_GROUPS, Description, Stage, StagePool, Step, Workload

SLOTS_MAX = 64
PREFIX = "sage-host@"  # of the node's id, which tells its data address
_PR_SET_PDEATHSIG = 1


def owner_of(group: int, owners: int) -> int:
    """The index of the node that holds a key group's state."""
    return group * owners // KEY_GROUPS


class Node:
    """What a run deployed here."""

    def __init__(self) -> None:
        self.index = self.owners = 0
        self.stages: list[Stage] = []
        self.pipelines: list[tuple[Step, ...]] = []

    def deploy(self, message: list[bytes]) -> bytes:
        """[kind, JSON] -> text; an error's text begins with '!'."""
        try:
            kind, body = message[0], json.loads(message[1])
            if kind == b"open":
                description = Description(body["run"])
                self.index, self.owners = body["index"], body["owners"]
                self.pipelines = description.pipelines
                self.stages = description.stages
                self.pool = StagePool(Workload(description.run), description.stages, self.index)
            else:
                for i in body["stages"]:
                    self.pool.resize(self.stages[i], body["replicas"])
            return b"ok"
        except Exception as e:
            return b"!" + one_line(e).encode()

    def execute(self, batch: list[list[bytes]]) -> list[list[bytes]]:
        for item in batch:
            self._advance(item)
        return batch

    def _advance(self, item: list[bytes]) -> None:
        """As far as this node can: to the end, or to a key that another node holds."""
        for step in self.pipelines[bridge_packets.pipeline(item[0])]:
            if item[step.index + 1]:
                continue
            packets = [item[i + 1] for i in step.inputs] if step.inputs else [item[0]]
            if step.stage.keyed and owner_of(step.group(bridge_packets.Request(item[0]).key, packets[0]), self.owners) != self.index:
                return
            item[step.index + 1] = self.pool.run(step, item[0], packets)


def serve(arguments: argparse.Namespace) -> None:
    logging.disable(logging.INFO)
    import sage.runtime.flownet as flownet
    seeds = [seed for seed in arguments.seeds.split(",") if seed]
    handle = flownet.bootstrap_node_runtime(node_id=PREFIX + arguments.data, bind_address=arguments.bind, seeds=seeds,
                                            local_address=arguments.data, comm_transport_mode="tcp", gossip_interval=0.2,
                                            offline_timeout=2)
    node = Node()

    class Deploy:
        def run(self, message: Any) -> Any:
            return node.deploy(message)

    class Slot:
        def run(self, batch: Any) -> Any:
            return node.execute(batch)

    actors = handle.runtime_host.actor_api
    actors.register_local_actor(Deploy(), actor_id="deploy")
    for slot in range(SLOTS_MAX):
        actors.register_local_actor(Slot(), actor_id=f"slot{slot}")
    print("ready", flush=True)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ended.wait()
    os._exit(0)  # SAGE's own threads do not end by themselves


def main() -> None:
    parser = argparse.ArgumentParser(description="A SAGE node that serves sage-host.")
    parser.add_argument("--bind", required=True, help="address of the control interface (HTTP)")
    parser.add_argument("--data", required=True, help="address that actors are called at (TCP)")
    parser.add_argument("--seeds", default="", help="control addresses of nodes of the cluster to join")
    parser.add_argument("--parent", type=int, default=0, help="end when this process, our parent, ends")
    arguments = parser.parse_args()
    if arguments.parent:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != arguments.parent:
            sys.exit("the run that started this node has ended")
    serve(arguments)


if __name__ == "__main__":
    main()

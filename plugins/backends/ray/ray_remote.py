"""A driver on another node of the cluster: an actor there sends the requests and gets what becomes of them; the process here
passes both on, many in one call. When the actor is lost, with its node say, the process goes on by itself.
"""
from __future__ import annotations

import os
import pathlib
import socket
import threading
from typing import Any

import bridge_packets
from bridge_connection import REQUESTS, RESULTS, Connection, Frame
from bridge_errors import one_line
from bridge_loop import Loop
from bridge_types import Json
from bridge_workload import Description
from ray_join import Joined, Share

_STAMP = 8  # bytes a result, before the packets

Packed = tuple[bytes, int]  # packets, and how many


def machine() -> str:
    return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text()


class DriverActor:
    """Its calls come in three groups of one thread each, so that none waits for another kind."""

    def __init__(self, run: Json) -> None:
        description = Description(run)
        ours, theirs = socket.socketpair()
        self._connection = Connection(ours.detach())
        loop = Loop(Connection(theirs.detach()))
        self._share = Share(description, loop)
        self._share.start()
        threading.Thread(target=loop.run, args=(self._handle, self._share.dispatcher.settle), daemon=True).start()

    def _handle(self, frame: Frame) -> bool:
        _, count, body = frame
        self._share.dispatcher.submit(bridge_packets.split(body, count))
        return True

    def where(self) -> tuple[str, int]:
        return machine(), os.getpid()

    def submit(self, body: bytes, count: int) -> None:
        self._connection.send(REQUESTS, body, count)

    def results(self) -> Packed:
        """Waits until some have ended. When they did is told by this machine's clock, so it stays here."""
        while frame := self._connection.receive():
            kind, count, body = frame
            if kind == RESULTS:
                return body[count * _STAMP:], count
        return b"", 0

    def heard(self, message: Json) -> Json:
        return self._share.heard(message)


class Relay(Joined):
    def __init__(self, description: Description, loop: Loop) -> None:
        super().__init__(description, loop)
        self._actor: Any = None
        self._outgoing: list[bytes] = []
        self._sent: dict[int, bytes] = {}  # by the request's id; what the actor has
        self._timeout_s: float = description.options["actor_timeout_s"]

    def start(self) -> Json:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
        super().start()
        nodes = self.description.join["nodes"]
        where = NodeAffinitySchedulingStrategy(nodes[self.description.driver % len(nodes)], soft=False)
        actor = ray.remote(num_cpus=0, max_restarts=0, max_task_retries=0, concurrency_groups={"in": 1, "out": 1, "control": 1})(
            DriverActor).options(scheduling_strategy=where).remote(self.description.run)
        its_machine, pid = ray.get(actor.where.remote(), timeout=self._timeout_s)
        self._actor = actor
        self._submit = actor.submit.options(concurrency_group="in").remote
        threading.Thread(target=self._collect, daemon=True).start()
        return {"driver_pid": pid} if its_machine == machine() else {}

    # ---- the loop's thread
    def submit(self, packets: list[bytes]) -> None:
        self._outgoing += packets

    def settle(self) -> bool:
        packets, self._outgoing = self._outgoing, []
        if self._actor is None:
            super().submit(packets)
            return super().settle()
        if packets:
            self._sent.update((bridge_packets.request_id(packet), packet) for packet in packets)
            self._submit(b"".join(packets), len(packets))
        return True

    def _lost_actor(self, why: str) -> None:
        self._actor = None
        packets, self._sent = list(self._sent.values()), {}
        self.share.dispatcher.send_again(packets, why)

    # ---- a thread of its own
    def _collect(self) -> None:
        import ray
        results = self._actor.results.options(concurrency_group="out").remote
        while True:
            try:
                body, count = ray.get(results())
            except Exception as e:
                self.loop.post(self._lost_actor, f"lost with a driver's actor: {one_line(e)}")
                return
            packets = bridge_packets.split(body, count)
            for packet in packets:
                self._sent.pop(bridge_packets.request_id(packet), None)
            self.loop.complete(packets)

    # ---- the thread of control events
    def heard(self, message: Json) -> Json:
        import ray
        own = super().heard(message)
        actor = self._actor
        if actor is None:
            return own
        try:
            its: Json = ray.get(actor.heard.options(concurrency_group="control").remote(message),
                                timeout=message.get("drain_s", 0) + self._timeout_s)
        except ray.exceptions.RayActorError:
            return own  # it goes on here
        return {name: value + own[name] if name != "drained" else value for name, value in its.items()}

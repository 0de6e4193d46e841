"""A runtime that gives each request back at once: what the bridge alone costs (tests/bench/bridge_bench.cpp)."""
from __future__ import annotations

import bridge_types
from bridge_loop import Loop
from bridge_types import Event, Json
from bridge_workload import Description


def versions() -> Json:
    return {}


class Runtime(bridge_types.Runtime):
    def __init__(self, description: Description, loop: Loop) -> None:
        self.loop = loop

    def start(self) -> Json:
        return {}

    def submit(self, packets: list[bytes]) -> None:
        self.loop.complete(packets)

    def control(self, event: Event) -> str:
        return "nothing to do"

    def close(self) -> None:
        pass

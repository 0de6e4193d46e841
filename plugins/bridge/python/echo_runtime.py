"""A runtime that gives each request back at once: what the bridge alone costs (tests/bench/bridge_bench.cpp)."""
from __future__ import annotations

from bridge_loop import Loop
from bridge_types import Event, Json
from bridge_workload import Description


def versions() -> Json:
    return {}


class Runtime:
    def __init__(self, description: Description, loop: Loop) -> None:
        self.submit = loop.complete

    def start(self) -> Json:
        return {}

    def settle(self) -> bool:
        return True

    def control(self, event: Event) -> str:
        return "nothing to do"

    def close(self) -> None:
        pass

"""A runtime that gives each request back at once: what the bridge alone costs (tests/bench/bridge_bench.cpp)."""
from __future__ import annotations

from bridge_types import Complete, Event, Json, Publish
from bridge_workload import Description


def versions() -> Json:
    return {}


class Runtime:
    def __init__(self, description: Description, complete: Complete, metadata: Publish) -> None:
        self.submit = complete

    def start(self) -> Json:
        return {}

    def control(self, event: Event) -> str:
        return "nothing to do"

    def close(self) -> None:
        pass

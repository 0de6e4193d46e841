"""A runtime that gives each request back at once: what the bridge alone costs (tests/bench/bridge_bench.cpp)."""


def versions():
    return {}


class Runtime:
    def __init__(self, description, complete, metadata):
        self.submit = complete

    def start(self):
        return {}

    def control(self, event):
        return "nothing to do"

    def close(self):
        pass

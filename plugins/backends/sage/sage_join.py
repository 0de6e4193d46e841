"""A client that joins the nodes which the first one started or found."""
from __future__ import annotations

from bridge_errors import Unsupported
from bridge_loop import Loop
from bridge_types import Event, Json
from bridge_workload import Description
from sage_calls import Calls, Node


class Joined(Calls):
    def __init__(self, description: Description, loop: Loop) -> None:
        super().__init__(description, loop.complete)

    def start(self) -> Json:
        join = self.description.join
        self._bootstrap([join["control"]])
        self.owners = join["owners"]
        for row in join["nodes"]:
            self._add(Node(**row))
        return {}

    def _add(self, node: Node) -> None:
        self.nodes[node.index] = node
        self._start_threads(node)

    def heard(self, message: Json) -> Json:
        if "killed" in message:
            self._leave(self.nodes[message["killed"]])
        if "serves" in message:
            self._add(Node(**message["serves"]))
        if "leaves" in message:
            self._let_go(message["leaves"])
        if "resized" in message:
            self._resize(message["resized"], message["replicas"])
        return self.counts()

    def control(self, event: Event) -> str:
        raise Unsupported("the first client of the run carries out its events")

"""SAGE (PyPI isage) as a runtime: which of its ways to run pipelines serves this run."""
from __future__ import annotations

import importlib.metadata
import logging

import bridge_network
import bridge_types
from bridge_errors import Unsupported
from bridge_loop import Loop
from bridge_types import Json
from bridge_workload import Description

logging.disable(logging.INFO)


def versions() -> Json:
    return {"isage": importlib.metadata.version("isage")}


def _network(description: Description) -> str:
    """Nodes unpickle, and so execute, whatever reaches their ports. What they listen on, for the record."""
    if description.options["insecure_nodes"]:
        return f"{bridge_network.SHARED}, and SAGE executes what it is sent there (insecure_nodes)"
    if description.options["sage_seeds"]:
        why = "they are on a network that others may be on"
    elif not (why := bridge_network.enter()):
        return bridge_network.OWN
    raise Unsupported(f"SAGE's nodes cannot be kept from others: {why}; whoever reaches their ports can run code as you. "
                      "Where you alone can, add --set sage.insecure_nodes=true; or use --nodes 1")


def Runtime(description: Description, loop: Loop) -> bridge_types.Runtime:
    if description.driver != 0:
        bridge_network.join(description.join["process"])
        from sage_join import Joined
        return Joined(description, loop)
    if description.options["mode"] == "lanes":
        if description.nodes != 1 or description.drivers != 1:
            raise Unsupported("mode lanes runs in one process; use --nodes 1 and sage.clients=1, or --set sage.mode=flownet")
        from sage_lanes import Lanes
        return Lanes(description, loop.complete)
    if description.nodes == 1 and description.drivers == 1:  # else it is a process of its own
        from sage_flows import Flows
        return Flows(description, loop.complete)
    network = _network(description)  # before SAGE is imported: it has threads
    from sage_nodes import Nodes
    return Nodes(description, loop.complete, network, loop.peers.tell)

"""SAGE (PyPI isage) as a runtime: which of its ways to run pipelines serves this run."""
from __future__ import annotations

import importlib.metadata
import logging

import bridge_types
from bridge_errors import Unsupported
from bridge_types import Complete, Json, Publish
from bridge_workload import Description

logging.disable(logging.INFO)


def versions() -> Json:
    return {"isage": importlib.metadata.version("isage")}


def Runtime(description: Description, complete: Complete, metadata: Publish) -> bridge_types.Runtime:
    if description.options["mode"] == "lanes":
        if description.nodes != 1:
            raise Unsupported("mode lanes runs in one process; use --nodes 1, or --set sage.mode=flownet")
        from sage_lanes import Lanes
        return Lanes(description, complete)
    if description.nodes == 1:
        from sage_flows import Flows
        return Flows(description, complete)
    from sage_nodes import Nodes
    return Nodes(description, complete)

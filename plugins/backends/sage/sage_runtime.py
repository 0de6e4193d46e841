"""SAGE (PyPI isage) as a runtime: which of its ways to run pipelines serves this run."""
import importlib.metadata
import logging

from bridge_errors import Unsupported

logging.disable(logging.INFO)


def versions():
    return {"isage": importlib.metadata.version("isage")}


def Runtime(description, complete, metadata):
    mode = description.options["mode"]
    if mode == "lanes":
        if description.nodes != 1:
            raise Unsupported("mode lanes runs in one process; use --nodes 1, or --set sage.mode=flownet")
        from sage_lanes import Lanes
        return Lanes(description, complete)
    if description.nodes == 1:
        from sage_flows import Flows
        return Flows(description, complete)
    from sage_nodes import Nodes
    return Nodes(description, complete)

"""The child's half of the bridge: `python bridge_main.py MODULE` serves the host on descriptor 3.

MODULE defines `versions()`, a dict for the record, and `Runtime(description, loop)`, which gives what bridge_types.Runtime
says.
"""
from __future__ import annotations

import importlib
import json
import os
import queue
import signal
import sys
import threading
import traceback
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bridge_connection as link
import bridge_packets
from bridge_errors import INVALID, UNSUPPORTED, Unsupported, one_line
from bridge_loop import Loop
from bridge_types import Event, Json, Runtime
from bridge_workload import Description

SOCKET = 3


def control_events(runtime: Runtime, connection: link.Connection, events: queue.SimpleQueue[Event | None]) -> None:
    """On a thread of its own: a reconfiguration takes its time, and requests must not wait for it."""
    while (event := events.get()) is not None:
        if "call" in event:
            answer(runtime, connection, event)
            continue
        status, text = 0, ""
        try:
            text = runtime.control(event) or ""
        except Unsupported as e:
            status, text = UNSUPPORTED, str(e)
        except Exception as e:
            traceback.print_exc()
            status, text = 1, one_line(e)
        connection.send_json(link.ANSWER, {"event": event["event"], "status": status, "text": text})


def answer(runtime: Runtime, connection: link.Connection, call: Json) -> None:
    try:
        said: Json = {"result": runtime.heard(call["message"])}
    except Exception as e:
        traceback.print_exc()
        said = {"error": one_line(e)}
    connection.send_json(link.PEER, {"call": call["call"], **said})


def serve(connection: link.Connection, module: Any) -> None:
    connection.send_json(link.HELLO, {"pid": os.getpid(), "python": sys.version.split()[0], **module.versions()})
    while (frame := connection.receive()) and frame[0] == link.ECHO:
        connection.send(link.ECHO, frame[2])
    if frame is None or frame[0] != link.OPEN:
        return
    description = Description(json.loads(frame[2]))
    first = description.driver == 0
    loop = Loop(connection, description.drivers - 1 if first else 0)
    runtime: Runtime = module.Runtime(description, loop)
    events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()

    def handle(frame: link.Frame) -> bool:
        kind, count, body = frame
        if kind == link.REQUESTS:
            runtime.submit(bridge_packets.split(body, count))
        elif kind == link.CONTROL:
            events.put(json.loads(body))
        elif kind == link.PEER:
            (loop.peers.answers if first else events).put(json.loads(body))
        elif kind == link.ECHO:
            connection.send(link.ECHO, body)
        return kind != link.CLOSE

    try:
        connection.send_json(link.READY, runtime.start())
        threading.Thread(target=control_events, args=(runtime, connection, events), daemon=True).start()
        loop.run(handle, runtime.settle)
    finally:
        events.put(None)
        runtime.close()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the host's to handle
    connection = link.Connection(SOCKET)
    try:
        serve(connection, importlib.import_module(sys.argv[1]))
    except BrokenPipeError:
        pass  # the host is gone, and the guard ends us
    except Exception as e:
        traceback.print_exc()
        status = INVALID if isinstance(e, Unsupported) else 1
        connection.send_json(link.FAILURE, {"status": status, "text": one_line(e)})
        sys.exit(1)


if __name__ == "__main__":
    main()

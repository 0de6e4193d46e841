"""`child.py BRIDGE_DIR HOW`: a child of the bridge that behaves HOW it is told."""
from __future__ import annotations

import json
import os
import signal
import struct
import sys
import time

sys.path.insert(0, sys.argv[1])

import bridge_connection as link
import bridge_packets

HOW = sys.argv[2]
connection = link.Connection(3)
raw = connection._socket

if HOW == "exits":
    print("no module named anything")
    sys.exit(7)
if HOW == "mute":
    time.sleep(60)
if HOW == "noise":
    raw.sendall(b"HTTP/1.1 200 OK\r\n\r\n" * 4)
    time.sleep(60)
if HOW == "other_version":
    raw.sendall(struct.pack("<IHHII", 0x31474253, 9, link.HELLO, 2, 0) + b"{}")
    time.sleep(60)
if HOW == "oversized":
    raw.sendall(struct.pack("<IHHII", 0x31474253, 1, link.HELLO, 0xFFFFFFFF, 0))
    time.sleep(60)

connection.send_json(link.HELLO, {"pid": os.getpid()})
while (frame := connection.receive()) and frame[0] == link.ECHO:
    connection.send(link.ECHO, frame[2])
run = json.loads(frame[2]) if frame else {}
driver, drivers = run.get("driver", 0), run.get("drivers", 1)
last = driver == drivers - 1
if HOW == "last_refuses" and last:
    connection.send_json(link.FAILURE, {"status": 2, "text": "there is no room"})
    time.sleep(60)
if HOW == "joins":
    if driver != 0 and run["join"] != {"meet": "there"}:
        sys.exit(8)
    connection.send_json(link.METADATA, {"runtime": {"driver_told": driver}})
    HOW = "echoes"
if HOW == "last_dies":
    HOW = "dies" if last else "echoes"
if HOW == "lists":
    print("descriptors", *sorted(fd for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")), "alone")
    HOW = "echoes"
if HOW == "refuses":
    connection.send_json(link.FAILURE, {"status": 2, "text": "there is no such mode"})
    time.sleep(60)
if HOW == "nests":
    depth = 1_000_000
    connection.send(link.READY, b'{"deep": ' + b"[" * depth + b"]" * depth + b', "flat": 1}')
    HOW = "echoes"
else:
    connection.send_json(link.READY, {"node_capacity": [2], "operators_in_driver": HOW == "executes",
                                      "to_join": {"meet": "there"}})

asked = 0  # of HOW "tells": the event under way
heard_by: list[int] = []  # and who answered
while frame := connection.receive():
    kind, count, body = frame
    if kind == link.CLOSE:
        break
    if kind == link.CONTROL:
        event = json.loads(body)
        if HOW == "tells":
            asked = event["event"]
            connection.send_json(link.PEER, {"target": event["target"]})
            continue
        connection.send_json(link.ANSWER, {"event": event["event"], "status": 0, "text": event["target"]})
    if kind == link.PEER:
        message = json.loads(body)
        if driver != 0:
            connection.send_json(link.PEER, {**message, "by": driver})
            continue
        heard_by = sorted([*heard_by, message["by"]])
        if len(heard_by) == drivers - 1:
            text = f"{message['target']} was heard by {heard_by}"
            connection.send_json(link.ANSWER, {"event": asked, "status": 0, "text": text})
    if kind != link.REQUESTS:
        continue
    packets = bridge_packets.split(body, count)
    if HOW == "echoes":
        connection.complete(packets)
    elif HOW == "marks":
        connection.complete([packet[:124] + struct.pack("<I", driver) + packet[128:] for packet in packets])
    elif HOW in ("executes", "delegates"):
        # 3 and 4 ms of CPU time, and a step that says it took less than nothing.
        spans = b"".join(struct.pack("<qqqHHI", cpu, 1, 9, 0, step, 0) for step, cpu in enumerate((3_000_000, 4_000_000, -5)))
        connection.complete([packet[:116] + struct.pack("<H", 3) + packet[118:128] + spans for packet in packets])
    elif HOW == "twice":
        connection.complete(packets + packets)
    elif HOW == "unknown":
        connection.complete([struct.pack("<Q", 1 << 40) + packets[0][8:]])
        connection.complete(packets)
    elif HOW == "fails_all":
        connection.complete([bridge_packets.failed(packet, "no luck") for packet in packets])
    elif HOW == "truncates":
        connection.send(link.RESULTS, struct.pack("<q", 0) + packets[0][:60], 1)
    elif HOW == "many_spans":
        broken = bytearray(packets[0])
        struct.pack_into("<H", broken, 116, 0xFFFF)
        connection.send(link.RESULTS, struct.pack("<q", 0) + broken, 1)
    elif HOW == "fewer":
        connection.send(link.RESULTS, b"", 1 << 30)
    elif HOW == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    elif HOW == "stops":
        os.kill(os.getpid(), signal.SIGSTOP)

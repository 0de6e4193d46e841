"""A flame graph, as text, of the process that drives a runtime: `driver_profile.py PY_SPY SAGE_HOST ARGS...`.

Starts `sage-host ARGS...` (a `run` of 20 seconds or more), waits until requests flow, and has py-spy (PyPI) look 200 times a second at
the thread of the driver that holds the interpreter's lock. Each line is a function below the one that called it, with its share of
the looks that found one.
"""
from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import tempfile
import time

START_S = 60
SECONDS = 10
RATE = 200  # looks a second
BEGINNINGS = ("Thread._bootstrap", "Thread.run ")  # of every thread
LEAST = 0.01  # share of what is printed


class Node:
    def __init__(self) -> None:
        self.count = 0
        self.below: dict[str, Node] = {}

    def add(self, stack: list[str], count: int) -> None:
        self.count += count
        if stack:
            self.below.setdefault(stack[0], Node()).add(stack[1:], count)

    def print(self, total: int, depth: int = 0) -> None:
        for name, node in sorted(self.below.items(), key=lambda item: -item[1].count):
            if node.count >= LEAST * total:
                print(f"{100 * node.count / total:5.1f} %  {'  ' * depth}{name}")
                node.print(total, depth + 1)


def driver_below(host: int) -> int | None:
    """The first process of the bridge's half in Python that is the host's or its cell's."""
    parents: dict[int, int] = {}
    drivers = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parents[int(process.name)] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word.endswith(b"bridge_main.py") for word in words) and not words[0].endswith(b"sage-host-guard"):
            drivers.append(int(process.name))
    for driver in sorted(drivers):
        above = driver
        while above := parents.get(above, 0):
            if above == host:
                return driver
    return None


def flows(folder: pathlib.Path) -> bool:
    return any('"type":"interval"' in stream.read_text() for stream in folder.glob("*/records.jsonl"))


def main() -> None:
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    py_spy, *command = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        host = subprocess.Popen([*command, "--output-dir", folder], stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + START_S
            while not flows(folder):
                if host.poll() is not None or time.monotonic() > deadline:
                    sys.exit("no requests flowed: the run has ended, or did not begin in time")
                time.sleep(0.1)
            driver = driver_below(host.pid)
            if driver is None:
                sys.exit("the run has no driver")
            raw = folder / "stacks"
            subprocess.run([py_spy, "record", "--pid", str(driver), "--duration", str(SECONDS), "--rate", str(RATE), "--format", "raw",
                            "--function", "--threads", "--gil", "--output", raw], check=True, stdout=subprocess.DEVNULL, timeout=60)
            top = Node()
            for line in raw.read_text().splitlines():
                stack, _, count = line.rpartition(" ")
                thread, *frames = stack.split(";")
                named = re.sub(r"^thread \(\w+\)(?:: )?", "", thread) or "threads without a name"
                places = [re.sub(r":\d+\)$", ")", frame) for frame in frames if not frame.startswith(BEGINNINGS)]
                top.add([named, *places], int(count))
        finally:
            host.terminate()
            host.wait(60)
    print(f"the interpreter's lock was held in {100 * top.count / RATE / SECONDS:.0f} % of the looks; of these, by")
    top.print(top.count)


if __name__ == "__main__":
    main()

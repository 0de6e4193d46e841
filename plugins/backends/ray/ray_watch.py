"""`python ray_watch.py DRIVER FOLDER`: ends a run's Ray processes and removes its folder once the driver is dead.

The guard does that, too, and is quicker; this is for the case that the guard died with the host. Ray's agents outlive their
raylet then, and are nobody's children. What belongs to the run is told by its folder, which is in RAY_TMPDIR.
"""
from __future__ import annotations

import os
import pathlib
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterator

_LIMIT_S = 10


def processes_of(folder: str) -> Iterator[int]:
    mark = b"RAY_TMPDIR=" + os.fsencode(folder)
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0") and int(process.name) != os.getpid():
                yield int(process.name)
        except OSError:
            pass  # it has ended, or is another user's


def end_all(folder: str) -> None:
    deadline = time.monotonic() + _LIMIT_S
    while (found := list(processes_of(folder))) and time.monotonic() < deadline:
        for process in found:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.1)


def main() -> None:
    driver, folder = int(sys.argv[1]), sys.argv[2]
    try:
        handle = os.pidfd_open(driver)
        if os.getppid() == driver:
            select.select([handle], [], [])
    except ProcessLookupError:
        pass
    end_all(folder)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

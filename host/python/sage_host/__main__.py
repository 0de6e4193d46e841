"""Becomes the program that lies beside this file: exit codes, signals and the terminal are its own."""
from __future__ import annotations

import os
import pathlib
import signal
import sys
from typing import NoReturn


def main() -> NoReturn:
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python, and a program inherits what is ignored
        signal.signal(ignored, signal.SIG_DFL)
    program = pathlib.Path(__file__).parent / "bin" / "sage-host"
    os.execv(program, ["sage-host", *sys.argv[1:]])


if __name__ == "__main__":
    main()

"""Runs the built sage-host in a folder of its own, with captured output and a time limit."""
from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from collections.abc import Callable, Iterable
from typing import Any

Json = dict[str, Any]  # an object of a file or of standard output
Done = subprocess.CompletedProcess[str]
Process = subprocess.Popen[str]

BUILD = pathlib.Path(os.environ.get("SAGE_BUILD", "build"))
HOST = BUILD / "bin" / "sage-host"
PLUGINS = BUILD / "lib" / "sage-host" / "plugins"
BROKEN = BUILD / "tests" / "plugins"
LIMIT_S = 120

OK, FAILED, USAGE, UNAVAILABLE, INVALID, GATE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130


def environment(**extra: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SAGE_", "XDG_"))}
    # A sanitizer's own report of a crash is not wanted: the host's is under test.
    return {**kept, "NO_COLOR": "1", "ASAN_OPTIONS": "handle_segv=0:allow_user_segv_handler=1", **extra}


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="sage-e2e-"))
        self.out = self.dir / "results"

    def tearDown(self) -> None:
        shutil.rmtree(self.dir, ignore_errors=True)

    def host(self, *args: object, code: int | None = OK, env: dict[str, str] | None = None, limit_s: float = LIMIT_S,
             **kwargs: Any) -> Done:
        """Runs the binary and checks its exit code (None: any). On a busy machine a run may be INVALID for a late generator: that is
        the host's honest answer, and not what these tests are about."""
        done = subprocess.run([HOST, *map(str, args)], cwd=self.dir, env=environment(**(env or {})), text=True,
                              capture_output=True, timeout=limit_s, check=False, **kwargs)
        if code is None:
            return done
        if code == OK and done.returncode == INVALID and "the load generator was late" in done.stderr:
            return done
        self.assertEqual(done.returncode, code, f"{args}\nstdout: {done.stdout}\nstderr: {done.stderr}")
        return done

    def error(self, *args: object, code: int = USAGE, says: str | Iterable[str] = (), **kwargs: Any) -> Done:
        """Runs the binary expecting one line on stderr that holds each of `says`."""
        done = self.host(*args, code=code, **kwargs)
        lines = done.stderr.rstrip("\n").split("\n")
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertTrue(lines[0].startswith("sage-host: "), lines[0])
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, lines[0])
        return done

    def start(self, *args: object, **kwargs: Any) -> Process:
        """Starts the binary in a process group of its own."""
        process = subprocess.Popen([HOST, *map(str, args)], cwd=self.dir, env=environment(), text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **kwargs)
        self.addCleanup(self._end, process)
        return process

    @staticmethod
    def _end(process: Process) -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=LIMIT_S)

    def run_quick(self, workload: str, backend: str, *more: object, code: int | None = OK, **kwargs: Any) -> Done:
        return self.host("run", "--workload", workload, "-b", backend, "--quick", "--output-dir", self.out, *more,
                         code=code, **kwargs)

    def folders(self) -> list[pathlib.Path]:
        """Of the results, without what lets several runs go on."""
        return sorted(f for f in self.out.iterdir() if not f.name.startswith("run-")) if self.out.exists() else []

    def records(self) -> list[Json]:
        """The unified records of all runs."""
        return [record for folder in self.folders() for record in read_lines(folder / "unified_results.jsonl")]

    def write(self, name: str, text: str) -> pathlib.Path:
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


def wait_for(condition: Callable[[], object], limit_s: float = LIMIT_S) -> bool:
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def read_lines(file: pathlib.Path) -> list[Json]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def lines_so_far(file: pathlib.Path) -> list[Json]:
    """Of a file that is being written: without the end that may be only partly there."""
    return [json.loads(line) for line in file.read_text().split("\n")[:-1]]


def read_proc(pid: int, file: str) -> str:
    """Empty for a process that has ended, also one that ends between opening and reading."""
    try:
        return pathlib.Path(f"/proc/{pid}/{file}").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def cells_of(pid: int) -> list[int]:
    """Processes that `pid` started."""
    return [int(child) for child in read_proc(pid, f"task/{pid}/children").split()]


def open_files(pid: int) -> list[str]:
    """What its descriptors lead to; none of a process that has ended."""
    folder, found = f"/proc/{pid}/fd", []
    with contextlib.suppress(OSError):
        for descriptor in os.listdir(folder):
            with contextlib.suppress(OSError):  # closed since
                found.append(os.readlink(f"{folder}/{descriptor}"))
    return found


def alive(pid: int) -> bool:
    return read_proc(pid, "stat").rpartition(")")[2].split()[:1] not in ([], ["Z"], ["X"])

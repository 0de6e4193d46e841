"""What the killer does to a command: signals, system calls that kill or fail, disks that are full."""
from __future__ import annotations

import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field

TOKEN = "SAGE_FAULT_TOKEN"
# Calls that change what is on the disk or who runs; of these, those that can fail for want of room or by a bad disk.
FAILING = ("openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "mkdir", "ftruncate")
KILLING = (*FAILING, "unlink", "close", "flock", "mmap", "getdents64", "munmap", "clone3", "exit_group", "unlinkat", "rmdir")


def processes(token: str) -> dict[int, str]:
    """Those of a run, wherever they hang in the tree, by what they are."""
    mark = f"{TOKEN}={token}".encode()
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            folder = pathlib.Path("/proc", entry)
            if mark not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:  # it has ended
            continue
        found[int(entry)] = role_of(words)
    return found


def role_of(words: list[str]) -> str:
    if words[0].endswith("strace"):
        return "tracer"
    if words[0].endswith("sage-host-guard"):
        return "guard"
    if words[:2] == ["sage-host", "cell"]:
        return "cell"
    if any(word.endswith("bridge_main.py") for word in words):
        return "child"
    return "host" if words[0].endswith("sage-host") else "worker"


@dataclass
class Fault:
    kind: str  # signal | freeze | call | error | disk | limit
    text: str
    wrapper: list[str] = field(default_factory=list)  # words before the command
    at_s: float = 0
    sign: int = 0
    target: str = ""
    hold_s: float = 0
    room: tuple[int, int] = (0, 0)  # pages and inodes left on a small disk; (0, 0): it is the usual one

    @property
    def kills_host(self) -> bool:
        return self.kind == "call" or (self.target == "host" and self.sign in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP))

    @property
    def fails_calls(self) -> bool:
        return self.kind in ("error", "disk", "limit")

    def act(self, process: subprocess.Popen[str], token: str) -> bool:
        """Sends the signal; false if the command was over before."""
        if self.kind not in ("signal", "freeze"):
            return True
        try:
            process.wait(self.at_s)
            return False
        except subprocess.TimeoutExpired:
            pass
        here = processes(token)
        targets = [pid for pid, role in here.items() if role == self.target]
        if not targets:
            self.target, targets = "host", [process.pid]
        pid = targets[int(self.at_s * 1e6) % len(targets)]
        try:
            os.kill(pid, signal.SIGSTOP if self.kind == "freeze" else self.sign)
            if self.kind == "freeze":
                time.sleep(self.hold_s)
                os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            return False
        return True

    def delivered(self, trace: pathlib.Path, said: str) -> bool:
        if self.kind in ("call", "error"):
            text = trace.read_text(errors="replace") if trace.exists() else ""
            return "INJECTED" in text or "killed by SIGKILL" in text
        if self.fails_calls:
            return re.search("No space left|File too large|cannot be written|cannot write", said) is not None
        return True


def calls_of(trace: pathlib.Path) -> dict[str, int]:
    """The most of each system call that one thread makes."""
    counts: dict[tuple[str, str], int] = {}
    for line in trace.read_text(errors="replace").splitlines():
        if match := re.match(r"(\d+) +(\w+)\(", line):
            counts[match[1], match[2]] = counts.get((match[1], match[2]), 0) + 1
    out: dict[str, int] = {}
    for (_, name), n in counts.items():
        out[name] = max(out.get(name, 0), n)
    return out


def tracer(trace: pathlib.Path, calls: tuple[str, ...], inject: str = "") -> list[str]:
    # With --seccomp-bpf, which spares all other calls a stop, strace 6.1 injects no signal.
    words = ["strace", "-f", *(() if "signal" in inject else ("--seccomp-bpf",)), "-q", "-o", str(trace), "-e", f"trace={','.join(calls)}"]
    return [*words, "-e", f"inject={inject}"] if inject else words


def draw_fault(rng: random.Random, backend: str, seconds: float, calls: dict[str, int], trace: pathlib.Path) -> Fault:
    kinds = ["signal"] * 6 + ["freeze"] * 1 + ["limit"]
    if shutil.which("strace"):
        kinds += ["call"] * 5 + ["error"] * 5
    if os.geteuid() == 0:
        kinds += ["disk"] * 2
    kind = rng.choice(kinds)
    runtime = backend in ("sage", "ray")
    if kind in ("signal", "freeze"):
        at_s = rng.uniform(0, seconds)
        target = rng.choice(("host", "cell", "guard", "child", "worker") if runtime else ("host", "host", "cell"))
        sign = rng.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP))
        if kind == "freeze":
            hold_s = rng.uniform(0.01, 0.3)
            return Fault(kind, f"SIGSTOP at {target} after {at_s:.3f} s, for {hold_s:.3f} s", at_s=at_s, target=target, hold_s=hold_s)
        return Fault(kind, f"{sign.name} at {target} after {at_s:.3f} s", at_s=at_s, sign=sign, target=target)
    if kind in ("call", "error"):
        name = rng.choice([each for each in (KILLING if kind == "call" else FAILING) if calls.get(each)])
        n = rng.randint(1, calls[name])
        if kind == "call":
            return Fault(kind, f"killed at call {n} of {name}", tracer(trace, (name,), f"{name}:signal=KILL:when={n}"))
        error = rng.choice(("ENOSPC", "ENOSPC", "EIO"))
        on = rng.choice(("", "+"))
        return Fault(kind, f"{error} of {name} at call {n}{' and all after' if on else ''}",
                     tracer(trace, (name,), f"{name}:error={error}:when={n}{on}"))
    if kind == "limit":
        limit = rng.randint(0, 120_000)
        return Fault(kind, f"files of at most {limit} bytes", ["prlimit", f"--fsize={limit}"])
    if rng.random() < 0.7:
        pages = rng.randint(0, 80)
        return Fault(kind, f"a disk with room for {pages} pages", room=(pages, 1000))
    inodes = rng.randint(0, 15)
    return Fault(kind, f"a disk with room for {inodes} files", room=(100_000, inodes))


class SmallDisk:
    """A file system in memory at a folder, of which little is free."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", folder], check=True)

    def leave(self, pages: int, inodes: int) -> None:
        disk = os.statvfs(self.folder)
        size = (disk.f_blocks - disk.f_bfree + pages) * disk.f_frsize
        files = disk.f_files - disk.f_ffree + inodes
        subprocess.run(["mount", "-o", f"remount,size={max(size, 4096)},nr_inodes={files}", self.folder], check=True)

    def close(self) -> None:
        subprocess.run(["umount", "-l", self.folder], check=True)

"""Faults at random times and places in runs of the built binary, and whether what it promises holds after each.

    python3 -B tests/e2e/killer.py --backend mock --what run --count 1000 --seed 1

Each fault has a seed of its own, the first one's plus its number, so `--seed N --count 1` does one of them again. A fault that breaks
a promise keeps its folder. docs/reliability.md keeps the counts.
"""
from __future__ import annotations

import argparse
import collections
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

import fault_checks as checks
from fault_jobs import (
    Job,
    Reference,
    call,
    complete,
    digests_of,
    draw_job,
    finished,
    host_environment,
    pair_states,
    records_in,
    usable,
)
from fault_kinds import KILLING, Fault, SmallDisk, calls_of, draw_fault, processes, tracer
from harness import FAILED, HOST, INVALID, OK

LIMIT_S = {"sage": 180, "ray": 240}


class Killer:
    def __init__(self, host: pathlib.Path, backend: str, folder: pathlib.Path) -> None:
        self.host, self.backend, self.folder = host.resolve(), backend, folder
        self.limit_s = LIMIT_S.get(backend, 60)
        self.runtime = folder / "x"
        (self.runtime / "sage-others").mkdir(parents=True, mode=0o700)
        self.runtime.chmod(0o700)
        (self.runtime / "sage-others" / "notes").write_text("not ours")
        self.references: dict[Job, Reference] = {}
        earlier = [str(self.host), "run", "--workload", "q6", "-b", "mock", "--quick", "--total-requests", "50", "--output-dir"]
        self.command([*earlier, str(folder / "e")], "earlier")
        (found,) = (folder / "e").iterdir()
        found.rename(folder / "earlier")
        self.delivered: collections.Counter[str] = collections.Counter()
        self.missed = 0

    def command(self, command: list[str], token: str) -> subprocess.CompletedProcess[str]:
        return call(command, host_environment(self.runtime, token), self.limit_s)

    def reference(self, job: Job) -> Reference:
        if job not in self.references:
            out = self.folder / f"reference-{len(self.references)}"
            trace = self.folder / "trace"
            begin = time.monotonic()
            done = self.command(job.command(self.host, out), "reference")
            seconds = time.monotonic() - begin
            if not finished(done):
                raise SystemExit(f"without a fault: {job}: {done.stderr}")
            if shutil.which("strace"):
                again = job.command(self.host, self.folder / "traced")
                traced = self.command([*tracer(trace, KILLING), *again], "reference")
                if traced.returncode not in (OK, INVALID):
                    raise SystemExit(f"traced: {job}: {traced.stderr}")
                shutil.rmtree(self.folder / "traced")
            records = records_in(out)
            self.references[job] = Reference(seconds, digests_of(records), len(records), Reference.points_in(out),
                                             calls_of(trace) if trace.exists() else {})
            shutil.rmtree(out)
        return self.references[job]

    def once(self, what: str, seed: int) -> bool:
        """True if the fault hit and all held, or it came too late; else what broke is printed."""
        rng = random.Random(seed)
        job = draw_job(what, self.backend, rng)
        reference = self.reference(job)
        case = self.folder / str(seed)
        out = case / "out"
        out.mkdir(parents=True)
        fault = draw_fault(rng, self.backend, reference.seconds, reference.calls, case / "trace")
        disk = SmallDisk(out) if fault.room != (0, 0) else None
        try:
            wrong = self.attempt(job, reference, fault, out, disk, f"{os.getpid()}-{seed}")
        except subprocess.TimeoutExpired as e:
            wrong = [f"hung: {e}"]
        except (OSError, ValueError, KeyError) as e:
            wrong = [f"not readable: {type(e).__name__}: {e}"]
        if wrong and disk is not None:
            shutil.copytree(out, case / "disk")
        if disk is not None:
            disk.close()
        if not wrong:
            shutil.rmtree(case)
            return True
        print(f"\nseed {seed}: {fault.text}\n  {' '.join(job.command(self.host, out))}", *wrong, sep="\n  ", flush=True)
        return False

    def attempt(self, job: Job, reference: Reference, fault: Fault, out: pathlib.Path, disk: SmallDisk | None, token: str) -> list[str]:
        shutil.copytree(self.folder / "earlier", out / "earlier")
        (out / "notes.txt").write_text("somebody's")
        foreign = {**checks.snapshot(out), **checks.snapshot(self.runtime / "sage-others")}
        if disk is not None:
            disk.leave(*fault.room)
        process = subprocess.Popen([*fault.wrapper, *job.command(self.host, out)], env=host_environment(self.runtime, token), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        hit = fault.act(process, token)
        try:
            said = process.communicate(timeout=self.limit_s)
        except subprocess.TimeoutExpired:
            wrong = [f"hung for {self.limit_s} s; the processes are {processes(token)}"]
            for pid in processes(token):
                subprocess.run(["kill", "-9", str(pid)], check=False)
            process.communicate(timeout=30)
            return wrong
        done = subprocess.CompletedProcess(process.args, process.returncode, *said)
        (out.parent / "said").write_text("".join(said))
        if not hit or not fault.delivered(out.parent / "trace", done.stderr):
            self.missed += 1
        else:
            self.delivered[fault.kind] += 1
        wrong = checks.nothing_runs(token)
        if disk is not None:
            disk.leave(100_000, 1000)
        wrong += checks.files_are_whole(out) + pair_states(out, 1) + checks.exit_fits(job, done, fault, out)
        if done.returncode >= 0 and not fault.fails_calls and fault.kind != "call":
            wrong += checks.leftovers(out, self.runtime)
        results = [str(p) for p in out.iterdir() if p.name not in ("earlier", "notes.txt")]
        if results:
            wrong += checks.verified(self.command([str(self.host), "verify", *results], token), done.returncode)
        if not wrong:
            wrong += self.go_on(job, reference, out, token)
        now = {**checks.snapshot(out), **checks.snapshot(self.runtime / "sage-others")}
        wrong += [f"touched: {name}" for name, was in foreign.items() if now.get(name) != was]
        return wrong

    def go_on(self, job: Job, reference: Reference, out: pathlib.Path, token: str) -> list[str]:
        """What was cut off is finished; of a single run, that what it left can be run again is tried now and then."""
        again = job.resume(self.host, out)
        if again is None:
            records = records_in(out)
            wrong = [] if digests_of(records) <= reference.digests else ["another digest than without the fault"]
            for manifest in sorted(out.glob("q*/repro_manifest.json"))[:1] if token.endswith(("0", "5")) else []:
                done = self.command([str(self.host), "rerun", str(manifest.parent), "--output-dir", str(out / "again")], token)
                if done.returncode not in (OK, FAILED, INVALID) or not digests_of(records_in(out / "again")) <= reference.digests:
                    wrong.append(f"rerun: exit status {done.returncode}: {done.stderr}")
            return wrong
        done = self.command(again, token)
        (out.parent / "resumed").write_text(done.stdout + done.stderr)
        if not finished(done):
            return [f"going on: exit status {done.returncode}: {done.stderr}"]
        # Of a repetition that was done again the last one counts.
        latest = {re.sub(r".*-(r\d+)(-\d+)?$", r"\1", p.name) if job.what == "repeat" else p.name: str(p) for p in sorted(out.iterdir())
                  if p.name not in ("earlier", "notes.txt") and (job.what != "repeat" or usable_run(p))}
        results = list(latest.values())
        checked = self.command([str(self.host), "verify", *results], token)
        return [*complete(job, out, reference), *checks.nothing_runs(token), *checks.files_are_whole(out),
                *(checks.leftovers(out, self.runtime) if job.what in ("pair", "experiment") else []), *checks.verified(checked, OK)]


def usable_run(folder: pathlib.Path) -> bool:
    record = checks.record_of(folder)
    return record is not None and usable(record)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="random faults in runs of the built binary")
    parser.add_argument("--host", type=pathlib.Path, default=HOST)
    parser.add_argument("--backend", choices=("threads", "mock", "sage", "ray"), default="mock")
    parser.add_argument("--what", choices=("run", "pair", "search", "experiment"), default="run")
    parser.add_argument("--count", type=int, default=100, help="faults that hit; those that come too late are not counted")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit-s", type=float, default=0, help="stop after so long; 0 = do not")
    args = parser.parse_args(arguments)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="killer-"))
    killer = Killer(args.host, args.backend, folder)
    failures, seed, begin = 0, args.seed, time.monotonic()
    while sum(killer.delivered.values()) < args.count and not (args.limit_s and time.monotonic() - begin > args.limit_s):
        failures += not killer.once(args.what, seed)
        seed += 1
        if args.count == 1:
            break
    print(f"{args.what} on {args.backend}: {sum(killer.delivered.values())} faults {dict(killer.delivered)}, {killer.missed} too late, "
          f"{failures} broke a promise; {time.monotonic() - begin:.0f} s", flush=True)
    if failures == 0:
        shutil.rmtree(folder)
    else:
        print(f"what is left is in {folder}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

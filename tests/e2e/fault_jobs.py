"""What the killer runs: a command, how it goes on after a fault, and what there must be in the end."""
from __future__ import annotations

import json
import pathlib
import random
import subprocess
from dataclasses import dataclass
from typing import Any

from harness import INVALID, LIMIT_S, OK, Done, Json, environment, read_lines

RUN_ID = "cut"
EXPERIMENT = pathlib.Path(__file__).with_name("fault_experiment.toml")


@dataclass(frozen=True)
class Job:
    what: str  # run | repeat | pair | search | experiment
    args: tuple[str, ...]

    def command(self, host: pathlib.Path, out: pathlib.Path) -> list[str]:
        return [str(host), *self.args, "--output-dir", str(out)]

    def resume(self, host: pathlib.Path, out: pathlib.Path) -> list[str] | None:
        """None: there is nothing to go on with."""
        if self.what == "pair":
            state = out / f"run_id={RUN_ID}" / "state.json"
            again = [str(host), "pair", "--resume", RUN_ID, "--output-dir", str(out)]
            return again if state.exists() else self.command(host, out)
        if self.what == "experiment":
            again = [str(host), "experiment", "--resume", RUN_ID, "--output-dir", str(out)]
            return again if (out / RUN_ID / "state.json").exists() else self.command(host, out)
        for state in sorted(out.glob("*/state.json")):
            return [str(host), "run", "--resume", state.parent.name, "--output-dir", str(out)]
        return None


def requests_of(backend: str) -> list[str]:
    if backend in ("sage", "ray"):
        return ["--total-requests", "60", "--rate", "60", "--warmup-items", "5", "--interval", "0.1"]
    requests = "60" if backend == "threads" else "200"
    return ["--total-requests", requests, "--rate", "1000", "--warmup-items", "5", "--interval", "0.02"]


def draw_job(what: str, backend: str, rng: random.Random) -> Job:
    load = requests_of(backend)
    if what == "pair":
        sides = "mock,threads" if backend == "mock" else f"{backend},mock"
        return Job("pair", ("pair", "--workload", "q6", "--backends", sides, "--repeat", "2", "--quick", "--cooldown", "0",
                            "--run-id", RUN_ID, *requests_of("threads" if backend == "mock" else backend)))
    if what == "experiment":
        return Job("experiment", ("experiment", str(EXPERIMENT), "--backend", backend, "--run-id", RUN_ID))
    if what == "search":
        return Job("search", ("run", "--workload", "q4", "-b", backend, "--quick", "--node-list", "1", "--tolerance", "0.3"))
    workloads = {"ray": ("q6",), "threads": ("q6", "q6", "q6", "q2")}.get(backend, ("q6", "q6", "q1", "q2"))  # by what they cost
    args = ["run", "--workload", rng.choice(workloads), "-b", backend, "--quick", *load,
            "--request-log", rng.choice(("jsonl",) if backend == "ray" else ("none", "jsonl", "binary"))]
    if rng.random() < 0.3 and backend in ("mock", "threads"):
        return Job("repeat", (*args, "--repeat", "2"))
    return Job("run", tuple(args))


def call(command: list[str], env: dict[str, str], limit_s: float = LIMIT_S) -> Done:
    return subprocess.run(command, env=env, text=True, capture_output=True, timeout=limit_s, check=False, stdin=subprocess.DEVNULL)


def records_in(out: pathlib.Path) -> list[Json]:
    return [record for file in sorted(out.glob("**/unified_results.jsonl"))
            if file.parent.parent.name not in ("backends", "probes")
            and not file.parent.name.startswith((".unfinished", "earlier", RUN_ID)) for record in read_lines(file)]


def usable(record: Json) -> bool:
    return record["metadata"]["status"] in ("ok", "invalid")


@dataclass(frozen=True)
class Reference:
    """Of the same job without a fault."""
    seconds: float
    digests: frozenset[str]
    records: int
    points: Any  # of a search: what it found, by number of nodes
    calls: dict[str, int]  # system call: the most that one thread makes

    @staticmethod
    def points_in(out: pathlib.Path) -> Any:
        for file in out.glob("q4-*/frontier.json"):
            return [(p["nodes"], p["capacity"], p["missed_at"]) for p in json.loads(file.read_text())["points"]]
        return None


def digests_of(records: list[Json]) -> frozenset[str]:
    """A digest is of the requests that ended well: those of a worker that was killed are not in it."""
    whole = [m for m in (record["metadata"] for record in records if usable(record)) if m["ledger"]["outcomes"]["ok"] == m["ledger"]["offered"]]
    return frozenset(str(metadata.get("digest")) for metadata in whole)


def complete(job: Job, out: pathlib.Path, reference: Reference) -> list[str]:
    """What is wrong with the whole that a resumed command says to have finished."""
    records = [record for record in records_in(out) if usable(record)]
    wrong = []
    if job.what == "search":
        # A search on real time may find another rate; in virtual time it cannot.
        if "mock" in job.args and Reference.points_in(out) != reference.points:
            wrong.append(f"the search found {Reference.points_in(out)}, without the fault {reference.points}")
        return wrong
    if len(records) < reference.records:
        wrong.append(f"{len(records)} usable records, without the fault {reference.records}")
    if not digests_of(records) <= reference.digests:
        wrong.append(f"digests {digests_of(records)}, without the fault {reference.digests}")
    if job.what == "pair":
        wrong += complete_pair(out)
    if job.what == "experiment":
        wrong += complete_experiment(out)
    if job.what == "repeat" and (left := [str(p) for p in out.glob("run-*")]):
        wrong.append(f"{left} is left of a finished run")
    return wrong


def pair_states(out: pathlib.Path, may_differ: int) -> list[str]:
    """state.json and manifest.json are written one after the other, so a kill may leave them a cell apart."""
    files = [*out.glob(f"run_id={RUN_ID}/state.json"), *out.glob(f"run_id={RUN_ID}/config_hash=*/manifest.json")]
    if len(files) < 2:
        return []
    states = [[cell["state"] for cell in json.loads(file.read_text())["cells"]] for file in files]
    differ = sum(a != b for a, b in zip(*states))
    return [f"state.json says {states[0]}, manifest.json {states[1]}"] if differ > may_differ else []


def complete_pair(out: pathlib.Path) -> list[str]:
    (folder,) = out.glob(f"run_id={RUN_ID}/config_hash=*")
    planned = sorted(cell["folder"].split("/")[-1] for cell in json.loads((folder / "manifest.json").read_text())["cells"])
    cells = sorted(p.name for p in (folder / "cells").iterdir())
    return [*pair_states(out, 0), *([f"the cells' folders are {cells}"] if cells != planned else [])]


def complete_experiment(out: pathlib.Path) -> list[str]:
    """The same set of cells as without a fault, and the records of all of them in one file."""
    planned = sorted(f"{point:03}-seed={point}-{side}-{repetition}" for point in (1, 2) for side in ("plain", "separated")
                     for repetition in (1, 2))
    cells = sorted(p.name for p in (out / RUN_ID / "cells").iterdir())
    states = [cell["state"] for cell in json.loads((out / RUN_ID / "state.json").read_text())["cells"]]
    records = len(read_lines(out / RUN_ID / "unified_results.jsonl"))
    return [*([f"the cells' folders are {cells}"] if cells != planned else []),
            *([f"the cells are {states}"] if len(states) != len(planned) or "pending" in states else []),
            *([f"{records} records of {len(planned)} cells"] if records != len(planned) else [])]


def finished(done: Done) -> bool:
    """On a busy machine a run in real time may be INVALID."""
    return done.returncode in (OK, INVALID)


def host_environment(runtime: pathlib.Path, token: str) -> dict[str, str]:
    return environment(XDG_RUNTIME_DIR=str(runtime), SAGE_FAULT_TOKEN=token)


"""What must hold after any fault: nothing lost, hung, contradictory or left behind."""
from __future__ import annotations

import hashlib
import json
import pathlib
import re
import time

from fault_jobs import Job, records_in
from fault_kinds import Fault, processes
from harness import FAILED, INTERRUPTED, INVALID, OK, UNAVAILABLE, USAGE, Done, Json, read_lines

PAGE = 4096
Snapshot = dict[str, tuple[str, int]]


def snapshot(folder: pathlib.Path) -> Snapshot:
    """SHA-256 and time of change of every file below."""
    return {str(file.relative_to(folder)): (hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns)
            for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_symlink()}


def nothing_runs(token: str, limit_s: float = 15) -> list[str]:
    end = time.monotonic() + limit_s
    while here := processes(token):
        if time.monotonic() > end:
            return [f"still running: {here}"]
        time.sleep(0.02)
    return []


def whole_lines(file: pathlib.Path) -> list[str]:
    """docs/records.md: a kill may leave blanks at the end, and may cut a line longer than a page and nothing else."""
    data = file.read_bytes()
    if not data:
        return []
    *lines, rest = data.split(b"\n")
    wrong = []
    for number, line in enumerate(lines, 1):
        try:
            if line.strip() and not isinstance(json.loads(line), dict):
                wrong.append(f"{file}:{number}: no object")
        except ValueError:
            wrong.append(f"{file}:{number}: not JSON: {line[:80]!r}")
    if rest.strip():
        long = rest.startswith((b'{"type":"run"', b'{"type":"summary"', b'{"type":"interval"'))
        if not (long and len(data) % PAGE == 0):
            wrong.append(f"{file}: its last line is cut: {rest[-80:]!r}")
    return wrong


def objects(file: pathlib.Path) -> list[Json]:
    return [json.loads(line) for line in file.read_bytes().split(b"\n")[:-1] if line.strip()]


def one_outcome_a_request(folder: pathlib.Path, record: Json | None) -> list[str]:
    stream = folder / "records.jsonl"
    if not stream.exists():
        return []
    lines = objects(stream)
    seqs = [line["seq"] for line in lines if line["type"] == "request"]
    wrong = [f"{stream}: a request stands twice"] if len(set(seqs)) < len(seqs) else []
    summaries = [line for line in lines if line["type"] == "summary"]
    if len(summaries) > 1:
        wrong.append(f"{stream}: {len(summaries)} summaries")
    if record is None:
        return wrong
    metadata = record["metadata"]
    ledger = metadata.get("ledger")
    if ledger and (sum(ledger["outcomes"].values()) != ledger["offered"] or ledger["duplicate"] or ledger["unexpected"]):
        wrong.append(f"{folder}: the ledger is not balanced: {ledger}")
    if summaries and (summaries[0]["status"], summaries[0].get("ledger")) != (metadata["status"], ledger):
        wrong.append(f"{folder}: the stream says {summaries[0]['status']}, unified_results {metadata['status']}")
    if metadata["status"] == "ok" and seqs and len(seqs) != ledger["offered"]:
        wrong.append(f"{folder}: {len(seqs)} requests logged of {ledger['offered']}")
    return wrong


def record_of(folder: pathlib.Path) -> Json | None:
    file = folder / "unified_results.jsonl"
    return read_lines(file)[0] if file.exists() and file.stat().st_size else None


def files_are_whole(out: pathlib.Path) -> list[str]:
    """Each file of each run, and that those of one run agree."""
    wrong = []
    for file in out.rglob("*.json*"):
        if file.name in ("records.jsonl", "unified_results.jsonl", "probes.jsonl"):
            wrong += whole_lines(file)
        elif file.suffix == ".json":
            try:
                json.loads(file.read_text())
            except ValueError as e:
                wrong.append(f"{file}: not whole: {e}")
    if wrong:
        return wrong
    for stream in out.rglob("records.jsonl"):
        wrong += one_outcome_a_request(stream.parent, record_of(stream.parent))
    for log in out.rglob("requests.bin"):
        if log.stat().st_size % 64:
            wrong.append(f"{log}: {log.stat().st_size} bytes are not whole rows")
    return wrong


def exit_fits(job: Job, done: Done, fault: Fault, out: pathlib.Path) -> list[str]:
    wrong = [f"it says: {found[0]}" for found in [re.search(r"terminate called.*|internal error.*|\w*Sanitizer.*", done.stderr)] if found]
    code = done.returncode
    records = [r for r in records_in(out) if r["run_id"] != "earlier"]
    states = {record["metadata"]["status"] for record in records}
    if code < 0 and not fault.kills_host:
        wrong.append(f"ended by signal {-code}")
    if code == OK and (not states or not states <= {"ok"}):
        wrong.append(f"exit 0 with records {states}")
    unreadable = fault.kind == "error" and code in (USAGE, UNAVAILABLE, 127)  # a manifest, a library: it is named
    if code not in (OK, FAILED, INVALID, INTERRUPTED) and code >= 0 and not unreadable:
        wrong.append(f"exit status {code}")
    mute = "of write" in fault.text  # nothing can be printed either
    if code == FAILED and not mute and "sage-host: " not in done.stderr and not done.stderr.startswith("["):
        wrong.append("exit 1 without a word")
    if job.what == "run" and code == FAILED and "ok" in states and "cannot" not in done.stderr and "written" not in done.stderr:
        wrong.append("exit 1 with a record that says ok")
    if code == INVALID and "invalid" not in states and job.what != "search":
        wrong.append(f"exit 4 with records {states}")
    return wrong


def leftovers(out: pathlib.Path, runtime: pathlib.Path) -> list[str]:
    """Of a command that ended by itself."""
    found = [*out.rglob(".sage-host-*"), *out.rglob(".unfinished-*"), *out.rglob("checkpoint.json"),
             *(p for p in runtime.iterdir() if p.name != "sage-others")]
    return [f"left behind: {[str(p) for p in found]}"] if found else []


def verified(done: Done, job_exit: int) -> list[str]:
    wrong = []
    if done.returncode == USAGE and "nothing was verified" in done.stderr and job_exit != OK:
        return []
    if done.returncode not in (OK, FAILED):
        wrong.append(f"verify: exit status {done.returncode}: {done.stderr}")
    if job_exit == OK and done.returncode != OK:
        wrong.append(f"the command said ok, verify did not: {done.stdout}")
    if done.returncode == FAILED and "FAILED" not in done.stdout and "sage-host: " not in done.stderr:
        wrong.append(f"verify names nothing: {done.stdout} {done.stderr}")
    return wrong

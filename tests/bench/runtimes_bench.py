"""The runtimes under the harness and by themselves: `runtimes_bench.py BUILD` prints the table of docs/performance.md.

Closed loop, one stage of P replicas; 64 requests in flight for an operator that does nothing, 4 a replica for one that holds.
"""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import Any

BUILD = pathlib.Path(sys.argv[1]).absolute()
HERE = pathlib.Path(__file__).parent
DATA = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local" / "share")
WAYS = {"threads": ("threads",), "sage flownet": ("sage",), "sage lanes": ("sage", "--set", "sage.mode=lanes"),
        "ray per_request": ("ray",)}
PLAIN = {"sage flownet": ("sage", "plain_sage.py", "flownet"), "sage lanes": ("sage", "plain_sage.py", "lanes"),
         "ray per_request": ("ray", "plain_ray.py")}


def harness(way: str, hold_ms: int, replicas: int, requests: int, in_flight: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run([BUILD / "bin" / "sage-host", "run", "--workload", "timeline", "-b", *WAYS[way], "--plugin-path",
                               BUILD / "tests" / "plugins" / "timeline", "--set", "timeline.chain=1", "--set",
                               f"timeline.hold_us={hold_ms * 1000}", "--parallelism", str(replicas), "--concurrency",
                               str(in_flight), "--total-requests", str(requests), "--warmup-items", "100", "--output-dir", out],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            return {"failed": done.stderr.strip()[-200:]}
        (file,) = pathlib.Path(out).glob("*/unified_results.jsonl")
        record = json.loads(file.read_text())
        return {"rate": record["throughput"], "p50_ms": record["latency_p50"], "p99_ms": record["latency_p99"]}


def plain(way: str, hold_ms: int, replicas: int, requests: int, in_flight: int) -> dict[str, Any]:
    backend, script, *more = PLAIN[way]
    done = subprocess.run([DATA / "sage-host" / "envs" / backend / "bin" / "python", HERE / script, *more,
                           str(hold_ms / 1000), str(replicas), str(requests), str(in_flight)],
                          capture_output=True, text=True, check=False)
    if not done.stdout:
        return {"failed": done.stderr.strip()[-200:]}
    measured: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return measured


def text(result: dict[str, Any]) -> str:
    if "failed" in result:
        return f"failed: {result['failed']}"
    rate, p50, p99 = ("n/a" if result[key] is None else f"{result[key]:.{digits}f}"
                      for key, digits in (("rate", 0), ("p50_ms", 2), ("p99_ms", 2)))
    return f"{rate}/s {p50}/{p99}"


print("| operator, P | " + " | ".join(f"{way}{', alone' if alone else ''}" for way in WAYS
                                      for alone in ((False, True) if way in PLAIN else (False,))) + " |")
for hold_ms in (0, 1, 20):
    for replicas in (1, 2, 4):
        in_flight = 4 * replicas if hold_ms else 64
        requests = {0: 4000, 1: 2000, 20: 1000}[hold_ms]
        row = []
        for way in WAYS:
            many = 100 if way == "threads" and not hold_ms else 1  # or it is over in milliseconds
            row.append(text(harness(way, hold_ms, replicas, many * requests, in_flight)))
            if way in PLAIN:
                row.append(text(plain(way, hold_ms, replicas, requests, in_flight)))
        print(f"| {f'{hold_ms} ms' if hold_ms else 'no-op'}, {replicas} | " + " | ".join(row) + " |", flush=True)

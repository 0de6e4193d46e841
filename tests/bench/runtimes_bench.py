"""What the harness takes from the runtimes: `runtimes_bench.py BUILD [--only REGEX] [--repetitions N] [--out DIR]`.

One stage of P replicas, saturated by a closed loop, and at half of what the plain program reached; each under the harness and
by a plain program that does nothing but drive the runtime (plain_ray.py, plain_sage.py), in turn: a pair a repetition. Both
execute the same operator code through the same library on the same packets, with as many in flight. Prints the table of
docs/performance.md: harness / alone with 95 % intervals, as `sage-host compare` makes them. Other sides can be named with --sides:
`harness,two drivers` compares two drivers with one.
"""
from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

HERE = pathlib.Path(__file__).parent
DATA = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local" / "share")
WARMUP = 200
Json = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Way:
    name: str
    backend: str
    options: dict[str, Any]
    nodes: int = 1


WAYS = (Way("sage flownet", "sage", {"mode": "flownet"}), Way("sage lanes", "sage", {"mode": "lanes"}),
        Way("sage two nodes", "sage", {"mode": "flownet"}, nodes=2), Way("ray per_request", "ray", {"mode": "per_request"}),
        Way("ray micro_batch", "ray", {"mode": "micro_batch"}))
DRIVERS = {"sage": "clients", "ray": "drivers"}  # what each calls them
DEFAULTS = {"sage": {"frame": 16, "call_timeout_s": 60, "sage_seeds": "", "insecure_nodes": False},
            "ray": {"frame": 16, "window": 0, "ray_address": "", "actor_timeout_s": 30}}


@dataclasses.dataclass(frozen=True)
class Cell:
    way: Way
    hold_ms: int
    replicas: int

    @property
    def name(self) -> str:
        return f"{self.way.name}, {f'{self.hold_ms} ms' if self.hold_ms else 'no-op'}, P = {self.replicas}"

    @property
    def in_flight(self) -> int:
        return 4 * self.replicas * self.way.nodes if self.hold_ms else 64


class Bench:
    def __init__(self, build: pathlib.Path, out: pathlib.Path, seconds: float) -> None:
        self.build, self.out, self.seconds = build, out, seconds
        self.plugins = build / "lib" / "sage-host" / "plugins"
        out.mkdir(parents=True, exist_ok=True)

    def two_drivers(self, cell: Cell, requests: int, rate: float | None) -> Json:
        options = {**cell.way.options, DRIVERS[cell.way.backend]: 2}
        return self.harness(dataclasses.replace(cell, way=dataclasses.replace(cell.way, options=options)), requests, rate)

    def harness(self, cell: Cell, requests: int, rate: float | None) -> Json:
        way = cell.way
        load = ["--arrival", "constant", "--rate", f"{rate:.3f}"] if rate else ["--concurrency", str(cell.in_flight)]
        options = [word for name, value in way.options.items() for word in ("--set", f"{way.backend}.{name}={value}")]
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [self.build / "bin" / "sage-host", "run", "--workload", "timeline", "-b", way.backend, *options, "--nodes",
                 str(way.nodes), "--plugin-path", self.plugins / "kit", "--set", "timeline.chain=1",
                 "--set", f"timeline.hold_us={cell.hold_ms * 1000}", "--parallelism", str(cell.replicas), *load,
                 "--total-requests", str(requests + WARMUP), "--warmup-items", str(WARMUP), "--output-dir", folder],
                capture_output=True, text=True, check=False, timeout=300)
            files = list(pathlib.Path(folder).glob("*/unified_results.jsonl"))
            if not files:
                raise RuntimeError(f"{cell.name}: {done.stderr.strip()[-400:]}")
            record: Json = json.loads(files[0].read_text())
        measured = {"rate": record["throughput"], "p50_ms": record["latency_p50"], "p99_ms": record["latency_p99"],
                    "share": record["metadata"].get("harness_share")}
        if done.returncode:
            measured["remark"] = "; ".join(record["metadata"].get("reasons") or [f"exit {done.returncode}"])
        return measured

    def alone(self, cell: Cell, requests: int, rate: float | None) -> Json:
        way = cell.way
        stage = {"name": "s0", "operator": "link", "config": json.dumps({"stage": 0, "counts": False}), "key_by": 0, "parallelism": cell.replicas}
        config = {"chain": 1, "hold_us": cell.hold_ms * 1000.0, "events": "[]", "keyed": False, "idempotent": True}
        run = {"nodes": way.nodes, "parallelism": cell.replicas, "seed": 42, "scheduler": "", "max_in_flight": 4096,
               "scratch_dir": "", "worker_library": str(self.plugins / "bridge" / "libsage_bridge_worker.so"),
               "workload": {"library": str(next(self.plugins.glob("kit/*timeline.so"))), "id": "timeline",
                            "config": json.dumps(config)},
               "stages": [stage], "pipelines": [{"name": "chain", "steps": [{"stage": 0, "inputs": []}]}],
               "classes": [{"name": "light", "slo_response_ns": 0}],
               "options": {**DEFAULTS[way.backend], **way.options}}
        load = {"rate": rate} if rate else {"in_flight": cell.in_flight}
        done = subprocess.run(
            [DATA / "sage-host" / "envs" / way.backend / "bin" / "python", "-s", "-B", HERE / f"plain_{way.backend}.py",
             json.dumps({"run": run, "requests": requests, "warmup": WARMUP, **load})],
            capture_output=True, text=True, check=False, timeout=300)
        if not done.stdout.strip():
            raise RuntimeError(f"{cell.name}: {done.stderr.strip()[-400:]}")
        measured: Json = json.loads(done.stdout.strip().splitlines()[-1])
        return measured

    def pairs(self, cell: Cell, load: str, sides: list[str], repetitions: int, capacity: float) -> Iterator[Json]:
        """Records of both sides, the one that begins changing from pair to pair."""
        measures = {"alone": self.alone, "harness": self.harness, "two drivers": self.two_drivers}
        rate = capacity / 2 if load == "half" else None
        requests = max(200, int((rate or capacity) * self.seconds))
        for repetition in range(repetitions):
            for side in sides if repetition % 2 else reversed(sides):
                measured = measures[side](cell, requests, rate)
                print(f"{cell.name}, {load} {repetition} {side}: {json.dumps(measured)}", file=sys.stderr, flush=True)
                yield {"backend": side, "workload": f"{cell.name}, {load}", "run_id": f"{cell.name} {load} {side} {repetition}",
                       "seed": 42, "nodes": cell.way.nodes, "parallelism": cell.replicas, "throughput": measured["rate"],
                       "latency_p50": measured["p50_ms"], "latency_p95": None, "latency_p99": measured["p99_ms"],
                       "success_rate": 1.0, "duration_seconds": self.seconds, "config_hash": f"{cell.name} {load}",
                       "metadata": {"pair": {"run_id": f"{cell.name} {load}", "repetition": repetition}, "measured": measured}}

    def measure(self, cell: Cell, loads: list[str], sides: list[str], repetitions: int) -> None:
        capacity: float = self.alone(cell, max(200, min(4000, 200 * (20 - cell.hold_ms))), None)["rate"]
        with open(self.out / "pairs.jsonl", "a") as file:
            for load in loads:
                records = []
                for record in self.pairs(cell, load, sides, repetitions, capacity):
                    records.append(record)
                    file.write(json.dumps(record) + "\n")
                    file.flush()
                if load == "saturated":
                    capacity = statistics.median(r["throughput"] for r in records if r["backend"] == sides[0])

    def compared(self, baseline: str) -> Json:
        done = subprocess.run([self.build / "bin" / "sage-host", "compare", self.out / "pairs.jsonl", "--baseline", baseline,
                               "--margin", "10%", "--json", "--output-dir", self.out / "comparison"],
                              capture_output=True, text=True, check=False)
        if not done.stdout:
            raise RuntimeError(done.stderr)
        comparison: Json = json.loads(done.stdout)
        return comparison


def print_table(comparison: Json) -> None:
    print("| cell | pairs | rate | p50 | p99 |\n| --- | --- | --- | --- | --- |")
    for config in comparison["configs"]:
        ratios = {metric["metric"]: metric for metric in config["metrics"]}
        row = [config["workload"], str(len(config["sides"][0]["run_ids"]))]
        for name in ("throughput", "latency_p50", "latency_p99"):
            found = ratios.get(name) or {}
            told = found.get("ratio") is not None
            row.append(f"{found['ratio']:.2f} [{found['low']:.2f}, {found['high']:.2f}]" if told else "n/a")
        print(f"| {' | '.join(row)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--only", default="", help="cells whose name has this pattern, as 'ray.*1 ms, P = 4'")
    parser.add_argument("--loads", default="saturated,half")
    parser.add_argument("--sides", default="alone,harness", help="two of alone, harness and two drivers; the first is the baseline")
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=4, help="about so long a run")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("runtimes_bench"))
    arguments = parser.parse_args()
    sides = arguments.sides.split(",")
    bench = Bench(arguments.build.absolute(), arguments.out.absolute(), arguments.seconds)
    cells = [Cell(way, hold_ms, replicas) for way in WAYS for hold_ms in (0, 1, 20) for replicas in (1, 2, 4)]
    for cell in cells:
        if re.search(arguments.only, cell.name):
            bench.measure(cell, arguments.loads.split(","), sides, arguments.repetitions)
    print_table(bench.compared(sides[0]))


if __name__ == "__main__":
    main()

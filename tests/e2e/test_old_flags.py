"""The flags of the Python package that this harness succeeds work under `run` as they stood in its users' scripts."""
from __future__ import annotations

import json
import unittest

from harness import INVALID, UNAVAILABLE, Case, Json

# Flag as it was typed, the part of the plan it is in, its name there, and the value it must have. q6 and its load, but for the exceptions.
SHARED: list[tuple[list[str], str, str, object]] = [
    (["--backend", "threads"], "run", "backend", "threads"),
    (["-b", "threads"], "run", "backend", "threads"),
    (["--nodes", "2"], "run", "nodes", 2),
    (["--parallelism", "4"], "run", "parallelism", 4),
    (["--seed", "7"], "run", "seed", 7),
    (["--quick"], "run", "quick", True),
    (["--parity-batch-size", "8"], "run", "parity_batch_size", 8),
    *((["--scheduler", name], "run", "scheduler", name)
      for name in ("fifo", "load_aware", "priority", "slo_aware", "hybrid", "default")),
    (["--warmup-items", "5"], "load", "warmup_items", 5),
    (["--rate", "12.5"], "load", "rate", 12.5),
    (["--total-requests", "50"], "load", "total_requests", 50),
    (["--duration", "3"], "load", "duration", 3.0),
    (["--llm-ratio", "0.25"], "workload_options", "llm_ratio", 0.25),
]
DEFAULTS = {"nodes": 1, "parallelism": 2, "seed": 42, "quick": False, "parity_batch_size": 16, "scheduler": "default"}
NAMES = {"q1": ("PipelineChain", "e2e_pipeline"), "q2": ("ControlMix", "control_plane"), "q3": ("NoisyNeighbor", "isolation"),
         "q4": ("ScaleFrontier", "scalability"), "q5": ("HeteroResilience", "heterogeneity"),
         "q6": ("BurstTown", "burst_priority"), "q7": ("ReconfigDrill", "reconfiguration"), "q8": ("RecoverySoak", "recovery")}


class OldFlags(Case):
    def plan(self, *args: str) -> Json:
        told: Json = json.loads(self.host("run", *args, "--dry-run", "--json").stdout)
        self.assertFalse(self.out.exists())
        return told

    def cell(self, *args: str) -> Json:
        (cell,) = self.plan(*args)["cells"]
        found: Json = cell
        return found

    def test_each_reaches_the_plan(self) -> None:
        for words, part, name, value in SHARED:
            with self.subTest(words=words):
                workload = "Q2" if name == "llm_ratio" else "Q6"
                backend = [] if name == "backend" else ["--backend", "mock"]
                got = self.cell("--experiment", workload, *backend, *words)[part][name]
                self.assertEqual((got["value"], got["source"].partition("=")[0]),
                                 (value, "--backend" if words[0] == "-b" else words[0]))

    def test_without_them_the_defaults_are_as_they_were(self) -> None:
        run = self.cell("--experiment", "Q6", "-b", "mock")["run"]
        self.assertEqual({name: run[name]["value"] for name in DEFAULTS}, DEFAULTS)
        plan = self.plan("--experiment", "Q6", "-b", "mock")
        self.assertEqual((plan["repeat"], plan["output_dir"]), (1, "results"))
        self.error("run", "--experiment", "Q6", code=UNAVAILABLE, env={"XDG_DATA_HOME": str(self.dir)}, says="backend 'sage'")

    def test_every_name_of_a_workload(self) -> None:
        for plugin, names in NAMES.items():
            for name in (plugin, plugin.upper(), *names):
                for flag in ("--experiment", "--workload"):
                    self.assertEqual(self.cell(flag, name, "-b", "mock", "--nodes", "2")["workload"], plugin, name)
        plan = self.plan("--all", "--backend", "mock", "--nodes", "2")
        self.assertEqual([cell["workload"] for cell in plan["cells"]], list(NAMES))

    def test_a_dry_run_needs_no_json(self) -> None:
        self.assertIn("nothing was run", self.host("run", "--experiment", "Q3", "-b", "mock", "--dry-run").stdout)
        self.assertEqual(list(self.dir.iterdir()), [])

    def test_a_whole_command_line(self) -> None:
        done = self.host("run", *["--experiment", "Q3", "--quick", "--backend", "threads", "--repeat", "3", "--output-dir", "D"])
        self.out = self.dir / "D"
        records = self.records()
        self.assertEqual([record["metadata"]["quick"] for record in records], [True] * 3)
        self.assertEqual({(record["workload"], record["backend"], record["seed"]) for record in records}, {("Q3", "threads", 42)})
        self.assertEqual(len({record["run_id"] for record in records}), 3)
        self.assertEqual({folder.name for folder in self.folders()}, {record["run_id"] for record in records})
        if done.returncode != INVALID:
            self.assertEqual({record["metadata"]["status"] for record in records}, {"ok"})

    def test_verbose(self) -> None:
        for flag in ("--verbose", "-v"):
            self.run_quick("Q6", "mock", flag)
        self.assertEqual(len(self.records()), 2)

    def test_a_gateway_is_refused(self) -> None:
        """No backend calls one: a run that ignored the flag would measure something else."""
        self.error("run", "--experiment", "Q2", "-b", "mock", "--gateway", "http://127.0.0.1:1", says="unknown flag --gateway")


if __name__ == "__main__":
    unittest.main()

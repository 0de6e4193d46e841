"""The experiments that come with the installation, and the Python package's YAML: listed, checked, and run in their quick form."""
from __future__ import annotations

import json
import pathlib
import re
import unittest

from harness import Case, read_lines

PRESETS = sorted((pathlib.Path(__file__).resolve().parents[2] / "examples" / "experiments").glob("*.toml"))
# Of several nodes.
NODES = {"scalability", "paper_nodes_rag", "paper_nodes_compute", "paper_nodes_mixed", "paper_schedulers"}

YAML = """experiment:
  name: exp_5_1_control_plane
hardware:
  gpus: 2
workload:
  total_requests: 1000
  request_rate: [50, 100]
  llm_ratios: 0.5
baselines:
- name: sage_unified
- name: separated
"""


class Listed(Case):
    def test_every_file_is_listed_with_what_it_is_about(self) -> None:
        listed = json.loads(self.host("list", "--experiments", "--json").stdout)
        self.assertEqual([one["name"] for one in listed], [file.stem for file in PRESETS])
        for one in listed:
            with self.subTest(name=one["name"]):
                self.assertTrue(one["title"] and one["question"].endswith("?"))
                self.assertRegex(one["workload"], "^q[1-8]$")
                self.assertEqual(pathlib.Path(one["file"]).read_text(), (PRESETS[0].parent / f"{one['name']}.toml").read_text())
        text = self.host("list", "--experiments").stdout
        self.assertRegex(text, r"(?m)^control_plane +q2 +50 +4 +Control plane: ")

    def test_the_listed_cells_are_those_of_the_plan(self) -> None:
        for one in json.loads(self.host("list", "--experiments", "--json").stdout):
            for cells, flags in ((one["cells"], []), (one["quick_cells"], ["--quick"])):
                with self.subTest(name=one["name"], flags=flags):
                    plan = json.loads(self.host("experiment", one["name"], "--dry-run", "--json", *flags).stdout)
                    self.assertEqual(len(plan["cells"]), cells)

    def test_a_name_that_is_none(self) -> None:
        self.error("experiment", "control_plan", says=("no experiment 'control_plan'", "did you mean 'control_plane'?", "clients"))
        self.error("experiment", "control_plan.toml", says="control_plan.toml")


class Run(Case):
    def test_all_run_to_the_end_in_virtual_time(self) -> None:
        self.host("experiment", "--all-presets", "--quick", "--backend", "mock", "--output-dir", self.out, limit_s=600)
        runs = {folder.name.rsplit("-", 2)[0]: folder for folder in self.out.iterdir()}
        self.assertEqual(sorted(runs), [file.stem for file in PRESETS])
        cells = {one["name"]: one["quick_cells"] for one in json.loads(self.host("list", "--experiments", "--json").stdout)}
        for name, folder in runs.items():
            with self.subTest(name=name):
                records = read_lines(folder / "unified_results.jsonl")
                self.assertEqual(len(records), cells[name])
                for record in records:
                    self.assertEqual(record["metadata"]["experiment"]["id"], folder.name)
                    self.assertGreater(record["throughput"], 0)

    def test_those_that_a_backend_cannot_run_are_skipped_and_named(self) -> None:
        done = self.host("experiment", "--all-presets", "--backend", "threads", "--dry-run")
        skipped = set(re.findall(r"^sage-host: skipped (\w+): .*: backend threads runs on one node, not on ", done.stderr, re.M))
        self.assertEqual(skipped, NODES)


class OfThePythonPackage(Case):
    def test_its_yaml_runs_and_says_what_it_leaves_out(self) -> None:
        file = self.write("config.yaml", YAML)
        done = self.host("experiment", file, "--quick", "--backend", "mock", "--set", "total_requests=50", "--output-dir", self.out,
                         "--run-id", "x")
        self.assertIn("config.yaml:4:3: hardware.gpus: what the machine has", done.stderr)
        self.assertIn("config.yaml:8:3: workload.llm_ratios: not known (did you mean 'workload.llm_ratio'?)", done.stderr)
        places = {(record["metadata"]["experiment"]["side"], record["metadata"]["experiment"]["point"]["rate"])
                  for record in read_lines(self.out / "x" / "unified_results.jsonl")}
        self.assertEqual(places, {("sage_unified", 50), ("sage_unified", 100), ("separated", 50), ("separated", 100)})
        self.assertIn('workload = "q2"', (self.out / "x" / "experiment.toml").read_text())

    def test_what_is_wrong_costs_a_line(self) -> None:
        self.error("experiment", self.write("q2.yaml", "a: &x 1\nb: *x\n"), says="q2.yaml:1:4: anchors and aliases are not read")
        self.error("experiment", self.write("q2.yaml", "policies: [best]\n"), "--backend", "mock",
                   says=("no scheduler 'best'", "(a line of the TOML that the YAML becomes)"))


if __name__ == "__main__":
    unittest.main()

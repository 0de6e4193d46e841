"""The commands of the first page, of the guide and of the workflow do what they say."""
from __future__ import annotations

import pathlib
import re
import unittest

from doc_commands import run_page
from harness import OK, Case

WORKFLOW = pathlib.Path(__file__).resolve().parents[2] / ".github" / "workflows" / "paired-backend-run.yml"
# The real ones have tests of their own.
INSTEAD = (("sage,ray", "threads,mock"), ("--backend sage", "--backend mock"), ("1-sage", "1-mock"), ("--repeat 4", "--repeat 2"))


class Guide(Case):
    def test_each_command_of_the_guide_runs(self) -> None:
        run_page(self, "BACKEND_COMPARISON_GUIDE.md", instead=INSTEAD)


class GettingStarted(Case):
    # SAGE has tests of its own, building comes before this one, and doctor finds what it finds.
    INSTEAD = (("^./dev .*", "true"), ("^export PATH.*", "true"), ("setup sage", "version"), ("threads,sage", "threads,mock"),
               ("--repeat 5", "--repeat 2"), ("(host doctor)", r"\1 || true"))

    def test_each_command_of_the_first_page_runs(self) -> None:
        run_page(self, "getting_started.md", instead=self.INSTEAD)


class Workflow(Case):
    def setUp(self) -> None:
        super().setUp()
        self.text = WORKFLOW.read_text()

    def test_inputs_are_never_part_of_a_script(self) -> None:
        for script in re.findall(r"run: (?:\|\n((?: {10}.*\n)+)|(.*)\n)", self.text):
            self.assertNotIn("${{", "".join(script))
        self.assertGreaterEqual(self.text.count("${{ inputs."), 8)

    def test_its_command_is_understood_with_the_defaults_of_its_inputs(self) -> None:
        inputs = dict(re.findall(r"^      (\w+):\n        description: .*\n(?:        type: .*\n)?        default: (.*)$", self.text, re.M))
        self.assertEqual(set(inputs), {"workload", "backends", "nodes", "parallelism", "repeat", "seed", "quick", "gate"})
        flags = re.findall(r'--(\w+)="\$(\w+)"', self.text)
        self.assertEqual({name for name, _ in flags}, set(inputs))
        self.assertTrue(all(name.upper() == variable for name, variable in flags))
        values = {name: value.strip('"') for name, value in inputs.items()}
        values["backends"] = "threads,mock"
        values["gate"] = "latency_p99<=1.10"
        done = self.host("pair", *(f"--{name}={value}" for name, value in values.items()), "--dry-run", code=OK)
        self.assertIn("nothing was run", done.stdout)

    def test_artefacts_are_kept_whatever_happens(self) -> None:
        self.assertRegex(self.text, r"if: always\(\)\n\s+uses: actions/upload-artifact")


if __name__ == "__main__":
    unittest.main()

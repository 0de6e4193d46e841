"""The experiments that come with the installation: listed, checked, and in their quick form run to the end."""
from __future__ import annotations

import json
import pathlib
import unittest

from harness import Case

PRESETS = sorted((pathlib.Path(__file__).resolve().parents[2] / "examples" / "experiments").glob("*.toml"))
# What a backend has not: several nodes, or a scheduler.
NODES = {"scalability", "paper_nodes_rag", "paper_nodes_compute", "paper_nodes_mixed", "paper_schedulers"}


class Listed(Case):
    def test_every_file_is_listed_with_what_it_is_about(self) -> None:
        listed = json.loads(self.host("list", "--experiments", "--json").stdout)
        self.assertEqual([one["name"] for one in listed], [file.stem for file in PRESETS])
        for one in listed:
            with self.subTest(name=one["name"]):
                self.assertTrue(one["title"] and one["question"].endswith("?"))
                self.assertRegex(one["workload"], "^q[1-8]$")
                self.assertGreaterEqual(one["cells"], one["quick_cells"])
                self.assertEqual(pathlib.Path(one["file"]).read_text(), (PRESETS[0].parent / f"{one['name']}.toml").read_text())
        text = self.host("list", "--experiments").stdout
        self.assertRegex(text, r"(?m)^control_plane +q2 +50 +4 +Control plane: ")


if __name__ == "__main__":
    unittest.main()

"""`verify --checklist`: what reviewers ask, answered from what lies on disk."""
from __future__ import annotations

import json
import pathlib
import re
import unittest

from harness import FAILED, OK, USAGE, Case

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
LINE = re.compile(r"^(?:run again|set-up|method|quality|data)? +(yes|NO|not recorded)  +(\S.*?)  +(.*)$", re.M)


class Checklist(Case):
    def answers(self, root: pathlib.Path) -> dict[str, tuple[str, str]]:
        """By statement: the answer, and the value with its place."""
        done = self.host("verify", root, "--checklist", code=None)
        found = {statement: (answer, rest) for answer, statement, rest in LINE.findall(done.stdout)}
        counts = [sum(answer == of for answer, _ in found.values()) for of in ("yes", "NO", "not recorded")]
        self.assertEqual(done.stdout.rstrip("\n").rsplit("\n", 1)[1],
                         f"{counts[0]} yes, {counts[1]} no, {counts[2]} not recorded")
        self.assertEqual(done.returncode, FAILED if counts[1] else OK, done.stdout + done.stderr)
        return found

    def check(self, found: dict[str, tuple[str, str]], statement: str, answer: str, value: str) -> None:
        self.assertEqual(found[statement][0], answer, found[statement])
        self.assertRegex(found[statement][1], value)

    def test_repeated_runs(self) -> None:
        self.run_quick("q6", "mock", "--repeat", "3")
        found = self.answers(self.out)
        record = self.records()[0]
        self.check(found, "the seed is stated", "yes", r"^42 +repro_manifest.json: run_payload.seed$")
        self.check(found, "the configuration is stated, and hashed", "yes", f"^config {record['config_hash'][:12]} ")
        self.check(found, "each configuration was repeated", "yes", r"^1 configuration of a side, n = 3 ")
        self.check(found, "the clock is stated", "yes", "^virtual: a model's time")
        self.check(found, "the machine is stated", "yes", f"{record['metadata']['environment']['system']['cores']} cores")
        self.check(found, "files are as they were written", "yes", "SHA-256")
        self.check(found, "the machine was quiet", "not recorded", "simulated")
        # what is built from changed sources is of no revision, and everything else is right
        self.assertLessEqual({what for what, (answer, _) in found.items() if answer == "NO"}, {"the host is of a known revision"})

    def test_one_run_that_was_changed(self) -> None:
        self.run_quick("q6", "mock")
        (folder,) = self.folders()
        (folder / "latency.hlog").write_text("")
        found = self.answers(folder)
        self.check(found, "each configuration was repeated", "NO", "n = 1; an interval needs 3")
        self.check(found, "files are as they were written", "NO", "latency.hlog: CHANGED")
        self.assertNotIn("sides alternate", found)

    def test_a_run_that_died(self) -> None:
        self.run_quick("q6", "mock", "--repeat", "3")
        folder = self.folders()[1]
        (folder / "unified_results.jsonl").write_text("")
        self.check(self.answers(self.out), "every run ended well", "NO", "1 of 3 runs: no record")

    def test_a_paired_run(self) -> None:
        self.host("pair", "--quick", "--workload", "q6", "--backends", "mock,threads", "--cooldown", "0", "--output-dir", self.out, code=None)
        found = self.answers(self.out)
        told = re.findall(r"^\| (?:run again|set-up|method|quality|data) \| (.*?) \|", (DOCS / "paper" / "checklist.md").read_text(), re.M)
        self.assertEqual(sorted(found), sorted(told))  # the page has every line
        self.check(found, "sides alternate", "yes", "each block has every side")
        self.check(found, "each configuration was repeated", "NO", "^2 configurations of a side, n = [01]")
        (state,) = self.out.glob("*/state.json")
        plan = json.loads(state.read_text())
        plan["cells"][0]["state"] = "ok"
        plan["cells"][1]["state"] = "pending"
        state.write_text(json.dumps(plan))
        self.check(self.answers(self.out), "nothing that was planned is missing", "NO", "1 of 2 planned cells are ok, 1 pending")

    def test_an_experiment(self) -> None:
        file = self.write("two.toml", """schema = 1
title = "Two service times"
workload = "q2"
backend = "mock"
repeat = 3
cooldown = 0
[options]
total_requests = 300
warmup_items = 10
[[side]]
name = "fast"
options = { "mock.service_ms" = 5.0 }
[[side]]
name = "slow"
options = { "mock.service_ms" = 10.0 }
[axis]
rate = [20, 40]
""")
        self.host("experiment", file, "--output-dir", self.out)
        self.host("verify", self.out)
        for root in (self.out, *self.out.iterdir()):
            found = self.answers(root)
            self.check(found, "each configuration was repeated", "yes", "^4 configurations of a side, n = 3 ")
            self.check(found, "sides alternate", "yes", "each block has every side")
            self.check(found, "nothing that was planned is missing", "yes", "^12 of 12 planned cells are ok")
            self.check(found, "files are as they were written", "yes", "SHA-256")
        cell = next(self.out.glob("*/cells/*"))
        (cell / "records.jsonl").unlink()
        self.check(self.answers(self.out), "raw data is there", "NO", "1 of 12 runs: records.jsonl is not there")

    def test_hostile_files_are_answers_and_no_more(self) -> None:
        self.run_quick("q6", "mock")
        (folder,) = self.folders()
        for text in ("", "[]", '{"options": 3, "run_payload": [], "files": {}}', '{"environment": {"system": "\\u001b[2J"}}', "\0"):
            (folder / "repro_manifest.json").write_text(text)
            self.check(self.answers(folder), "the seed is stated", "not recorded", "run_payload.seed")
            (folder / "unified_results.jsonl").write_text('{"metadata": ' + text + "}\n")
            self.assertNotIn("\x1b", str(self.answers(folder)))

    def test_nothing_to_answer_from(self) -> None:
        (self.dir / "empty").mkdir()
        self.error("verify", self.dir / "empty", "--checklist", code=USAGE, says="no run is in")
        self.error("verify", self.dir / "nowhere", "--checklist", code=USAGE, says="there is no such folder")


if __name__ == "__main__":
    unittest.main()

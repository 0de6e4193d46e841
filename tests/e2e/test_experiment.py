"""`experiment` as a user meets it: sides, points, blocks, widths, searches, interruption, and what is wrong with a file."""
from __future__ import annotations

import json
import pathlib
import shutil
import signal
import unittest
from typing import Any

from harness import FAILED, GATE, INTERRUPTED, OK, Case, Done, Json, read_lines, wait_for

HEAD = """schema = 1
title = "Two service times"
workload = "q2"
backend = "mock"
cooldown = 0
"""
LOAD = """[options]
total_requests = 300
warmup_items = 10
"""
SIDES = """[[side]]
name = "fast"
options = { "mock.service_ms" = 5.0 }
[[side]]
name = "slow"
options = { "mock.service_ms" = 10.0 }
"""


class ExperimentCase(Case):
    def file(self, text: str, name: str = "sweep.toml") -> pathlib.Path:
        return self.write(name, text)

    def experiment(self, *args: object, code: int | None = OK, **kwargs: Any) -> Done:
        return self.host("experiment", "--output-dir", self.out, *args, code=code, **kwargs)

    def folder(self) -> pathlib.Path:
        (folder,) = self.out.iterdir()
        return folder

    def state(self) -> Json:
        state: Json = json.loads((self.folder() / "state.json").read_text())
        return state

    def cells(self) -> list[Json]:
        return read_lines(self.folder() / "unified_results.jsonl")


class Plan(ExperimentCase):
    def plan(self, text: str, *args: object) -> Json:
        plan: Json = json.loads(self.experiment(self.file(text), "--dry-run", "--json", *args).stdout)
        self.assertFalse(self.out.exists())
        return plan

    def test_every_side_stands_at_every_point_in_every_block(self) -> None:
        plan = self.plan(HEAD + "repeat = 4\n" + LOAD + SIDES + "[axis]\nrate = [20, 40]\nnodes = [1, 2]\n")
        self.assertEqual([p["point"] for p in plan["points"]],
                         ["rate = 20, nodes = 1", "rate = 20, nodes = 2", "rate = 40, nodes = 1", "rate = 40, nodes = 2"])
        self.assertEqual(len(plan["cells"]), 32)
        for point in plan["points"]:
            orders = [[c["side"] for c in plan["cells"] if c["point"] == point["point"] and c["block"] == block]
                      for block in range(1, 5)]
            self.assertEqual(orders[0], orders[1][::-1])
            self.assertEqual(orders[2], orders[3][::-1])
            self.assertEqual(sorted(orders[0]), ["fast", "slow"])
        blocks = [c["block"] for c in plan["cells"]]
        self.assertEqual(blocks, sorted(blocks))

    def test_points_can_be_listed_and_multiply_with_axes(self) -> None:
        plan = self.plan(HEAD + LOAD + SIDES + '[[point]]\nname = "small"\noptions = { nodes = 1 }\n[[point]]\nname = "large"\n'
                         "options = { nodes = 4 }\n[axis]\nrate = [20, 40]\n")
        self.assertEqual([p["point"] for p in plan["points"]],
                         ["small, rate = 20", "small, rate = 40", "large, rate = 20", "large, rate = 40"])
        self.assertEqual(plan["points"][3]["values"], {"nodes": 4, "rate": 40})

    def test_the_dry_run_lists_cells_order_and_time(self) -> None:
        done = self.experiment(self.file(HEAD + "repeat = 2\n[options]\nduration = 30\nwarmup_items = 0\n"
                                         '[[side]]\nname = "a"\nbackend = "threads"\n'), "--dry-run")
        self.assertRegex(done.stdout, r"1 +1 +all +a +pending +cells/001-all-a-1")
        self.assertRegex(done.stdout, r"2 cells: 1 sides x 1 points x 2 blocks; about 1 min \d s")


class Run(ExperimentCase):
    def test_sides_are_compared_at_each_point(self) -> None:
        self.experiment(self.file(HEAD + LOAD + SIDES + "[axis]\nrate = [20, 40]\n[compare]\nbaseline = \"slow\"\n"))
        cells = self.cells()
        self.assertEqual(len(cells), 12)
        self.assertEqual(len({cell["run_id"] for cell in cells}), 12)  # also of those that end within one second
        for cell in cells:
            told = cell["metadata"]["experiment"]
            self.assertEqual(told["id"], self.folder().name)
            self.assertEqual(told["axes"], ["rate"])
            self.assertEqual(cell["metadata"]["config"]["load"]["rate"], told["point"]["rate"])
            self.assertEqual(cell["metadata"]["backend_config"]["service_ms"], {"fast": 5.0, "slow": 10.0}[told["side"]])
            self.assertEqual(cell["metadata"]["pair"]["run_id"], told["id"])
        comparison = (self.folder() / "comparison" / "summary.md").read_text()
        for expected in ("fast", "slow", "rate = 20", "rate = 40"):
            self.assertIn(expected, comparison)
        page = (self.folder() / "comparison" / "report.html").read_text()
        self.assertIn("Throughput against latency p50, by rate", page)
        self.assertIn("Simulated time: nothing here was measured on hardware.", page)
        self.assertTrue((self.folder() / "cells.csv").exists())
        self.assertEqual((self.folder() / "experiment.toml").read_text(), (self.dir / "sweep.toml").read_text())
        again = self.host("compare", self.folder(), "--by", "side", "--json", "--output-dir", self.dir / "again")
        configs = json.loads(again.stdout)["configs"]
        self.assertEqual(len(configs), 2)
        self.host("verify", self.folder())

    def test_seeds_are_one_for_all_or_one_a_block_and_shared_by_the_sides(self) -> None:
        for seeds, wanted in (("one", [7, 7, 7]), ("per-block", [7, 8, 9])):
            self.experiment(self.file(HEAD + f'seeds = "{seeds}"\n' + LOAD + "seed = 7\n" + SIDES))
            for side in ("fast", "slow"):
                got = [c["seed"] for c in self.cells() if c["metadata"]["experiment"]["side"] == side]
                self.assertEqual(sorted(got), wanted)
            shutil.rmtree(self.out)

    def test_a_gate_decides_the_exit_code(self) -> None:
        text = HEAD + LOAD + SIDES + '[gate]\nconditions = "latency_p50 <= 1.1"\n'
        self.experiment(self.file(text), code=GATE)

    def test_the_command_line_can_set_what_the_file_does_not_vary(self) -> None:
        file = self.file(HEAD + LOAD + SIDES + "[axis]\nrate = [20, 40]\n")
        self.experiment(file, "--set", "parallelism=3", "--quick")
        self.assertEqual({cell["parallelism"] for cell in self.cells()}, {3})
        self.error("experiment", file, "--set", "rate=9", says="the experiment varies it")

    def test_an_axis_can_belong_to_the_backend(self) -> None:
        self.experiment(self.file(HEAD + "repeat = 1\n" + LOAD + '[[side]]\nname = "only"\n[axis]\nmock.service_ms = [1.0, 2.0]\n'))
        self.assertEqual([c["metadata"]["backend_config"]["service_ms"] for c in self.cells()], [1.0, 2.0])


class Width(ExperimentCase):
    NOISY = HEAD + 'seeds = "per-block"\nrepeat = 3\nrepeat_max = MOST\nuntil = "latency_p50 +-WIDTH%"\n' + LOAD + "rate = 300\n" + SIDES

    def test_blocks_go_on_until_the_interval_is_as_narrow_as_asked(self) -> None:
        done = self.experiment(self.file(self.NOISY.replace("WIDTH", "12").replace("MOST", "40")))
        blocks = max(c["metadata"]["experiment"]["block"] for c in self.cells())
        self.assertGreater(blocks, 3)
        self.assertLess(blocks, 40)
        self.assertNotIn("WIDER", done.stdout)
        self.assertIn("more cells", done.stderr)
        self.assertRegex(done.stdout, r"latency_p50 of slow / fast at all: [\d.]+ \[[\d.]+, [\d.]+\], \+-[\d.]+ % with \d+ repetitions")

    def test_the_budget_ends_them_and_the_width_that_was_reached_is_told(self) -> None:
        done = self.experiment(self.file(self.NOISY.replace("WIDTH", "0.2").replace("MOST", "5")))
        self.assertEqual(max(c["metadata"]["experiment"]["block"] for c in self.cells()), 5)
        self.assertIn("WIDER than the +-0.2 % asked for", done.stdout)

    def test_time_max_ends_with_a_block(self) -> None:
        done = self.experiment(self.file(HEAD + 'time_max = "0.1s"\nrepeat = 50\n' + LOAD + SIDES))
        self.assertIn("is used up", done.stderr)
        sides = [c["metadata"]["experiment"]["side"] for c in self.cells()]
        self.assertEqual(sides.count("fast"), sides.count("slow"))
        self.assertLess(len(sides), 100)
        self.assertEqual(self.state()["plan"]["stopped"], "time_max")


class Search(ExperimentCase):
    # Each request takes 10 ms or 20 ms, and the pool has 4 replicas a node.
    TEXT = HEAD + """repeat = 2
[options]
rate = 50
duration = 20
arrival = "constant"
parallelism = 2
"mock.service" = "constant"
[[side]]
name = "fast"
options = { "mock.service_ms" = 10.0 }
[[side]]
name = "slow"
options = { "mock.service_ms" = 20.0 }
[axis]
nodes = [1, 2]
[search]
subject_to = "latency_p99 <= 25"
repeat = 1
tolerance = 0.05
"""

    def test_capacity_is_a_metric_of_any_workload_at_each_point(self) -> None:
        self.experiment(self.file(self.TEXT))
        found = {(c["metadata"]["experiment"]["side"], c["nodes"]): c["metadata"]["search"] for c in self.cells()}
        self.assertEqual(len(found), 4)
        self.assertEqual(len({cell["run_id"] for cell in self.cells()}), 8)
        for (side, nodes), search in found.items():
            capacity = nodes * {"fast": 400, "slow": 200}[side]
            self.assertGreater(search["capacity"], capacity * 0.85, (side, nodes))
            self.assertLess(search["capacity"], capacity * 1.15, (side, nodes))
            self.assertEqual(search["subject_to"], "latency_p99 <= 25")
        self.assertIn("capacity", (self.folder() / "comparison" / "comparison.csv").read_text())

    def test_concurrency_is_searched_for_in_whole_numbers(self) -> None:
        text = self.TEXT.replace("rate = 50\n", "concurrency = 1\n").replace('arrival = "constant"\n', "")
        text = text.replace("[search]\n", '[search]\nmaximise = "concurrency"\n').replace("nodes = [1, 2]", "nodes = [1]")
        self.experiment(self.file(text.replace("<= 25", "<= 45")))
        for cell in self.cells():
            self.assertEqual(cell["metadata"]["search"]["capacity"], int(cell["metadata"]["search"]["capacity"]))
            self.assertEqual(cell["metadata"]["config"]["load"]["concurrency"], cell["metadata"]["search"]["capacity"])


class Interruption(ExperimentCase):
    TEXT = HEAD + "repeat = 2\n[options]\nduration = 1.5\nrate = 50\nwarmup_items = 0\nmock.clock = \"real\"\n" + SIDES.replace("5.0", "1.0")

    def cut(self, number: int) -> None:
        process = self.start("experiment", self.file(self.TEXT), "--output-dir", self.out)
        self.assertTrue(wait_for(lambda: list(self.out.glob("*/cells/0*"))))
        process.send_signal(number)
        code = process.wait(30)
        self.assertEqual(code, INTERRUPTED if number == signal.SIGINT else -number)

    def test_what_is_finished_is_kept_and_gone_on_with(self) -> None:
        for number in (signal.SIGINT, signal.SIGKILL):
            self.cut(number)
            ended = list(self.folder().glob("cells/0*/unified_results.jsonl"))
            self.assertGreater(len(ended), 0)
            self.assertLess(len(ended), 4)
            # On a busy machine a cell may be INVALID; it is run again.
            kept = {path: path.stat().st_mtime_ns for path in ended if read_lines(path)[0]["metadata"]["status"] == "ok"}
            self.experiment("--resume", self.folder().name, code=None)
            cells = sorted(path.name for path in (self.folder() / "cells").iterdir())
            self.assertEqual(cells, [f"001-all-{side}-{n}" for side in ("fast", "slow") for n in (1, 2)])
            for path, time in kept.items():
                self.assertEqual(path.stat().st_mtime_ns, time)
            self.assertEqual(len(self.cells()), 4)
            shutil.rmtree(self.out)

    def test_another_file_or_another_plugin_is_refused(self) -> None:
        file = self.file(HEAD + "repeat = 1\n" + LOAD + SIDES)
        self.experiment(file)
        self.file(HEAD + "repeat = 1\n" + LOAD.replace("300", "301") + SIDES)
        self.error("experiment", file, "--output-dir", self.out, "--resume", self.folder().name,
                   says="is not the file that")
        state = self.state()
        state["plan"]["environments"][0]["workload"]["library_sha256"] = "0" * 64
        (self.folder() / "state.json").write_text(json.dumps(state))
        self.error("experiment", "--output-dir", self.out, "--resume", self.folder().name,
                   says="results of both would be mixed")

    def test_a_record_cannot_bring_plugins_of_its_own(self) -> None:
        self.experiment(self.file(HEAD + "repeat = 1\n" + LOAD + SIDES))
        state = self.state()
        state["plan"]["text"] = state["plan"]["text"].replace('name = "fast"', 'name = "fast"\nplugin_path = "."')
        (self.folder() / "state.json").write_text(json.dumps(state))
        self.error("experiment", "--output-dir", self.out, "--resume", self.folder().name, says="--trust-record")


class Refusal(ExperimentCase):
    def test_what_is_wrong_is_told_before_anything_runs(self) -> None:
        for text, says in (
                (HEAD + SIDES + "[axis]\nrate = [20, -1]\n", ["sweep.toml:13:13: rate", "-1"]),
                (HEAD + SIDES + "[axis]\nrat = [20]\n", ["sweep.toml:13:8", "did you mean 'rate'"]),
                (HEAD + SIDES + "[options]\nrepeat = 3\n", ["a place of its own"]),
                (HEAD + SIDES.replace("slow", "fast"), ["the name of another one too"]),
                (HEAD + SIDES + "[axis]\nrate = []\n", ["this one is empty"]),
                (HEAD + "repeat = 100000\n" + SIDES + "[axis]\nrate = [1, 2, 3, 4, 5]\n", ["1000000 cells"]),
                (HEAD.replace("q2", "q22") + SIDES, ["q22"]),
                (HEAD.replace("mock", "moc") + SIDES, ["moc"]),
                (HEAD + SIDES + '[gate]\nconditions = "latency_p98 <= 1"\n', ["[gate]", "latency_p98"]),
                (HEAD + 'until = "latency_p98 +-5%"\n' + SIDES, ["until", "latency_p98"]),
                (HEAD + SIDES + '[search]\nsubject_to = "slo >= 0.9"\n', ["subject_to", "slo"]),
                ("schema = 1\ntitle = 'x\n", ["sweep.toml:2"]),
        ):
            self.error("experiment", self.file(text), "--output-dir", self.out, says=says)
            self.assertFalse(self.out.exists())
        self.error("experiment", "--output-dir", self.out, says="name its file")
        self.error("experiment", "--resume", "none-such", "--output-dir", self.out, says="no experiment of that id")

    def test_a_folder_of_something_else_is_left_alone(self) -> None:
        self.write("results/mine/notes.txt", "not an experiment")
        self.error("experiment", self.file(HEAD + SIDES), "--output-dir", self.out, "--run-id", "mine", says="is no experiment")
        self.assertEqual([path.name for path in (self.out / "mine").iterdir()], ["notes.txt"])

    def test_a_cell_that_fails_does_not_end_the_others(self) -> None:
        self.experiment(self.file(HEAD + "repeat = 1\n" + LOAD + SIDES + "[axis]\ntimeout = [0.001, 30.0]\n"), code=FAILED)
        states = [cell["state"] for cell in self.state()["cells"]]
        self.assertEqual(sorted(states), ["failed", "failed", "ok", "ok"])


if __name__ == "__main__":
    unittest.main()

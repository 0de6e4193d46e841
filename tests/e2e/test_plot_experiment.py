"""cells.csv by other hands: Python's csv and sqlite3 read what the records have, and the example draws it with pandas."""
from __future__ import annotations

import csv
import pathlib
import sqlite3
import subprocess
import unittest

from harness import LIMIT_S, Case, Done, read_lines

PYTHON = "/usr/bin/python3"  # Debian's, which has its pandas and matplotlib: another one may be the first on the PATH
SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "examples" / "analysis" / "plot_experiment.py"


EXPERIMENT = """
schema = 1
title = "How much a slower service costs"
workload = "q6"
backend = "mock"
repeat = 2
cooldown = 0
[[side]]
name = "slow"
options = { "mock.service_ms" = 8 }
[[side]]
name = "fast"
options = { "mock.service_ms" = 4 }
[axis]
rate = [20, 40]
"""


class Cells(Case):
    def setUp(self) -> None:
        super().setUp()
        self.host("experiment", self.write("costs.toml", EXPERIMENT), "--quick", "--run-id", "costs", "--output-dir", self.dir)
        self.run_folder = self.dir / "costs"
        self.cells = read_lines(self.run_folder / "unified_results.jsonl")
        self.assertEqual(len({cell["run_id"] for cell in self.cells}), 8)

    def table(self) -> list[dict[str, str]]:
        with open(self.run_folder / "cells.csv", newline="") as file:
            return list(csv.DictReader(file))

    def test_numbers_are_those_of_the_records(self) -> None:
        table = self.table()
        for cell in self.cells:
            rows = {(row["scope"], row["metric"]): row for row in table if row["run_id"] == cell["run_id"]}
            total = cell["metadata"]["metrics"]["total"]
            for name in ("throughput", "latency_p50", "latency_p95", "latency_p99", "goodput", "slo_attainment"):
                row = rows["total", name]
                self.assertEqual(float(row["value"]) if row["value"] else None, total[name], name)
            self.assertEqual(rows["total", "throughput"]["unit"], "1/s")
            self.assertIn(("class:high", "latency_p50"), rows)
            row = rows["total", "latency_p95"]
            experiment = cell["metadata"]["experiment"]
            self.assertEqual((row["side"], float(row["rate"]), int(row["repetition"]), row["point"], row["status"]),
                             (experiment["side"], experiment["point"]["rate"], experiment["block"], experiment["point_name"], "ok"))

    def test_sqlite_has_the_same_table(self) -> None:
        table = self.table()
        with sqlite3.connect(self.run_folder / "results.sqlite") as database:
            cursor = database.execute("SELECT * FROM cells")
            columns = [column[0] for column in cursor.description]
            found = [dict(zip(columns, row)) for row in cursor]
        self.assertEqual(columns, list(table[0]))
        self.assertEqual(len(found), len(table))
        for row, text in zip(found, table):
            self.assertEqual({name: None if value is None else str(value) for name, value in row.items() if name not in ("value", "rate")},
                             {name: value or None for name, value in text.items() if name not in ("value", "rate")})
            self.assertEqual(row["value"], float(text["value"]) if text["value"] else None)
            self.assertEqual(row["rate"], float(text["rate"]))

    def plot(self, *arguments: object, code: int = 0) -> Done:
        done = subprocess.run([PYTHON, "-B", SCRIPT, *map(str, arguments)], cwd=self.dir, text=True, capture_output=True,
                              timeout=LIMIT_S, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def test_report_writes_the_same_of_the_folder(self) -> None:
        self.host("report", "costs", "--by", "side", "--csv", "again.csv", "--sqlite", "again.db")
        self.assertEqual(sorted((self.dir / "again.csv").read_text().splitlines()),
                         sorted((self.run_folder / "cells.csv").read_text().splitlines()))
        with sqlite3.connect(self.dir / "again.db") as database:
            self.assertEqual(database.execute("SELECT count(*) FROM cells").fetchone()[0], len(self.table()))

    def test_the_example_draws_a_line_a_side_and_says_what_it_left_out(self) -> None:
        table = self.table()
        for row in table:  # both runs of a point, and one of another
            if row["side"] == "slow" and (row["rate"], row["repetition"]) != ("40", "2"):
                row["status"] = "invalid"
        with open(self.run_folder / "cells.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, list(table[0]))
            writer.writeheader()
            writer.writerows(table)
        said = self.plot("costs", "--metric", "latency_p95", "--out", "a.png").stdout.splitlines()
        self.assertEqual(said, ["slow: 2 points, 3 runs not ok and left out, 1 points without any other, hollow", "fast: 2 points", "a.png"])
        two = (self.dir / "a.png").read_bytes()
        self.assertEqual(two[:4], b"\x89PNG")
        self.plot("costs", "--metric", "throughput", "--out", "b.png")
        width = [int.from_bytes(data[16:20], "big") for data in (two, (self.dir / "b.png").read_bytes())]
        self.assertGreater(width[0], 1.5 * width[1])  # over throughput, too

    def test_the_example_refuses_what_it_cannot_draw(self) -> None:
        self.write("other.csv", "a,b\n1,2\n")
        for arguments, says in ((("nowhere",), "name the folder of an experiment"), (("other.csv",), "no table of cells"),
                                (("costs", "--metric", "colour"), "no run has a value of colour"),
                                (("costs", "--axis", "nodes"), "there are: rate")):
            said = self.plot(*arguments, code=1).stderr
            self.assertIn(says, said)
            self.assertEqual(said.count("\n"), 1)

    def test_the_folder_is_compared_again_by_side(self) -> None:
        text = self.host("compare", "costs", "--baseline", "slow", "--output-dir", "out").stdout
        for rate in ("20", "40"):
            self.assertRegex(text, rf"Q6 +rate = {rate} +fast / slow +2 / 2 ")
        self.run_quick("q6", "mock")
        self.error("compare", self.out, "--by", "side", says=("is no cell of an experiment", "backend, scheduler"))


if __name__ == "__main__":
    unittest.main()

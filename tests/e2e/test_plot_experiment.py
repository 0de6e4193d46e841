"""cells.csv by other hands: Python's csv and sqlite3 read what the records have, and the example draws it with pandas."""
from __future__ import annotations

import csv
import json
import pathlib
import sqlite3
import subprocess
import unittest

from harness import LIMIT_S, Case, Done, Json, read_lines

PYTHON = "/usr/bin/python3"  # Debian's, which has its pandas and matplotlib: another one may be the first on the PATH
SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "examples" / "analysis" / "plot_experiment.py"


def experiment_record(record: Json, side: str, rate: float, repetition: int) -> Json:
    """A record of a real run as that of an experiment's cell."""
    metadata = {**record["metadata"],
                "pair": {"run_id": "experiment-1", "block": repetition, "repetition": repetition, "position": 1},
                "experiment": {"id": "experiment-1", "title": "A test", "side": side, "side_index": 0, "point": {"rate": rate},
                               "point_index": 0, "point_name": f"rate = {rate:g}", "block": repetition, "seeds": "one"}}
    return {**record, "run_id": f"{record['run_id']}-{side}-{rate:g}-{repetition}", "metadata": metadata}


class Cells(Case):
    def setUp(self) -> None:
        super().setUp()
        made = []
        for side, service in (("slow", 8), ("fast", 4)):
            for rate in (20, 40):
                self.run_quick("q6", "mock", "--set", f"mock.service_ms={service}", "--rate", rate, "--repeat", 2)
                made += [(side, rate, repetition + 1, record) for repetition, record in enumerate(self.records()[-2:])]
                self.out = self.dir / f"results-{len(made)}"
        self.cells = [experiment_record(record, side, rate, repetition) for side, rate, repetition, record in made]
        self.file = self.write("run/unified_results.jsonl", "".join(json.dumps(cell) + "\n" for cell in self.cells))

    def table(self) -> list[dict[str, str]]:
        self.host("report", self.file.parent, "--by", "side", "--csv", self.dir / "cells.csv", "--sqlite", self.dir / "results.db")
        with open(self.dir / "cells.csv", newline="") as file:
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
        with sqlite3.connect(self.dir / "results.db") as database:
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

    def test_the_example_draws_a_line_a_side_and_says_what_it_left_out(self) -> None:
        for cell in self.cells[:3]:  # both runs of a point, and one of another
            cell["metadata"]["status"] = "invalid"
        self.write("run/unified_results.jsonl", "".join(json.dumps(cell) + "\n" for cell in self.cells))
        self.table()
        said = self.plot("cells.csv", "--metric", "latency_p95", "--out", "a.png").stdout.splitlines()
        self.assertEqual(said, ["slow: 2 points, 3 runs not ok and left out, 1 points without any other, hollow", "fast: 2 points", "a.png"])
        two = (self.dir / "a.png").read_bytes()
        self.assertEqual(two[:4], b"\x89PNG")
        self.plot("cells.csv", "--metric", "throughput", "--out", "b.png")
        width = [int.from_bytes(data[16:20], "big") for data in (two, (self.dir / "b.png").read_bytes())]
        self.assertGreater(width[0], 1.5 * width[1])  # over throughput, too

    def test_the_example_refuses_what_it_cannot_draw(self) -> None:
        self.table()
        self.write("other.csv", "a,b\n1,2\n")
        for arguments, says in ((("nowhere",), "name the folder of an experiment"), (("other.csv",), "no table of cells"),
                                (("cells.csv", "--metric", "colour"), "no run has a value of colour"),
                                (("cells.csv", "--axis", "nodes"), "there are: rate")):
            said = self.plot(*arguments, code=1).stderr
            self.assertIn(says, said)
            self.assertEqual(said.count("\n"), 1)


class Experiment(Case):
    def test_sides_of_an_experiment_by_their_names(self) -> None:
        self.run_quick("q6", "mock", "--repeat", 3)
        cells = [experiment_record({**record, "run_id": f"{record['run_id']}-{side}"}, side, rate, repetition + 1)
                 for rate in (20, 40) for side in ("one", "two") for repetition, record in enumerate(self.records())]
        self.write("run/unified_results.jsonl", "".join(json.dumps(cell) + "\n" for cell in cells))
        text = self.host("compare", "run", "--by", "side", "--gate", "throughput>=0.9").stdout
        for rate in ("20", "40"):
            self.assertRegex(text, rf"Q6 +rate = {rate} +two / one +3 / 3 .* same")
            self.assertRegex(text, rf"met +throughput>=0.9 +Q6 rate = {rate} two/one")
        self.assertEqual(len(read_lines(self.dir / "run" / "unified_results.jsonl")), 12)
        self.error("compare", self.out, "--by", "side", says=("is no cell of an experiment", "backend, scheduler"))


if __name__ == "__main__":
    unittest.main()

"""report, as a user meets it: latency.hlog read by other means, LaTeX through pdflatex, the database through sqlite3, the page about it."""
from __future__ import annotations

import base64
import hashlib
import json
import math
import pathlib
import re
import shutil
import sqlite3
import struct
import subprocess
import tempfile
import unittest
import zlib
from collections.abc import Iterator
from typing import Any

from doc_commands import commands, run_page
from harness import FAILED, HOST, Case, Done, Json, environment, read_lines


def zig_zag(data: bytes) -> Iterator[int]:
    """The numbers of a V2 encoding: LEB128, of which a ninth byte has eight bits, then zig-zag."""
    at = 0
    while at < len(data):
        value = 0
        for i in range(9):
            byte = data[at]
            at += 1
            value |= (byte if i == 8 else byte & 0x7F) << (7 * i)
            if i == 8 or byte < 0x80:
                break
        yield (value >> 1) ^ -(value & 1)


def decode(text: str) -> dict[int, int]:
    """{lowest value of a bucket: count}, after the description of the format and not after the host's code."""
    data = base64.b64decode(text, validate=True)
    cookie, length = struct.unpack(">ii", data[:8])
    assert cookie == 0x1C849314 and length == len(data) - 8, (hex(cookie), length)
    data = zlib.decompress(data[8:])
    cookie, length, offset, digits, lowest, highest, ratio = struct.unpack(">iiiiqqd", data[:40])
    assert (cookie, offset, digits, lowest, ratio) == (0x1C849313, 0, 3, 1, 1.0), (hex(cookie), offset, digits, lowest, ratio)
    assert length == len(data) - 40 and highest == 2**43 - 1
    counts: dict[int, int] = {}
    index = 0
    for number in zig_zag(data[40:]):
        if number < 0:
            index -= number
            continue
        if number > 0:
            half = 1024  # of 2048 sub-buckets, what 3 digits take
            bucket = max(0, index // half - 1)
            counts[(index - bucket * half) << bucket] = number
        index += 1
    return counts


def read_log(file: pathlib.Path) -> dict[str, tuple[float, float, dict[int, int]]]:
    """{tag: (seconds, maximum in ms, counts)}"""
    lines = file.read_text().splitlines()
    assert lines[1] == "#[Histogram log format version 1.3]", lines[1]
    assert lines[2] == '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"', lines[2]
    found: dict[str, tuple[float, float, dict[int, int]]] = {}
    for line in lines[3:]:
        tag, rest = line[4:].split(",", 1) if line.startswith("Tag=") else ("", line)
        _, seconds, most, histogram = rest.split(",")
        assert tag not in found, tag
        found[tag] = (float(seconds), float(most), decode(histogram))
    return found


def quantile(counts: dict[int, int], q: float) -> int:
    wanted, seen = math.ceil(q * sum(counts.values())), 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= wanted:
            return value
    raise AssertionError("empty")


def pdf_text(folder: pathlib.Path, main: str = "main.tex") -> str:
    done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", main], cwd=folder,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    pdf = pathlib.Path(main).with_suffix(".pdf").name
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], cwd=folder, capture_output=True, text=True, timeout=60, check=True).stdout
    return " ".join(text.split())


class Report(Case):
    """With results of two versions that differ, in simulated time, made once."""

    results: pathlib.Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.results = pathlib.Path(tempfile.mkdtemp(prefix="sage-e2e-report-"))
        for side, service in (("before", 3), ("after", 3.3)):
            cls.simulate(side, "--workload", "q6", "--repeat", "3", "--set", f"mock.service_ms={service}")
        cls.simulate("before", "--workload", "q8", "--quick", "--duration", "8")
        cls.simulate("before", "--workload", "q4", "--quick", "--node-list", "1,2", "--duration", "3")

    @classmethod
    def simulate(cls, folder: str, *args: str) -> None:
        done = subprocess.run([HOST, "run", "-b", "mock", "--output-dir", cls.results / folder, *args], env=environment(), text=True,
                              capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls) -> None:
        shutil.rmtree(cls.results, ignore_errors=True)

    def report(self, *args: object, **kwargs: Any) -> Done:
        return self.host("report", self.results / "before", self.results / "after", "--by", "input", *args, **kwargs)

    def runs(self, side: str, workload: str) -> list[tuple[pathlib.Path, Json]]:
        folders = sorted(f for f in (self.results / side).iterdir() if f.name.startswith(workload))
        return [(folder, read_lines(folder / "unified_results.jsonl")[0]) for folder in folders]


class Logs(Report):
    def test_latency_hlog_has_the_distribution_of_the_record(self) -> None:
        folder, record = self.runs("before", "q6")[0]
        log = read_log(folder / "latency.hlog")
        metrics = record["metadata"]["metrics"]
        sets = {"": metrics["total"], **{f"class:{c['class']}": c for c in metrics["classes"]},
                **{f"phase:{p['phase']}": p for p in metrics["phases"]}}
        self.assertEqual(set(log), set(sets))
        self.assertIsNotNone(metrics["total"]["latency_p99"])
        for tag, of in sets.items():
            seconds, most, counts = log[tag]
            self.assertEqual(sum(counts.values()), of["outcomes"]["ok"])
            self.assertAlmostEqual(seconds, of["window_seconds"], places=3)
            self.assertAlmostEqual(most, of["latency_max"], delta=0.001 * most)
            for name, q in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
                if of[f"latency_{name}"] is not None:
                    self.assertAlmostEqual(quantile(counts, q) / 1e6, of[f"latency_{name}"], delta=of[f"latency_{name}"] / 1000)

    def test_the_manifest_has_its_hash(self) -> None:
        folder, _ = self.runs("before", "q6")[0]
        self.assertIn("latency.hlog", json.loads((folder / "repro_manifest.json").read_text())["files"])

    def test_merged_by_side(self) -> None:
        self.report("--hlog", self.dir / "all.hlog")
        log = read_log(self.dir / "all.hlog")
        tags = [t for t in log if (t.startswith("Q6/") and t.endswith("/after")) or t.endswith("_after")]
        self.assertEqual(len(tags), 1, list(log))
        (tag,) = tags
        records = [record for _, record in self.runs("after", "q6")]
        self.assertEqual(sum(log[tag][2].values()), sum(r["metadata"]["metrics"]["total"]["outcomes"]["ok"] for r in records))
        self.assertAlmostEqual(log[tag][0], sum(r["duration_seconds"] for r in records), places=2)
        self.assertIn(f"{tag}/class:high", log)

    def test_without_any_log(self) -> None:
        copy = self.dir / "unified_results.jsonl"
        shutil.copy(self.runs("before", "q6")[0][0] / "unified_results.jsonl", copy)
        self.error("report", copy, "--hlog", self.dir / "x.hlog", code=FAILED, says=("--hlog", "latency.hlog"))
        self.assertFalse((self.dir / "x.hlog").exists())


class Latex(Report):
    def test_real_runs(self) -> None:
        printed = self.report("--latex", self.dir / "tex").stdout
        self.assertEqual(printed, f"{self.dir / 'tex' / 'main.tex'}\n")
        text = pdf_text(self.dir / "tex")
        _, record = self.runs("before", "q6")[0]
        for expected in (record["config_hash"][:12], "(n = 3)", "worse", "95 % confidence interval", "capacity by nodes", "faults (red)",
                         "latency by percentile"):
            self.assertIn(expected, text)
        # found also from a paper in another folder
        (self.dir / "paper.tex").write_text("\\documentclass{article}\\def\\sagedir{tex}\\input{tex/preamble.tex}\\begin{document}"
                                            f"\\input{{tex/{next((self.dir / 'tex').glob('*-latency.tex')).name}}}\\end{{document}}")
        self.assertIn("latency by percentile", pdf_text(self.dir, "paper.tex"))

    def test_claims_have_the_numbers_of_the_records_and_their_hashes(self) -> None:
        self.report("--latex", self.dir / "tex")
        claims = (self.dir / "tex" / "claims.tex").read_text()
        keys = re.findall(r"\\sageset\{([^}]+)/says\}", claims)
        paper = ("\\documentclass{article}\\input{tex/claims.tex}\\begin{document}" +
                 "".join(f"\\sageclaim{{{key}}}\n\n" for key in keys) + "%s\\end{document}")
        (self.dir / "paper.tex").write_text(paper % "")
        text = pdf_text(self.dir, "paper.tex")
        (key,) = (key for key in keys if re.fullmatch(r"\d+-q6-\w+/[\w-]+-vs-[\w-]+/latency-p95", key))
        before, after = (sorted(record["latency_p95"] for _, record in self.runs(side, "q6"))[1] for side in ("before", "after"))
        self.assertIn(f"\\sageset{{{key}/ratio}}{{{after / before:.3f}}}", claims)
        self.assertIn("In simulated time, which shows a model and no system: latency p95 of ", text)
        told = f"times that of {self.results}/before, which is worse by more than 5 % (ratio {after / before:.3f}, 95 % interval"
        self.assertIn(told.replace("_", " "), text.replace("- ", "-").replace("_", " "))  # a line drawn below is no text of a PDF
        hashes = ""
        for side in ("after", "before"):
            for _, record in self.runs(side, "q6"):
                canonical = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
                hashes += hashlib.sha256(canonical.encode()).hexdigest()
                self.assertIn(f"% record {hashes[-64:]} ", claims)
        self.assertIn(f"config {record['config_hash'][:12]}, records {hashlib.sha256(hashes.encode()).hexdigest()[:12]}", text)
        # a claim that is no longer there is no longer printed
        (self.dir / "paper.tex").write_text(paper % "\\sageclaim{01-gone/throughput}")
        with self.assertRaisesRegex(AssertionError, "no claim or value is called '01-gone/throughput/says"):
            pdf_text(self.dir, "paper.tex")

    def test_names_print_as_they_are(self) -> None:
        name = r"a_b%c$d#e&f{g}~h^i\j|k<l>m"
        record = {"backend": name, "workload": "Q1", "run_id": "r", "throughput": 40.0, "config_hash": "c" * 64}
        file = self.write("unified_results.jsonl", json.dumps(record) + "\n")
        self.host("report", file, "--latex", self.dir / "tex")
        # accents that stand alone may come as their small variants; an underscore is a drawn line and no character
        text = pdf_text(self.dir / "tex").translate({0x2DC: "~", 0x2C6: "^", 0x223C: "~"})
        self.assertIn(name.replace("_", ""), "".join(text.split()))


class Markdown(Report):
    def test_on_standard_output_and_nothing_else_there(self) -> None:
        text = self.report("--markdown", "-", "--sqlite", self.dir / "r.db").stdout
        self.assertTrue(text.startswith("**worse** (of "), text[:80])
        self.assertIn("<details><summary>Q6, seed 42", text)
        self.assertNotIn("r.db", text)
        self.report("--markdown", "comment.md")
        self.assertEqual((self.dir / "comment.md").read_text(), text)


class Database(Report):
    def setUp(self) -> None:
        super().setUp()
        self.report("--sqlite", self.dir / "r.db")
        self.db = sqlite3.connect(self.dir / "r.db")
        self.addCleanup(self.db.close)

    def rows(self, sql: str, *args: object) -> list[tuple[Any, ...]]:
        return self.db.execute(sql, args).fetchall()

    def test_values_equal_the_records(self) -> None:
        for side in ("before", "after"):
            for folder, record in self.runs(side, "q6"):
                ((run, kept),) = self.rows("SELECT id, record FROM runs WHERE run_id = ? AND side LIKE ?", record["run_id"], f"%/{side}")
                self.assertEqual(json.loads(kept), record)
                metrics = record["metadata"]["metrics"]
                found = {(scope, name): (value, reason) for scope, name, value, reason in
                         self.rows("SELECT scope, name, value, reason FROM metrics WHERE run = ?", run)}
                for scope, of in (("total", metrics["total"]), *((f"class:{c['class']}", c) for c in metrics["classes"])):
                    for name, value in of.items():
                        if isinstance(value, (int, float)) or value is None:
                            self.assertEqual(found[scope, name][0], value, (scope, name))
                            self.assertEqual(found[scope, name][1] is None, value is not None, (scope, name))
                intervals = [i for i in read_lines(folder / "records.jsonl") if i["type"] == "interval"]
                self.assertEqual(self.rows("SELECT begin_s, ok, latency_p50 FROM intervals WHERE run = ? ORDER BY begin_s", run),
                                 [(i["begin_s"], i["outcomes"]["ok"], i["latency_p50"]) for i in intervals])
                ((p99,),) = self.rows("SELECT latency_ms FROM percentiles WHERE run = ? AND scope = 'total' AND quantile = 0.99", run)
                self.assertAlmostEqual(p99, record["latency_p99"], delta=record["latency_p99"] / 1000)

    def test_comparison_and_events(self) -> None:
        ((verdict, ratio, n),) = self.rows("SELECT verdict, ratio, candidate_n FROM comparisons WHERE workload = 'Q6' AND scope = 'total' "
                                           "AND metric = 'latency_p99'")
        self.assertEqual((verdict, n), ("worse", 3))
        self.assertGreater(ratio, 1.1)
        folder, _ = self.runs("before", "q8")[0]
        issued = {line["id"] for line in read_lines(folder / "records.jsonl") if line["type"] == "event"}
        self.assertEqual(self.rows("SELECT count(*) FROM events e JOIN runs r ON r.id = e.run WHERE r.workload = 'Q8'"), [(len(issued),)])
        self.assertGreater(len(issued), 0)


class Page(Report):
    def test_without_a_flag_it_writes_a_page_beside_the_results(self) -> None:
        folder = self.dir / "copy"
        shutil.copytree(self.results / "after", folder)
        self.assertEqual(self.host("report", folder).stdout, f"{folder / 'report.html'}\n")
        page = (folder / "report.html").read_text()
        self.assertIn("Q6", page)
        run = next(folder.glob("q6*"))
        self.host("report", run / "unified_results.jsonl")
        self.assertTrue((run / "report.html").exists())

    def test_errors(self) -> None:
        self.error("report", says="name folders or files")
        self.error("report", self.dir / "none", says="does not exist")
        self.error("report", self.results / "after", "--margin", "x", says="--margin x: give a share")
        self.error("report", self.results / "after", "--baseline", "ray", says="mock")
        blocked = self.write("file", "")
        for flag in ("--html", "--markdown", "--sqlite", "--hlog"):
            self.error("report", self.results / "after", flag, blocked / "x", code=FAILED, says="cannot be written")
        self.error("report", self.results / "after", "--latex", blocked / "x", code=FAILED, says="--latex")

    def test_broken_lines_are_told_and_the_rest_is_read(self) -> None:
        lines = (self.runs("before", "q6")[0][0] / "unified_results.jsonl").read_text()
        file = self.write("unified_results.jsonl", "broken\n" + lines)
        done = self.host("report", file, "--markdown", "-")
        self.assertIn("unified_results.jsonl:1:", done.stderr)
        self.assertIn("Q6", done.stdout)


class Documentation(Case):
    def test_every_command_of_the_page_works(self) -> None:
        self.assertEqual(run_page(self, "report.md"), len(commands("report.md")))
        self.assertTrue((self.dir / "paper" / "results" / "main.pdf").exists())


if __name__ == "__main__":
    unittest.main()

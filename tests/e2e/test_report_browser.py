"""The report as a reader sees it: a real browser opens the file from disk, light, dark and on paper."""
from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
from collections.abc import Iterator
from typing import Any

import harness
from browser import Browser

# What stands in a chart: marks of every visible dataset, and pixels that are not all alike.
CHARTS = """
return Array.from(document.querySelectorAll('canvas'), (canvas) => {
  const chart = Chart.getChart(canvas);
  const sets = chart ? chart.data.datasets.map((_, i) => chart.getDatasetMeta(i).data.length) : [];
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {willReadFrequently: true});
  copy.drawImage(canvas, 0, 0);
  const pixels = copy.getImageData(0, 0, canvas.width, canvas.height).data;
  const colors = new Set();
  for (let i = 0; i < pixels.length && colors.size < 20; i += 4)
    if (pixels[i + 3] > 200) colors.add((pixels[i] << 16) | (pixels[i + 1] << 8) | pixels[i + 2]);
  return {id: canvas.id, label: canvas.getAttribute('aria-label'), sets, colors: colors.size,
          width: canvas.clientWidth, first: chart ? chart.data.datasets[0].backgroundColor : null};
});
"""

# WCAG contrast of every element with text of its own against what is painted behind it; the worst ones.
CONTRAST = """
const rgb = (css) => (css.match(/[0-9.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
  .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (e) => {
  for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c;
  }
  return [255, 255, 255];
};
const worst = {};
for (const e of document.body.querySelectorAll('*')) {
  if (e.closest('script, noscript, svg') || e.getClientRects().length === 0) continue;
  if (!Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
  const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const key = `${e.tagName}.${e.className}`;
  if (!(key in worst) || ratio < worst[key]) worst[key] = ratio;
}
return worst;
"""


# How far the page, its scroll areas and its tables reach beyond where they may.
OVERFLOW = """
const width = document.documentElement.clientWidth;
const out = {page: document.documentElement.scrollWidth - width, tables: 0};
for (const table of document.querySelectorAll('table')) {
  const [area, box] = [table.parentElement, table.getBoundingClientRect()];
  const beyond = Math.max(area.scrollWidth - area.clientWidth, box.right - area.getBoundingClientRect().right,
                          box.right - width);
  out.tables++;
  if (beyond > 0.5) out[`${table.caption.textContent}, ${table.rows[0].cells.length} columns`] = beyond;
}
return out;
"""
A4_PX = round((210 - 2 * 12) / 25.4 * 96)  # within the margins of report.css


class ReportInBrowser(unittest.TestCase):
    dir: pathlib.Path
    page: pathlib.Path
    browser: Browser

    @classmethod
    def setUpClass(cls) -> None:
        for program in ("chromium", "chromedriver", "pdftotext"):
            if shutil.which(program) is None:
                raise AssertionError(f"{program} is missing: apt install chromium chromium-driver poppler-utils")
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="sage-report-"))
        cls.addClassCleanup(shutil.rmtree, cls.dir, True)
        quick = ("--quick", "-b", "mock")
        for side, speed in (("fast", "1"), ("slow", "0.8")):
            at = ("--output-dir", cls.dir / side, "--set", f"mock.node_speeds={speed}")
            cls.host("run", "--workload", "q1", "--repeat", "3", *quick, *at)
            cls.host("run", "--workload", "q8", "--repeat", "3", *quick, *at)
        cls.host("run", "--workload", "q4", *quick, "--output-dir", cls.dir / "fast")
        cls.spoil(next((cls.dir / "slow").glob("q8*")))
        cls.host("compare", "fast", "slow", "--by", "input", "--output-dir", cls.dir / "out")
        cls.page = cls.dir / "out" / "report.html"
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)
        cls.browser.open(cls.page)

    @classmethod
    def host(cls, *args: object) -> None:
        done = subprocess.run([harness.HOST, *map(str, args)], cwd=cls.dir, env=harness.environment(), text=True,
                              capture_output=True, timeout=harness.LIMIT_S, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{args}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")

    @staticmethod
    def spoil(folder: pathlib.Path) -> None:
        """One run becomes one that failed, with a reason that is hostile."""
        (folder / "unified_results.csv").unlink()
        file = folder / "unified_results.jsonl"
        record = json.loads(file.read_text())
        record["metadata"]["status"] = "failed"
        record["metadata"]["reasons"] = ["<img src=x onerror=\"document.title='run'\"> died"]
        file.write_text(json.dumps(record) + "\n")
        (folder / "records.jsonl").unlink()

    def test_1_opens_without_a_complaint(self) -> None:
        self.assertEqual(self.browser.console(), [])
        self.assertEqual(self.browser.run("return document.title"), "sage-host report")
        self.assertEqual(self.browser.run("return document.images.length"), 0)
        self.assertEqual(self.browser.run("return performance.getEntriesByType('resource').length"), 0)

    def test_2_every_chart_has_marks(self) -> None:
        charts = self.browser.run(CHARTS)
        kinds = {"Throughput over time", "Latency over time", "Latency by percentile", "Cumulative distribution",
                 "Time in each stage", "SLO attainment by class", "Requests on", "SLO attainment against rate",
                 "Capacity against nodes"}
        for kind in kinds:
            self.assertTrue(any(kind in chart["label"] for chart in charts), kind)
        for chart in charts:
            with self.subTest(chart["id"]):
                self.assertTrue(chart["sets"])
                self.assertTrue(all(chart["sets"]), chart["sets"])
                self.assertGreater(chart["colors"], 3)
                self.assertGreater(chart["width"], 300)

    def test_3_faults_are_drawn(self) -> None:
        marks = self.browser.run("return JSON.parse(document.getElementById('data').textContent)")
        texts = [mark["text"] for spec in marks.values() for mark in spec.get("marks", [])]
        self.assertTrue(any(text.startswith("fault ") for text in texts), texts)
        self.assertTrue(any(text.startswith("heal ") for text in texts), texts)

    def test_4_text_can_be_read_in_light_and_dark(self) -> None:
        colors = {}
        for scheme in ("light", "dark"):
            self.browser.prefer(scheme)
            colors[scheme] = self.browser.run("return getComputedStyle(document.documentElement).backgroundColor")
            colors[scheme + " chart"] = [chart["first"] for chart in self.browser.run(CHARTS)]
            with self.subTest(scheme):
                worst = self.browser.run(CONTRAST)
                self.assertGreater(len(worst), 15)
                self.assertEqual({k: round(v, 2) for k, v in worst.items() if v < 4.5}, {})
                self.assertEqual(self.browser.console(), [])
        self.browser.prefer("light")
        self.assertNotEqual(colors["light"], colors["dark"])
        self.assertNotEqual(colors["light chart"], colors["dark chart"])  # drawn again in the other colours

    def test_5_paper_has_every_table_whole(self) -> None:
        self.browser.prefer("dark")
        pdf = self.dir / "report.pdf"
        pdf.write_bytes(self.browser.pdf())
        self.browser.prefer("light")
        self.assertEqual(self.browser.console(), [])
        text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
        flat = re.sub(r"\s+", " ", text)
        for caption in self.browser.run("return Array.from(document.querySelectorAll('caption'), (c) => c.textContent)"):
            self.assertIn(re.sub(r"\s+", " ", caption), flat)
        # The last column of the widest tables is on the paper, and so is the end.
        for words in ("success_rate", "Machine", "Source", "Made by sage-host"):
            self.assertIn(words, flat)
        # Back on the screen, charts are those of the screen.
        self.assertFalse(self.browser.run("return document.documentElement.classList.contains('paper')"))

    def test_6_failed_runs_are_red_with_their_reason(self) -> None:
        bad = self.browser.run("return Array.from(document.querySelectorAll('tr.bad'), (r) => r.textContent)")
        self.assertTrue(any("<img src=x" in row and "died" in row for row in bad), bad)
        colors = self.browser.run("""return ['tr.bad strong', '.verdict.inconclusive'].map(
            (s) => getComputedStyle(document.querySelector(s)).color)""")
        self.assertNotEqual(*colors)

    def test_7_links_and_headings_hold(self) -> None:
        broken = self.browser.run("""return Array.from(document.querySelectorAll('a'), (a) => a.getAttribute('href'))
            .filter((href) => !href.startsWith('#') || !document.getElementById(href.slice(1)))""")
        self.assertEqual(broken, [])
        without = self.browser.run("""return Array.from(document.querySelectorAll('table'))
            .filter((t) => !t.querySelector('thead th[scope=col]') || !t.caption || !t.querySelector('th[scope=row]'))
            .length""")
        self.assertEqual(without, 0)

    def test_8_tables_fit_the_page(self) -> None:
        """Two sides, and three with long names, on screens and on paper."""
        sides = []
        for name in ("sage-2.1.0-with-affinity-scheduler/nightly", "ray_2_9_3_default_placement_group_strategy_pack"):
            sides.append(name)
            shutil.copytree(self.dir / "slow", self.dir / name)
        self.host("report", "fast", *sides, "--by", "input", "--html", "sides.html")
        try:
            for page in (self.page, self.dir / "sides.html"):
                self.browser.open(page)
                for width, media in ((800, "screen"), (1200, "screen"), (1600, "screen"), (A4_PX, "print")):
                    with self.subTest(page=page.name, width=width, media=media):
                        self.browser.devtools("Emulation.setEmulatedMedia", media=media)
                        self.browser.devtools("Emulation.setDeviceMetricsOverride", width=width, height=900,
                                              deviceScaleFactor=1, mobile=False)
                        beyond = self.browser.run(OVERFLOW)
                        self.assertGreater(beyond.pop("tables"), 10)
                        self.assertEqual(beyond, {"page": 0})
        finally:
            self.browser.devtools("Emulation.setEmulatedMedia", media="")
            self.browser.devtools("Emulation.clearDeviceMetricsOverride")
            self.browser.open(self.page)

    def test_8_narrow_screens_scroll_tables_not_the_page(self) -> None:
        self.browser.devtools("Emulation.setDeviceMetricsOverride", width=420, height=800, deviceScaleFactor=1,
                              mobile=False)
        try:
            over = self.browser.run("return document.documentElement.scrollWidth - innerWidth")
        finally:
            self.browser.devtools("Emulation.clearDeviceMetricsOverride")
        self.assertLessEqual(over, 0)

    def test_9_complete_without_script(self) -> None:
        self.browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
        try:
            self.browser.open(self.page)
            pdf = self.dir / "plain.pdf"
            pdf.write_bytes(self.browser.pdf())
        finally:
            self.browser.devtools("Emulation.setScriptExecutionDisabled", value=False)
        text = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout
        for words in ("Charts need script", "Verdict", "latency_p99", "Whole run", "Definitions"):
            self.assertIn(words, text)


class ExperimentInBrowser(unittest.TestCase):
    """An experiment of 5,000 cells: two sides, 20 rates by 25 numbers of nodes, five repetitions; made up, so that it takes no hours."""

    dir: pathlib.Path
    page: pathlib.Path
    browser: Browser

    @classmethod
    def setUpClass(cls) -> None:
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="sage-report-"))
        cls.addClassCleanup(shutil.rmtree, cls.dir, True)
        with open(cls.dir / "unified_results.jsonl", "w", encoding="utf-8") as file:
            for cell in cls.cells():
                file.write(json.dumps(cell) + "\n")
        done = subprocess.run([harness.HOST, "report", cls.dir], env=harness.environment(), text=True, capture_output=True,
                              timeout=harness.LIMIT_S, check=False)
        if done.returncode != 0:
            raise AssertionError(f"exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        cls.page = cls.dir / "report.html"
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    @staticmethod
    def cells() -> Iterator[dict[str, Any]]:
        points = [(rate, nodes) for rate in range(10, 210, 10) for nodes in range(1, 26)]
        for index, (rate, nodes) in enumerate(points):
            for side, name in enumerate(("unified", "separated")):
                for block in range(1, 6):
                    reached = min(rate, nodes * (30 + 5 * side)) * (1 + 0.01 * block)
                    latency = (4 + 40 * rate / (nodes * 30)) * (1 + 0.02 * block)
                    total = {"goodput": 0.9 * reached, "slo_attainment": min(1.0, 9 / latency), "latency_p50": latency / 3,
                             "latency_p95": latency / 2, "latency_mean": latency / 3, "load_balance": 0.9}
                    place = {"id": "exp-1", "title": "Five thousand cells", "side": name, "side_index": side,
                             "point": {"rate": rate, "nodes": nodes}, "point_index": index, "point_name": f"rate = {rate}, nodes = {nodes}",
                             "block": block, "seeds": "one"}
                    yield {"backend": name, "workload": "Q2", "run_id": f"{index}-{side}-{block}", "seed": 42, "nodes": nodes, "parallelism": 2,
                           "config_hash": f"{index:064x}", "throughput": reached, "latency_p99": latency, "success_rate": 1.0,
                           "metadata": {"status": "invalid" if rate == 200 else "ok", "clock": "virtual", "experiment": place,
                                        "pair": {"run_id": "exp-1", "repetition": block}, "metrics": {"total": total}}}

    def test_1_is_small_and_opens_in_three_seconds_of_the_browser(self) -> None:
        self.assertLess(self.page.stat().st_size, 20_000_000)
        # Of the page's own thread, not of the clock: what else the machine does is none of the page's doing.
        self.browser.devtools("Performance.enable", timeDomain="threadTicks")
        before = self.task_seconds()
        self.browser.open(self.page)
        took = self.task_seconds() - before
        self.assertEqual(self.browser.console(), [])
        self.assertGreater(took, 0.01)
        self.assertLess(took, 3)

    def task_seconds(self) -> float:
        metrics = self.browser.devtools("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))

    def test_2_figures_are_drawn_with_what_is_invalid_hollow(self) -> None:
        self.browser.open(self.page)
        charts = [chart for chart in self.browser.run(CHARTS) if chart["id"].startswith("figure")]
        for title in ("Throughput against latency p99, by rate", "Speed-up by nodes", "the Pareto frontier"):
            self.assertTrue(any(title in chart["label"] for chart in charts), title)
        for chart in charts:
            with self.subTest(chart["label"][:60]):
                self.assertTrue(chart["sets"])
                self.assertTrue(all(chart["sets"]), chart["sets"])
                self.assertGreater(chart["colors"], 3)
        hollow = self.browser.run("""const page = getComputedStyle(document.documentElement).getPropertyValue('--page').trim();
            return Chart.getChart('figure1-1').data.datasets.filter((set) => set.pointBackgroundColor === page)
              .map((set) => [set.showLine, set.notes[0]])""")
        self.assertTrue(hollow)
        for joined, note in hollow:
            self.assertFalse(joined)
            self.assertIn("5 of 5 runs INVALID", note)

    def test_3_maps_can_be_read_in_light_and_dark(self) -> None:
        shades = {}
        for scheme in ("light", "dark"):
            self.browser.prefer(scheme)
            self.browser.open(self.page)
            worst = self.browser.run(CONTRAST)
            self.assertIn("TD.n h4", worst)
            self.assertEqual({k: round(v, 2) for k, v in worst.items() if v < 4.5}, {})
            shades[scheme] = self.browser.run("return getComputedStyle(document.querySelector('td.h4')).backgroundColor")
        self.browser.prefer("light")
        self.assertNotEqual(shades["light"], shades["dark"])


if __name__ == "__main__":
    unittest.main()

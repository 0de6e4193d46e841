"""The environment a record describes, and the noise it was measured in."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import unittest

from harness import Case, Json, read_lines

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "host" / "git_revision.cmake"


class Noise(Case):
    def burn(self) -> None:
        """Keeps more than a tenth of the CPUs busy, in processes that are not the run's."""
        for _ in range(len(os.sched_getaffinity(0)) // 8 + 1):
            burner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            self.addCleanup(burner.wait, 10)
            self.addCleanup(burner.kill)

    def one_run(self, *args: str) -> tuple[str, Json, list[Json]]:
        done = self.run_quick("q6", *args)
        folder, = self.folders()
        record, = self.records()
        return done.stdout, record["metadata"], read_lines(folder / "records.jsonl")

    @unittest.skipUnless(pathlib.Path("/proc/stat").exists(), "no /proc/stat here")
    def test_a_busy_machine_marks_the_run_and_not_its_status(self) -> None:
        self.burn()
        text, metadata, lines = self.one_run("threads", "--duration", "3")
        noise = metadata["noise"]
        self.assertTrue(noise["noisy"], noise)
        self.assertIn("other processes", noise["reasons"][-1])
        self.assertGreater(noise["other_cpu_share"], 0.05)
        self.assertGreaterEqual(noise["noisy_intervals"], 1)
        self.assertIsInstance(noise["load_1min_before"], float)
        self.assertIn("noisy: " + "; ".join(noise["reasons"]) + "\n", text)
        self.assertNotIn("other processes", " ".join(metadata["reasons"]))
        intervals = [line for line in lines if line["type"] == "interval"]
        self.assertTrue(any(line["noisy"] and line["other_cpu_share"] > 0.05 for line in intervals), intervals)
        self.assertEqual(lines[-1]["noise"], noise)

    def test_simulated_time_has_no_noise(self) -> None:
        self.burn()
        text, metadata, lines = self.one_run("mock")
        noise = metadata["noise"]
        self.assertEqual((noise["noisy"], noise["reasons"], noise["steal_share"]), (False, [], None))
        self.assertIn("simulated time", noise["unmeasured"])
        self.assertNotIn("noisy", text)
        for line in lines:
            if line["type"] == "interval":
                self.assertEqual((line["noisy"], line["steal_share"], line["other_cpu_share"]), (False, None, None))

    def test_the_timeline_shows_the_same_requests_on_every_backend(self) -> None:
        seqs = {}
        for backend in ("threads", "mock"):
            self.run_quick("q6", backend)
            folder, = [f for f in self.folders() if backend in f.name]
            lines = read_lines(folder / "records.jsonl")
            self.assertEqual(lines[-1]["type"], "summary")
            timeline = [line for line in lines if line["type"] == "timeline"]
            for request in timeline:
                self.assertEqual(request["tenant"], "default")
                self.assertLessEqual(request["due_s"], request["sent_s"])
                if request["outcome"] == "ok":
                    self.assertEqual(request["steps"][0]["stage"], "route")
                    for step in request["steps"]:
                        self.assertLessEqual(request["sent_s"], step["begin_s"])
                        self.assertLessEqual(step["begin_s"], step["end_s"])
                        self.assertLessEqual(step["end_s"], request["done_s"])
            seqs[backend] = [request["seq"] for request in timeline]
        self.assertEqual(len(seqs["mock"]), 100)
        self.assertEqual(seqs["threads"], seqs["mock"])


class Revision(Case):
    def git(self, *args: str) -> None:
        subprocess.run(["git", "-C", self.dir / "tree", "-c", "user.name=t", "-c", "user.email=t@localhost", *args],
                       check=True, capture_output=True)

    def revision(self) -> tuple[str, int]:
        """The value that the generated source gives."""
        output = self.dir / "git_revision.cpp"
        subprocess.run(["cmake", f"-DSOURCE_DIR={self.dir / 'tree'}", f"-DOUTPUT={output}", "-P", SCRIPT], check=True,
                       capture_output=True)
        return output.read_text().rstrip().rsplit("= ", 1)[1].rstrip(";"), output.stat().st_mtime_ns

    def test_the_commit_and_whether_files_differ_from_it(self) -> None:
        self.write("tree/file", "one")
        self.assertEqual(self.revision()[0], "nullptr")
        self.git("init", "-q")
        self.git("add", "file")
        self.git("commit", "-qm", "one")
        self.git("tag", "-a", "v1", "-m", "v1")
        clean, written = self.revision()
        self.assertRegex(clean, r'^"[0-9a-f]{40}"$')
        self.assertEqual(self.revision(), (clean, written))  # not written again, so nothing is compiled
        self.write("tree/new", "not tracked")
        self.assertEqual(self.revision()[0], clean)
        self.write("tree/file", "two")
        self.assertEqual(self.revision()[0], clean[:-1] + '-dirty"')
        self.git("commit", "-aqm", "two")
        self.assertNotEqual(self.revision()[0], clean)

    def test_a_record_has_it(self) -> None:
        self.run_quick("q6", "mock")
        system = self.records()[0]["metadata"]["environment"]["system"]
        self.assertRegex(json.dumps(system["git_revision"]), r'^(null|"[0-9a-f]{40}(-dirty)?")$')
        if (SCRIPT.parents[1] / ".git").exists():
            self.assertIsNotNone(system["git_revision"])


if __name__ == "__main__":
    unittest.main()

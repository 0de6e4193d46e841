"""What is on the disk at a moment: an ext4 image is copied while it is mounted, as if the power went then, and the copy is looked at."""
from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import unittest

from fault_checks import snapshot, whole_lines
from fault_kinds import processes
from harness import HOST, OK, Case, Json, environment, lines_so_far, wait_for

# Nothing reaches the disk by itself while a test lasts: what is there was brought there.
OPTIONS = "loop,commit=300,nodiscard"


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("mkfs.ext4") and shutil.which("mount"), "needs root and mkfs.ext4 for an image")
class PowerCut(Case):
    def setUp(self) -> None:
        super().setUp()
        self.image = self.dir / "image"
        self.copies = 0
        with open(self.image, "wb") as file:
            file.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", self.image], check=True)
        self.disk = self.mounted(self.image)
        self.out = self.disk / "results"
        self.out.mkdir()
        os.sync()  # of the machine before the test; from here on the host's syncs alone count
        (self.disk / "unsynced").write_text("x" * 100)

    def mounted(self, image: pathlib.Path) -> pathlib.Path:
        folder = self.dir / f"{image.name}-mounted"
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "ext4", "-o", OPTIONS, image, folder], text=True, capture_output=True, check=False)
        if done.returncode != 0:
            self.skipTest(f"images cannot be mounted here: {done.stderr.strip()}")
        self.addCleanup(lambda: subprocess.run(["umount", "-l", folder], check=False))
        return folder

    def power_cut(self) -> pathlib.Path:
        """The results as they are on the disk now."""
        self.copies += 1
        copy = self.dir / f"copy{self.copies}"
        subprocess.run(["cp", "--sparse=always", self.image, copy], check=True)
        disk = self.mounted(copy)
        unsynced = disk / "unsynced"
        self.assertFalse(unsynced.exists() and unsynced.stat().st_size, "the copy has what nobody synced, so it shows nothing")
        return disk / "results"

    def tearDown(self) -> None:
        self.doCleanups()  # before the folder that they are mounted in
        super().tearDown()

    def test_a_run_that_says_ok_is_there(self) -> None:
        for log in ("binary", "jsonl"):
            self.host("run", "--workload", "q6", "-b", "mock", "--quick", "--request-log", log, "--repeat", "1", "--output-dir", self.out)
        there = self.power_cut()
        found = {name: content for name, (content, _) in snapshot(there).items()}
        self.assertEqual(found, {name: content for name, (content, _) in snapshot(self.out).items()})
        self.assertEqual(len({name.split("/")[0] for name in found}), 2)
        self.assertIn("2 folders", self.host("verify", there).stdout)

    def started(self, *args: object) -> subprocess.Popen[str]:
        process = subprocess.Popen([HOST, *map(str, args), "--output-dir", self.out], env=environment(SAGE_FAULT_TOKEN=self.dir.name),
                                   text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(self.end, process)
        return process

    def end(self, process: subprocess.Popen[str]) -> None:
        for pid in processes(self.dir.name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()

    def cut_while_it_runs(self, process: subprocess.Popen[str]) -> pathlib.Path:
        for pid in processes(self.dir.name):
            os.kill(pid, signal.SIGSTOP)  # or the copy would be of several moments
        there = self.power_cut()
        self.end(process)
        return there

    def test_a_cell_of_a_pair_is_there_before_the_state_says_so(self) -> None:
        process = self.started("pair", "--workload", "q6", "--backends", "mock,threads", "--repeat", "3", "--quick", "--cooldown", "0",
                               "--total-requests", "200", "--run-id", "p")

        def ended(out: pathlib.Path) -> list[Json]:
            return [cell for file in out.glob("run_id=p/state.json") for cell in json.loads(file.read_text())["cells"]
                    if cell["state"] in ("ok", "invalid")]

        # With another cell at work the state that has the first ones was synced.
        self.assertTrue(wait_for(lambda: len(ended(self.out)) >= 2 and list(self.out.glob("run_id=p/*/cells/.unfinished-*"))))
        there = self.cut_while_it_runs(process)
        cells = ended(there)
        self.assertGreaterEqual(len(cells), 2)
        folders = {json.loads(file.read_text().splitlines()[0])["run_id"]: file.parent
                   for file in there.glob("run_id=p/*/cells/[0-9]*/unified_results.jsonl")}
        for cell in cells:
            now = {name: content for name, (content, _) in snapshot(folders[cell["run_id"]]).items()}
            self.assertEqual(now, cell["files"])
        self.host("pair", "--resume", "p", "--output-dir", there)
        self.assertEqual(len(ended(there)), 6)
        self.host("verify", there, code=OK)

    def test_the_stream_is_there_while_the_run_goes_on(self) -> None:
        process = self.started("run", "--workload", "q6", "-b", "threads", "--rate", "50", "--duration", "600", "--warmup-items", "0",
                               "--interval", "0.2")

        def seconds(out: pathlib.Path) -> float:
            return max((line["end_s"] for file in out.glob("*/records.jsonl") for line in lines_so_far(file)
                        if line["type"] == "interval"), default=0.0)

        self.assertTrue(wait_for(lambda: seconds(self.out) > 4))
        there = self.cut_while_it_runs(process)
        (stream,) = there.glob("*/records.jsonl")
        self.assertEqual(whole_lines(stream), [])
        with open(stream, "rb+") as file:  # blanks may stand where a line was going to be
            data = file.read()
            file.truncate(data.rfind(b"\n") + 1)
        self.assertGreater(seconds(there), 1)


if __name__ == "__main__":
    unittest.main()

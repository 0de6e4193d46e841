"""Interruption and sudden death. Tests wait for what they need (a file, a line), never for a time."""
from __future__ import annotations

import json
import os
import shutil
import signal
import time
import unittest

from harness import INTERRUPTED, LIMIT_S, Case, Json, Process, alive, cells_of, lines_so_far, read_lines, wait_for

LONG = ("run", "--workload", "q6", "-b", "threads", "--duration", "600", "--warmup-items", "0", "--interval", "0.1")


class Signals(Case):
    def started(self, *more: str) -> Process:
        """A long run of which some requests have ended well, by its own record."""
        process = self.start(*LONG, "--output-dir", self.out, *more)

        def recorded() -> bool:
            self.assertIsNone(process.poll(), "ended early")
            lines = [line for file in self.out.glob("*/records.jsonl") for line in lines_so_far(file)]
            return any(line["type"] == "interval" and line["outcomes"]["ok"] > 0 for line in lines)

        self.assertTrue(wait_for(recorded), "no request ended well")
        return process

    def interrupted(self, process: Process) -> Json:
        _, stderr = process.communicate(timeout=LIMIT_S)
        self.assertEqual(process.returncode, INTERRUPTED, stderr)
        (record,) = self.records()
        self.assertEqual(record["metadata"]["status"], "interrupted")
        (folder,) = self.folders()
        self.assertEqual(read_lines(folder / "records.jsonl")[-1]["type"], "summary")
        return record

    def test_ctrl_c_reaches_the_whole_group_and_leaves_a_complete_result(self) -> None:
        process = self.started()
        os.killpg(process.pid, signal.SIGINT)
        record = self.interrupted(process)
        self.assertGreater(record["success_rate"], 0)

    def test_sigterm_to_the_host_alone(self) -> None:
        process = self.started()
        process.terminate()
        self.interrupted(process)

    def test_no_further_cell_is_started(self) -> None:
        process = self.started("--repeat", "3")
        process.send_signal(signal.SIGINT)
        self.interrupted(process)  # exactly one record

    def test_several_runs_go_on_where_they_were_cut_off(self) -> None:
        several = ("run", "--workload", "q6,q1", "-b", "threads", "--quick", "--repeat", "2", "--output-dir", self.out)
        for sign in (signal.SIGKILL, signal.SIGINT):
            with self.subTest(sign=sign.name):
                process = self.start(*several)

                def begun() -> bool:
                    states = [json.loads(f.read_text()) for f in self.out.glob("run-*/state.json")]
                    return any(cell["state"] == "ok" for state in states for cell in state["cells"])

                self.assertTrue(wait_for(begun), "no run ended well")
                process.send_signal(sign)
                _, stderr = process.communicate(timeout=LIMIT_S)
                (folder,) = self.out.glob("run-*")
                if sign == signal.SIGINT:
                    self.assertIn(f"go on with: sage-host run --resume {folder.name}", stderr)
                state = json.loads((folder / "state.json").read_text())
                known = {cell["run_id"] for cell in state["cells"] if cell["state"] == "ok"}
                self.assertLess(len(known), 4)
                before = {name: (self.out / name / "records.jsonl").stat().st_mtime_ns for name in known}
                done = self.host("run", "--resume", folder.name, "--output-dir", self.out)
                self.assertEqual(done.stdout.count("as known before"), len(known))
                for name, at in before.items():
                    self.assertEqual((self.out / name / "records.jsonl").stat().st_mtime_ns, at, "run again")
                self.assertFalse(folder.exists())  # there is nothing left to go on with
                self.error("run", "--resume", folder.name, "--output-dir", self.out, says="nor a search of that id")
                shutil.rmtree(self.out)

    def test_what_cannot_be_resumed_is_refused(self) -> None:
        self.error("run", "--resume", "../x", "--output-dir", self.out, says="nor a search of that id")
        self.error("run", "--resume", "x", "--seed", "7", "--output-dir", self.out, says="the run's own settings hold")

    def test_a_second_signal_stops_at_once(self) -> None:
        # A second of hold for each write, at hundreds of them a second: the backlog takes many minutes to drain.
        process = self.started("--set", "q6.commit_us=1000000", "--drain-timeout", "600", "--timeout", "600")
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)  # two signals within 100 ms count as one
        process.send_signal(signal.SIGINT)
        self.interrupted(process)

    def test_a_killed_host_takes_its_cell_along(self) -> None:
        process = self.started()
        cells = cells_of(process.pid)
        self.assertEqual(len(cells), 1)
        process.kill()
        process.wait(LIMIT_S)
        self.assertTrue(wait_for(lambda: not any(alive(cell) for cell in cells)), cells)
        (folder,) = self.folders()
        read_lines(folder / "records.jsonl")  # every line is complete
        self.assertFalse((folder / "unified_results.jsonl").exists())

    def test_a_cell_killed_from_outside_is_recorded(self) -> None:
        process = self.started()
        (cell,) = cells_of(process.pid)
        os.kill(cell, signal.SIGKILL)
        _, stderr = process.communicate(timeout=LIMIT_S)
        self.assertEqual(process.returncode, 1)
        self.assertIn("SIGKILL", stderr)
        (record,) = self.records()
        self.assertEqual(record["metadata"]["status"], "failed")

    def test_no_scratch_folder_is_left(self) -> None:
        scratch = self.dir / "runtime"
        scratch.mkdir(mode=0o700)
        self.run_quick("q6", "mock", env={"XDG_RUNTIME_DIR": str(scratch)})
        self.assertEqual(list(scratch.iterdir()), [])


if __name__ == "__main__":
    unittest.main()

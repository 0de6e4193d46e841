"""One command at a time works on a run: the second is told who has it, and the death of the first lets go."""
from __future__ import annotations

import pathlib
import unittest

from harness import INTERRUPTED, LIMIT_S, USAGE, Case, Process, alive, cells_of, open_files, wait_for

ENDLESS = ("--duration", "600", "--warmup-items", "0")
PAIR = ("pair", "--workload", "q6", "--backends", "threads,mock", "--set", "mock.clock=real", *ENDLESS)
SEVERAL = ("run", "--workload", "q6", "--backend", "threads", "--repeat", "2", *ENDLESS)
SEARCH = ("run", "--workload", "q4", "--backend", "threads", *ENDLESS)


class Lock(Case):
    def working(self, *args: str, lock: str) -> tuple[Process, pathlib.Path]:
        """A command whose cell runs, and the file by which it has its run."""
        process = self.start(*args, "--output-dir", self.out)

        def begun() -> bool:
            self.assertIsNone(process.poll(), "ended early")
            return bool(cells_of(process.pid)) and any(self.out.glob(lock))

        self.assertTrue(wait_for(begun), "no cell was started")
        (file,) = self.out.glob(lock)
        self.assertEqual(file.read_text(), f"{process.pid}\n")
        return process, file

    def in_turn(self, first: tuple[str, ...], second: tuple[str, ...], lock: str, other: str) -> None:
        """`second` goes on with what `first` does, but with another seed: `other` says that it is refused for that alone."""
        process, file = self.working(*first, lock=lock)
        self.assertIn(str(file.resolve()), open_files(process.pid))
        cells = cells_of(process.pid)
        # Between its fork and its exec a cell has what its supervisor has.
        self.assertTrue(wait_for(lambda: not any(str(file.resolve()) in open_files(cell) for cell in cells)),
                        "a cell holds the lock of its run")
        self.error(*second, "--output-dir", self.out, code=USAGE, says=f"process {process.pid} is at work in {file.parent}")
        self.assertIsNone(process.poll())
        process.kill()
        process.wait(LIMIT_S)
        self.assertTrue(file.exists())
        self.error(*second, "--output-dir", self.out, code=USAGE, says=other)
        self.assertFalse(file.exists())
        self.assertTrue(wait_for(lambda: not any(alive(cell) for cell in cells)), cells)

    def test_a_paired_run(self) -> None:
        self.in_turn((*PAIR, "--run-id", "mine"), (*PAIR, "--resume", "mine", "--seed", "7"), "run_id=mine/.lock",
                     "a run goes on as it began")

    def test_a_search(self) -> None:
        process, file = self.working(*SEARCH, lock="*/.lock")
        process.terminate()
        process.communicate(timeout=LIMIT_S)
        self.assertEqual(process.returncode, INTERRUPTED)
        self.assertFalse(file.exists())
        name = file.parent.name
        self.in_turn((*SEARCH, "--resume", name), (*SEARCH, "--resume", name, "--seed", "7"), f"{name}/.lock",
                     "search with other options")

    def test_several_runs(self) -> None:
        process, file = self.working(*SEVERAL, lock="run-*/.lock")
        process.terminate()
        process.communicate(timeout=LIMIT_S)
        self.assertEqual(process.returncode, INTERRUPTED)
        name = file.parent.name
        self.in_turn((*SEVERAL, "--resume", name), (*SEVERAL, "--resume", name, "--seed", "7"), f"{name}/.lock",
                     "a run goes on as it began")

    def test_the_plan_of_a_run_at_work_can_be_seen(self) -> None:
        self.working(*PAIR, "--run-id", "mine", lock="run_id=mine/.lock")
        done = self.host("pair", "--resume", "mine", "--dry-run", "--output-dir", self.out)
        self.assertIn("nothing was run", done.stdout)


if __name__ == "__main__":
    unittest.main()

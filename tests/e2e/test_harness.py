"""What the other tests see of processes, also of one that ends while it is looked at."""
from __future__ import annotations

import pathlib
import subprocess
import unittest
from unittest import mock

from harness import alive, cells_of, open_files, read_proc, wait_for


class Files(unittest.TestCase):
    def test_each_runs_its_tests_when_it_is_run(self) -> None:
        """Or ctest would find that a file which does nothing has passed."""
        for file in sorted(pathlib.Path(__file__).resolve().parents[1].rglob("test_*.py")):
            with self.subTest(file.name):
                self.assertTrue(file.read_text().endswith('if __name__ == "__main__":\n    unittest.main()\n'))


class Processes(unittest.TestCase):
    def test_one_that_runs_and_has_ended(self) -> None:
        with subprocess.Popen(["sh", "-c", "sleep 60 & read line; kill $!"], stdin=subprocess.PIPE) as process:
            self.assertTrue(alive(process.pid))
            self.assertTrue(any(name.startswith("pipe:") for name in open_files(process.pid)))
            self.assertTrue(wait_for(lambda: "sleep 60" in read_proc(process.pid, "cmdline")))  # it is in exec until then
            process.communicate(b"\n", 10)
        self.assertEqual((alive(process.pid), open_files(process.pid), cells_of(process.pid), read_proc(process.pid, "cmdline")),
                         (False, [], [], ""))

    def test_one_that_ends_between_opening_and_reading(self) -> None:
        with mock.patch.object(pathlib.Path, "read_bytes", side_effect=ProcessLookupError):
            self.assertEqual((alive(1), cells_of(1), read_proc(1, "cmdline")), (False, [], ""))


if __name__ == "__main__":
    unittest.main()

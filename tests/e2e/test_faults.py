"""A minute of the killer (killer.py): other faults than those that somebody thought of."""
from __future__ import annotations

import contextlib
import io
import os
import unittest

import killer


@unittest.skipIf(os.environ.get("SAGE_SANITIZE"), "calls of the sanitizers would fail as well")
class Faults(unittest.TestCase):
    def hit(self, backend: str, what: str, count: int) -> None:
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            failures = killer.main(["--backend", backend, "--what", what, "--count", str(count), "--limit-s", "40"])
        self.assertEqual(failures, 0, told.getvalue())

    def test_runs(self) -> None:
        self.hit("mock", "run", 40)

    def test_runs_in_real_time(self) -> None:
        self.hit("threads", "run", 20)

    def test_a_pair(self) -> None:
        self.hit("mock", "pair", 4)

    def test_an_experiment(self) -> None:
        self.hit("mock", "experiment", 4)

    def test_a_search(self) -> None:
        self.hit("mock", "search", 4)


if __name__ == "__main__":
    unittest.main()

"""A plugin that does not return from `submit` is killed after half a minute, which is what this takes."""
from __future__ import annotations

import unittest

from harness import BROKEN, FAILED, Case


class Hang(Case):
    def test_hang_in_submit(self) -> None:
        done = self.host("run", "--workload", "q1", "-b", "hangs_in_submit", "--plugin-path", BROKEN / "hangs_in_submit",
                         "--output-dir", self.out, "--quick", code=FAILED)
        self.assertIn("backend.submit of 'hangs_in_submit' did not return in time; killed", done.stderr)
        self.assertEqual(self.records()[0]["metadata"]["status"], "failed")


if __name__ == "__main__":
    unittest.main()

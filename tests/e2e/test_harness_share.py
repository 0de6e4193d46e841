"""What the harness itself used of the CPU, in the records of real runs: on a backend in the host's process, and on one behind
the bridge. How much that is depends on the machine; here it is whether it is told, and agrees with itself."""
from __future__ import annotations

import json
import os
import pathlib
import sys
import unittest

from harness import Case, Json

HERE = pathlib.Path(__file__).resolve().parent
LONG = ("--duration", "3")


class HarnessShare(Case):
    def share(self, *args: str, env: dict[str, str] | None = None) -> tuple[str, Json]:
        done = self.host("run", "--workload", "q6", "--quick", "--output-dir", self.out, *args, env=env)
        record, = self.records()
        share: Json = record["metadata"]["harness_share"]
        return done.stdout, share

    def bridged(self, **says: bool) -> tuple[str, Json]:
        """On the backend `sage` with a runtime of the tests' own in the place of SAGE's."""
        python = self.write("python", f'#!/bin/sh\nexec "{sys.executable}" "$1" "$2" "$3" "$4" driver_runtime\n')
        python.chmod(0o755)
        return self.share("-b", "sage", *LONG, "--set", f"sage.python={python}",
                          env={"PYTHONPATH": str(HERE), "DRIVER_SAYS": json.dumps(says)})

    def spin_guard_us(self) -> float:
        record, = self.records()
        guard: float = record["metadata"]["notes"]["timer"]["spin_guard_us"]
        return guard

    def assert_adds_up(self, share: Json, text: str) -> None:
        self.assertIsNone(share["reason"])
        self.assertGreater(share["window_s"], 1)
        self.assertGreater(share["requests"], 0)
        for part in ("host", "driver", "runtime"):
            self.assertAlmostEqual(share[f"{part}_cpu_us_per_request"] * share["requests"], share[f"{part}_cpu_s"] * 1e6, 0)
        own = share["host_cpu_s"] + share["driver_cpu_s"]
        self.assertAlmostEqual(share["share"], own / (own + share["runtime_cpu_s"] + (share["operators_in_driver_cpu_s"] or 0)))
        self.assertEqual(share["limited_by_driver"], share["driver_core_share"] > 0.9)
        self.assertEqual(share["limit"] is not None, share["limited_by_driver"])
        self.assertEqual("\nlimited by its driver: " in text, share["limited_by_driver"])

    def test_a_backend_in_the_hosts_process_has_no_driver(self) -> None:
        text, share = self.share("-b", "threads", *LONG)
        self.assertGreater(share["host_cpu_s"], 0)
        self.assertGreater(share["host_cpu_us_per_request"], 0)
        for name in ("driver_cpu_s", "operators_in_driver_cpu_s", "share", "driver_busiest_thread", "driver_core_share"):
            self.assertIsNone(share[name], name)
        self.assertFalse(share["limited_by_driver"])
        self.assertIn("no driver", share["reason"])
        self.assertGreater(self.spin_guard_us(), 0)
        self.assertNotIn("limited by", text)

    @unittest.skipIf(os.environ.get("SAGE_SANITIZE"), "Python cannot load a library that was built with a sanitizer")
    def test_a_driver_is_told_from_the_operators_that_it_executes(self) -> None:
        text, share = self.bridged(operators_in_driver=True)
        self.assert_adds_up(share, text)
        self.assertEqual(self.spin_guard_us(), 0)  # the runtime may need the core that spinning would take
        self.assertGreater(share["host_cpu_s"], 0)
        self.assertGreater(share["driver_cpu_s"], 0)
        self.assertGreater(share["operators_in_driver_cpu_s"], 0)
        self.assertAlmostEqual(share["driver_core_share"], share["driver_cpu_s"] / share["window_s"])

    @unittest.skipIf(os.environ.get("SAGE_SANITIZE"), "Python cannot load a library that was built with a sanitizer")
    def test_of_other_drivers_the_busiest_thread_counts(self) -> None:
        text, share = self.bridged()
        self.assert_adds_up(share, text)
        self.assertIsNone(share["operators_in_driver_cpu_s"])
        self.assertGreater(share["driver_busiest_thread"], 0)
        self.assertEqual(share["driver_core_share"], share["driver_busiest_thread"])

    def test_simulated_time_says_why_there_is_nothing(self) -> None:
        _, share = self.share("-b", "mock", *LONG)
        self.assertIn("simulated time", share["reason"])
        self.assertEqual({value for name, value in share.items() if name not in ("reason", "limited_by_driver")}, {None})

    def test_a_short_window_says_that_it_is(self) -> None:
        _, share = self.share("-b", "threads", "--duration", "0.5")
        self.assertIn("too short", share["reason"])
        self.assertIsNone(share["host_cpu_s"])


if __name__ == "__main__":
    unittest.main()

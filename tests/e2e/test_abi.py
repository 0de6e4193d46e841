"""The plugin contract: plugins as they were written for ABI 1.0 run, and each way to break a rule is told."""
from __future__ import annotations

import unittest
from typing import Any

from harness import BROKEN, BUILD, FAILED, INVALID, PLUGINS, USAGE, Case, Json

FROZEN = BUILD / "tests" / "abi" / "1.0"


class Frozen(Case):
    def test_backend_and_workload_of_abi_1_0_run_together(self) -> None:
        done = self.host("run", "--workload", "abi_1_0_work", "-b", "abi_1_0", "--plugin-path", FROZEN, "--label", "a \"label\"",
                         "--warmup-items", "0", "--output-dir", self.out)
        self.assertIn("backend of ABI 1.0 opens", done.stderr)
        record = self.record()
        parity = record["output_parity"]
        # a request of 97 is refused on purpose
        self.assertEqual((parity["equal"], parity["checked"]), (990, 990))
        ledger = record["ledger"]
        self.assertEqual((ledger["outcomes"]["ok"], ledger["outcomes"]["rejected"], ledger["wrong"]), (990, 10, 0))
        self.assertEqual((ledger["results_left_out"], ledger["bad_stamps"], ledger["unknown"]), (0, 0, 0))
        self.assertEqual(record["failures"], [{"text": "refused on purpose (code 429)", "count": 10}])
        self.assertEqual(record["report"], {"released": 1000, "kept": 0, "streamed": 990})
        self.assertEqual([phase["phase"] for phase in record["metrics"]["phases"]], ["run", "second half"])
        self.assertIn('a \"label\"', next(self.out.glob("*/run.log")).read_text())

    def test_they_run_with_the_plugins_of_today(self) -> None:
        for workload, backend in (("abi_1_0_work", "threads"), ("abi_1_0_work", "mock"), ("q1", "abi_1_0"), ("q6", "abi_1_0")):
            with self.subTest(workload=workload, backend=backend):
                executes = ("--set", "mock.operators=true") if backend == "mock" else ()
                self.host("run", "--workload", workload, "-b", backend, "--plugin-path", FROZEN, "--quick", *executes,
                          "--output-dir", self.dir / f"{workload}-{backend}")

    def record(self) -> Json:
        (record,) = self.records()
        metadata: Json = record["metadata"]
        return metadata


class Rules(Case):
    def broken(self, name: str, *more: object, code: int, **kwargs: Any) -> str:
        done = self.host("run", "--workload", "q6", "-b", name, "--plugin-path", BROKEN / name, "--output-dir", self.out,
                         "--total-requests", "100", "--warmup-items", "0", "--rate", "500", *more, code=code, **kwargs)
        return done.stderr

    def test_values_that_the_abi_does_not_define(self) -> None:
        said = self.broken("unknown_values", code=INVALID)
        self.assertIn("backend unknown_values gave 100 outcomes with a status or a flag that the plugin ABI does not define", said)
        (record,) = self.records()
        self.assertEqual(record["metadata"]["ledger"]["unknown"], 100)

    def test_a_newer_header_than_the_manifest_says(self) -> None:
        self.assertIn('it was built against plugin ABI 1.1, and its manifest says abi = "1.0"', self.broken("newer_header", code=USAGE))

    def test_an_extension_that_the_host_does_not_have(self) -> None:
        said = self.broken("requires_unknown", code=USAGE)
        self.assertIn("requires extension 'org.example.none/1' of the host, which has sage.metadata/1, sage.error/1; update sage-host",
                      said)

    def test_open_has_its_time_and_gets_it_again_while_it_says_that_it_is_alive(self) -> None:
        said = self.broken("opens_slowly", "--open-timeout", "1", code=FAILED)
        self.assertIn("backend.open", said)
        self.assertIn("give it longer with --open-timeout", said)
        said = self.broken("opens_slowly", "--open-timeout", "1", "--set", "opens_slowly.tells=true", code=0)
        self.assertIn("sage-host: still opening", said)
        # ten times at most
        said = self.broken("opens_slowly", "--open-timeout", "1", "--set", "opens_slowly.tells=true", "--set",
                           "opens_slowly.seconds=60", code=FAILED)
        self.assertIn("give it longer with --open-timeout", said)

    def test_results_without_digests(self) -> None:
        run = ("run", "--workload", "no_digest", "-b", "threads", "--plugin-path", BROKEN / "no_digest", "--output-dir", self.out)
        said = self.host(*run, code=FAILED).stderr
        self.assertIn("gave no digest, or failed, for 300 of 300 requests in a serial execution", said)
        said = self.host(*run, "--set", "no_digest.says=true").stdout
        self.assertIn("output parity: not checked: the results of pipeline 'only' are no function of seed and request, says the "
                      "workload", said)


class Cancellation(Case):
    def test_what_nobody_waits_for_is_not_executed(self) -> None:
        """Twice what one worker can do, each request of 20 ms with a limit of 200 ms: those that come too late are left out,
        so the worker has time for others."""
        self.host("run", "--workload", "timeline", "-b", "threads", "--plugin-path", PLUGINS / "kit", "--set",
                  "timeline.chain=1", "--set", "timeline.hold_us=20000", "--parallelism", "1", "--rate", "100", "--arrival", "constant",
                  "--timeout", "0.2", "--total-requests", "300", "--warmup-items", "0", "--output-dir", self.out, code=None)
        (record,) = self.records()
        ledger = record["metadata"]["ledger"]
        self.assertGreater(ledger["outcomes"]["timeout"], 50)
        self.assertGreater(ledger["late"], 50)  # their ends still come, once each
        (node,) = record["metadata"]["nodes"]
        self.assertLess(node["busy_s"], 4.5)  # all of them take 6 s


if __name__ == "__main__":
    unittest.main()

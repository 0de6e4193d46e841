"""Broken plugins: each costs one cell, which is recorded with its reason, and never the host."""
from __future__ import annotations

import os
import resource
import subprocess
import unittest
from typing import Any

from harness import BROKEN, FAILED, HOST, INVALID, LIMIT_S, OK, UNAVAILABLE, Case, Done, Json, environment, read_lines


class BrokenBackends(Case):
    def run_broken(self, name: str, *more: str, code: int | None, workload: str = "q1") -> Done:
        # A corpus of 4000 documents takes a sanitizer longer to index than the parity check may take.
        small = ("--documents", "200") if workload == "q1" else ()
        done = self.host("run", "--workload", workload, "-b", name, "--plugin-path", BROKEN / name, "--output-dir",
                         self.out, "--total-requests", "200", "--warmup-items", "10", "--rate", "400", *small, *more, code=code)
        self.assertNotIn("Traceback", done.stderr)
        return done

    def failed(self, name: str, *reasons: str, counted: bool = False, **kwargs: Any) -> Json:
        """Runs, and checks that the failure is told and recorded. `counted`: the load was over by then."""
        done = self.run_broken(name, code=FAILED, **kwargs)
        records = self.records()
        self.assertEqual(len(records), 1)
        record = records[0]
        metadata = record["metadata"]
        self.assertEqual((metadata["status"], record["throughput"] is not None), ("failed", counted))
        for reason in reasons:
            self.assertIn(reason, done.stderr)
            self.assertIn(reason, str(metadata))
        stream = self.folders()[0] / "records.jsonl"
        if stream.exists():
            last = read_lines(stream)[-1]
            self.assertEqual((last["type"], last["status"]), ("summary", "failed"))
        return record

    def test_crash(self) -> None:
        self.failed("crashes_in_submit", "SIGSEGV", "backend.submit of 'crashes_in_submit'")

    def test_exit(self) -> None:
        self.failed("exits_in_submit", "exited with code 3", "backend.submit")

    def test_exception(self) -> None:
        for where in ("create", "open", "open, raw", "submit", "drain", "close"):
            with self.subTest(where=where):
                done = self.run_broken("throws", "--where", where, code=FAILED)
                (line,) = [line for line in done.stderr.splitlines() if line.startswith("sage-host:")]
                self.assertIn(f"thrown on purpose in {where}", line)
        self.assertIn("backend.open of 'throws' let an exception out, which no plugin may", str(self.records()))
        self.assertEqual({r["metadata"]["status"] for r in self.records()}, {"failed"})

    def test_what_a_backend_needs_is_not_installed(self) -> None:
        done = self.run_broken("refuses", code=UNAVAILABLE)
        self.assertEqual(done.stderr, "sage-host: backend refuses: the imaginary runtime is not installed; "
                                      "apt install imaginary\n")
        self.assertEqual(self.folders(), [])

    def test_double_completion_makes_the_run_invalid(self) -> None:
        self.run_broken("completes_twice", code=INVALID)
        self.assertEqual(self.records()[0]["metadata"]["status"], "invalid")

    def test_completion_of_an_unknown_request_makes_the_run_invalid(self) -> None:
        self.run_broken("completes_unknown", code=INVALID)

    def test_impossible_time_stamps_make_the_run_invalid(self) -> None:
        done = self.run_broken("stamps_wrongly", code=INVALID)
        self.assertIn("backend stamps_wrongly gave 210 impossible times of ends, begins and chunks for 210 requests",
                      done.stderr)
        self.assertIn("210 impossible time stamps corrected", done.stdout)
        metadata = self.records()[0]["metadata"]
        self.assertEqual((metadata["status"], metadata["ledger"]["bad_stamps"]), ("invalid", 210))
        self.assertEqual(metadata["metrics"]["total"]["bad_stamps"], 210)

    def test_impossible_spans_make_the_run_invalid(self) -> None:
        done = self.run_broken("spans_wrongly", code=INVALID)
        self.assertIn("backend spans_wrongly told 840 impossible spans for 210 requests", done.stderr)
        self.assertIn("840 impossible spans left out; 210 late chunks", done.stdout)
        metadata = self.records()[0]["metadata"]
        self.assertEqual((metadata["ledger"]["bad_spans"], metadata["ledger"]["late_chunks"]), (840, 210))
        self.assertEqual(metadata["metrics"]["total"]["bad_spans"], 840)
        self.assertEqual({stage["executions"] for stage in metadata["metrics"]["stages"]}, {0})
        self.host("report", self.out, "--html", self.dir / "page.html")
        self.assertIn("840 bad spans", (self.dir / "page.html").read_text())

    def test_results_without_their_digests_fail_output_parity(self) -> None:
        for what, missing in (("nothing", 0), ("some_digests", 21), ("digest", 210)):
            with self.subTest(what=what):
                done = self.run_broken("damages_results", "--what", what, code=FAILED if missing else OK)
                parity = self.newest()["output_parity"]
                self.assertEqual((parity["checked"], parity["equal"], parity["missing"]), (210, 210 - missing, missing))
                if missing:
                    self.assertIn(f"{missing} of 210 results differ from those of a serial execution", done.stderr)
                    self.assertIn(f"{missing} without the digest that there should be", done.stdout)

    def newest(self) -> Json:
        metadata: Json = max(self.records(), key=lambda r: str(r["run_id"]))["metadata"]
        return metadata

    def test_a_backend_that_executes_nothing_says_so(self) -> None:
        done = self.run_broken("completes_after_close", "--timeout", "1", "--drain-timeout", "1", code=None)
        self.assertIn("output parity: not checked: nothing is executed", done.stdout)
        self.assertEqual(self.newest()["output_parity"]["reason"], "nothing is executed")

    def test_changed_bytes_under_an_unchanged_digest_are_wrong(self) -> None:
        done = self.run_broken("damages_results", "--what", "bytes", code=FAILED)
        self.assertIn("the workload's check refused the results (1 requests wrong)", done.stderr)

    def test_a_drain_that_comes_too_early_is_shown(self) -> None:
        self.run_broken("damages_results", "--what", "drain", "--parity-check", "0", code=None)
        early = self.newest()["early_drain"]
        self.assertEqual(early["outstanding"], 10)
        self.assertGreater(early["waited_s"], 0.04)

    def test_a_submit_that_blocks_is_shown(self) -> None:
        done = self.run_broken("damages_results", "--what", "submit", code=None)
        submit = self.newest()["submit"]
        self.assertGreaterEqual(submit["blocking"], 1)
        self.assertGreaterEqual(submit["longest_ms"], 5)
        self.assertGreater(submit["longest_at_s"], 0)
        self.assertIn("of submit blocked, for", done.stdout)

    def test_completion_after_close_is_survived(self) -> None:
        self.run_broken("completes_after_close", "--timeout", "1", "--drain-timeout", "1", code=None)
        self.assertIn(self.records()[0]["metadata"]["status"], ("ok", "invalid"))

    def test_requests_that_never_complete_time_out(self) -> None:
        self.run_broken("never_completes", "--timeout", "1", "--drain-timeout", "2", code=FAILED)
        self.assertEqual(self.records()[0]["success_rate"], 0)

    def test_hang_in_drain(self) -> None:
        self.failed("hangs_in_drain", "backend.drain of 'hangs_in_drain' did not return in time", counted=True)

    def test_the_other_cells_still_run(self) -> None:
        self.host("run", "--workload", "q1", "-b", "crashes_in_submit", "--plugin-path", BROKEN / "crashes_in_submit",
                  "--output-dir", self.out, "--quick", "--repeat", "2", code=FAILED)
        self.assertEqual(len(self.records()), 2)


class Exhausted(Case):
    def test_more_threads_than_the_host_takes_results_from(self) -> None:
        self.error("run", "--workload", "q6", "-b", "threads", "--quick", "--parallelism", "65536", "--output-dir", self.out,
                   says=("threads, and the host takes results from", "lower --parallelism"))
        self.assertFalse(self.out.exists())

    @unittest.skipIf(os.environ.get("SAGE_SANITIZE"), "sanitizers need more memory than that")
    def test_threads_that_cannot_be_started(self) -> None:
        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))

        done = self.run_quick("q6", "threads", "--total-requests", "100", "--parallelism", "1000", code=FAILED, preexec_fn=limit)
        self.assertNotIn("terminate called", done.stderr)
        self.assertIn("cannot be started: Resource temporarily unavailable; lower --parallelism", done.stderr)


class Output(Case):
    def test_a_disk_that_fills_up_during_the_run(self) -> None:
        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

        done = self.run_quick("q6", "mock", "--request-log", "jsonl", code=FAILED, preexec_fn=limit)
        self.assertIn("records.jsonl: cannot be written", done.stderr)
        (record,) = self.records()
        self.assertEqual(record["metadata"]["status"], "failed")
        read_lines(self.folders()[0] / "records.jsonl")  # whole lines only

    @unittest.skipIf(os.environ.get("SAGE_SANITIZE") == "thread",
                     "ThreadSanitizer's own start-up needs files of more than 0 bytes")
    def test_a_disk_that_takes_nothing(self) -> None:
        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

        self.error("run", "--workload", "q6", "-b", "mock", "--quick", "--output-dir", self.out, code=FAILED,
                   says=(str(self.out), "--output-dir"), preexec_fn=limit)
        self.assertFalse(self.out.exists())

    def test_a_reader_that_goes_away(self) -> None:
        process = subprocess.Popen([HOST, "run", "--workload", "q6", "-b", "mock", "--quick", "--output-dir", self.out],
                                   env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout
        process.stdout.close()
        process.stdout = None  # or communicate would read it
        process.communicate(timeout=LIMIT_S)
        (record,) = self.records()
        self.assertEqual(record["metadata"]["status"], "ok")


if __name__ == "__main__":
    unittest.main()

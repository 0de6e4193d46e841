"""What is left of a run that a plugin, the disk or a kill ended: never less than was written, and never two truths."""
from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import unittest

from harness import BROKEN, FAILED, HOST, LIMIT_S, OK, Case, Json, environment, read_lines, wait_for


class DiesLate(Case):
    """A plugin takes the process along after the work was done."""

    def run_dying(self, where: str, how: str = "crash") -> tuple[Json, str]:
        done = self.host("run", "--workload", "q6", "-b", "dies_late", "--plugin-path", BROKEN / "dies_late", "--where",
                         where, "--how", how, "--total-requests", "200", "--warmup-items", "10", "--rate", "400",
                         "--output-dir", self.out, code=FAILED)
        (record,) = read_lines(self.folders()[-1] / "unified_results.jsonl")
        return record, done.stderr

    def check_whole(self, record: Json, reason: str) -> None:
        folder = self.folders()[-1]
        metadata = record["metadata"]
        self.assertEqual((metadata["status"], metadata["reasons"][0]), ("failed", metadata["reason"]))
        self.assertIn(reason, metadata["reason"])
        self.assertEqual((metadata["ledger"]["offered"], metadata["ledger"]["outcomes"]["ok"]), (210, 210))
        self.assertGreater(metadata["metrics"]["total"]["latency_p50"], 0)
        self.assertRegex(record["timestamp"], r"^\d{4}-\d\d-\d\dT")
        summaries = [line for line in read_lines(folder / "records.jsonl") if line["type"] == "summary"]
        self.assertEqual([(s["status"], s["ledger"]) for s in summaries], [("failed", metadata["ledger"])])
        self.assertFalse((folder / "checkpoint.json").exists())
        self.assertEqual(json.loads((folder / "repro_manifest.json").read_text())["parity_plan"]["seed"], 42)

    def test_crash(self) -> None:
        for where in ("drain", "close", "destroy"):
            with self.subTest(where=where):
                record, told = self.run_dying(where)
                self.check_whole(record, f"SIGSEGV in backend.{where} of 'dies_late'")
                self.assertIn("recorded in", told)
                shutil.rmtree(self.out)

    def test_exit(self) -> None:
        record, _ = self.run_dying("close", "exit")
        self.check_whole(record, "the process exited with code 0 in backend.close")

    def test_what_is_left_is_verified_and_run_again(self) -> None:
        self.run_dying("close")
        self.assertIn(", 0 failed", self.host("verify", self.out).stdout)
        again = self.host("rerun", self.folders()[0], "--plugin-path", BROKEN / "dies_late", "--output-dir",
                          self.dir / "again", code=None)
        self.assertRegex(again.stdout, "same +config_hash")


class Killed(Case):
    def test_a_run_whose_host_was_killed_is_told_of_and_run_again(self) -> None:
        process = self.start("run", "--workload", "q6", "-b", "threads", "--rate", "50", "--duration", "60",
                             "--output-dir", self.out)
        self.assertTrue(wait_for(lambda: any('"interval"' in f.read_text() for f in self.out.glob("*/records.jsonl"))))
        process.kill()
        process.wait()
        (folder,) = self.folders()
        found = self.host("verify", self.out, code=FAILED).stdout
        self.assertRegex(found, "FAILED +unified_results.jsonl +is not there: .* the run was killed before its end")
        self.assertRegex(found, r"FAILED +records.jsonl +.*ends without a summary: the run was killed.* go up to \d")
        again = self.start("rerun", folder, "--output-dir", self.dir / "again")
        self.assertTrue(wait_for(lambda: any((self.dir / "again").glob("*/records.jsonl"))))
        again.send_signal(signal.SIGINT)
        again.wait()


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("mount"), "needs root for a small file system")
class FullDisk(Case):
    def test_what_was_streamed_until_the_disk_was_full_stays(self) -> None:
        tiny = self.dir / "tiny"
        tiny.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1000k", "tmpfs", tiny], check=False).returncode != 0:
            self.skipTest("mounts are not permitted here")
        try:
            done = self.host("run", "--workload", "q6", "-b", "mock", "--total-requests", "20000", "--request-log", "jsonl",
                             "--parity-check", "0", "--output-dir", tiny / "r", code=FAILED)
            self.assertIn("records.jsonl: cannot be written: No space left on device", done.stderr)
            (stream,) = tiny.glob("r/*/records.jsonl")
            self.assertIn(str(stream.parent), done.stderr)
            self.assertGreater(len(read_lines(stream)), 1000)
        finally:
            subprocess.run(["umount", tiny], check=True)


@unittest.skipUnless(shutil.which("strace"), "needs strace")
class FailingCalls(Case):
    """A system call fails where the final files are written; strace counts the calls of each process for itself."""

    def run_failing(self, inject: str, *more: str) -> tuple[Json, list[Json]]:
        trace = self.dir / "trace"
        done = subprocess.run(["strace", "-f", "-qq", "-e", f"trace={inject.split(':')[0]}", "-e", f"inject={inject}", "-o", trace,
                               HOST, "run", "--workload", "q6", "-b", "mock", "--quick", "--output-dir", self.out, *more],
                              env=environment(), text=True, capture_output=True, timeout=LIMIT_S, check=False)
        if "ptrace" in done.stderr or not trace.exists():
            self.skipTest("processes may not be traced here")
        self.assertIn("INJECTED", trace.read_text())
        self.assertEqual(done.returncode, FAILED, done.stderr)
        (folder,) = self.folders()
        self.assertEqual(list(folder.glob(".sage-host-*")), [])
        (record,) = read_lines(folder / "unified_results.jsonl")
        return record, [line for line in read_lines(folder / "records.jsonl") if line["type"] == "summary"]

    def test_a_run_that_cannot_be_sealed_is_no_result(self) -> None:
        record, (summary,) = self.run_failing("rename:error=EIO:when=1")  # the command's first, and its last if all is well
        self.assertEqual((record["metadata"]["status"], summary["status"]), ("failed", "failed"))
        self.assertIn("repro_manifest.json: cannot be written: Input/output error", record["metadata"]["reason"])
        self.assertGreater(record["metadata"]["ledger"]["outcomes"]["ok"], 0)
        self.assertIn(", 0 failed", self.host("verify", self.out).stdout)

    def test_a_record_without_its_csv_has_its_summary(self) -> None:
        # The cell has its stream, then fails; the command writes the record of that, and then it fails as well.
        record, (summary,) = self.run_failing("rename:error=ENOSPC:when=3+", "--repeat", "2")
        self.assertFalse((self.folders()[0] / "unified_results.csv").exists())
        self.assertEqual((record["metadata"]["status"], summary["status"]), ("failed", "failed"))
        self.assertEqual(summary["ledger"], record["metadata"]["ledger"])


def syncs_and_renames(trace: str) -> list[tuple[str, str, str]]:
    """(call, file, new name) of the trace, names without their folders' random parts."""
    calls = []
    for line in trace.splitlines():
        if sync := re.search(r"\b(fsync|fdatasync)\(\d+<([^>]*)>(\)\s+= 0| <unfinished)", line):
            calls.append(("sync", sync[2], ""))
        elif rename := re.search(r'\brename\("([^"]*)", "([^"]*)"(\)\s+= 0| <unfinished)', line):
            calls.append(("rename", rename[1], rename[2]))
    return calls


@unittest.skipUnless(shutil.which("strace"), "needs strace")
class PowerCut(Case):
    def calls(self, *args: object, code: int | None = OK) -> list[tuple[str, str, str]]:
        trace = self.dir / "trace"
        done = subprocess.run(["strace", "-f", "-y", "-qq", "-e", "trace=fsync,fdatasync,rename", "-o", trace, HOST, *map(str, args)],
                              cwd=self.dir, env=environment(), text=True, capture_output=True, timeout=120, check=False)
        if "ptrace" in done.stderr or not trace.exists():
            self.skipTest("processes may not be traced here")
        if code is not None:
            self.assertEqual(done.returncode, code, done.stderr)
        return syncs_and_renames(trace.read_text())

    def test_each_file_is_on_the_disk_before_its_name_and_its_name_before_the_run_is_ok(self) -> None:
        calls = self.calls("run", "--workload", "q6", "-b", "mock", "--quick", "--request-log", "binary", "--output-dir", self.out)
        (folder,) = self.folders()
        for i, (call, before, after) in enumerate(calls):
            if call != "rename":
                continue
            self.assertIn(("sync", before, ""), calls[:i], after)
            self.assertIn(("sync", str(pathlib.Path(after).parent), ""), calls[i + 1:], after)
        renamed = {pathlib.Path(after).name for call, _, after in calls if call == "rename"}
        self.assertLessEqual({"unified_results.jsonl", "unified_results.csv", "latency.hlog", "repro_manifest.json"}, renamed)
        synced = [name for call, name, _ in calls if call == "sync"]
        for name in ("records.jsonl", "requests.bin", "run.log"):
            self.assertIn(str(folder / name), synced)
        self.assertIn(str(self.out), synced)  # the folder's own name
        self.assertIn(str(self.dir), synced)  # and that of the folder that was made for it

    def test_a_cell_of_a_pair_is_there_before_the_state_says_so(self) -> None:
        calls = self.calls("pair", "--workload", "q6", "--backends", "threads,mock", "--repeat", "1", "--quick", "--run-id", "p",
                           "--output-dir", self.out, code=None)
        moved = [i for i, (call, _, after) in enumerate(calls) if call == "rename" and "/cells/" in after
                 and pathlib.Path(after).parent.name == "cells"]
        self.assertEqual(len(moved), 2)
        for i in moved:
            cells = str(pathlib.Path(calls[i][2]).parent)
            state = next(k for k in range(i, len(calls)) if calls[k][2].endswith("/state.json"))
            self.assertIn(("sync", cells, ""), calls[i + 1:state])

    def test_the_stream_is_brought_to_the_disk_while_the_run_goes_on(self) -> None:
        calls = self.calls("run", "--workload", "q6", "-b", "threads", "--rate", "20", "--duration", "3", "--warmup-items", "0",
                           "--output-dir", self.out, code=None)
        stream = [i for i, (_, name, _) in enumerate(calls) if name.endswith("/records.jsonl")]
        self.assertGreaterEqual(len(stream), 3)


if __name__ == "__main__":
    unittest.main()

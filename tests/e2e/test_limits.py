"""No wait without a limit, and no resource that runs out in silence: hung plugins, runs without an end, special files, descriptors."""
from __future__ import annotations

import os
import resource
import signal
import time
import unittest

from harness import BROKEN, FAILED, INVALID, OK, USAGE, Case, Json, cells_of, lines_so_far, read_lines, wait_for


class Time(Case):
    def test_a_load_that_does_not_end_is_ended_and_invalid(self) -> None:
        done = self.run_quick("q6", "threads", "--duration", "600", "--max-duration", "1", "--parity-check", "0", code=INVALID)
        self.assertIn("the load did not end within 1 s (--max-duration) and was ended", done.stderr)
        (record,) = self.records()
        self.assertEqual(record["metadata"]["status"], "invalid")
        self.assertGreater(record["metadata"]["ledger"]["offered"], 0)
        self.assertTrue(record["metadata"]["ledger"]["balanced"])
        self.host("verify", self.folders()[0])
        manifest = self.folders()[0] / "repro_manifest.json"
        self.assertIn('"max_duration": 1', manifest.read_text())

    def test_simulated_time_has_a_limit_on_the_wall(self) -> None:
        done = self.run_quick("q6", "mock", "--duration", "1e7", "--rate", "1e5", "--max-duration", "1", code=INVALID)
        self.assertIn("--max-duration", done.stderr)

    def test_a_plugin_that_hangs_in_open_is_killed_after_its_time(self) -> None:
        done = self.host("run", "--workload", "q1", "-b", "dies_late", "--plugin-path", BROKEN / "dies_late", "--where", "open",
                         "--how", "hang", "--open-timeout", "1", "--output-dir", self.out, code=FAILED)
        self.assertIn("backend.open of 'dies_late' did not return in time; killed after 1 s; give it longer with --open-timeout",
                      done.stderr)
        self.assertEqual(self.records()[0]["metadata"]["place"], "backend.open of 'dies_late'")

    def test_a_stopped_host_is_found_whatever_the_percentiles_say(self) -> None:
        process = self.start("run", "--workload", "q6", "-b", "mock", "--set", "mock.clock=real", "--rate", "500", "--duration", "4",
                             "--warmup-items", "0", "--interval", "0.1", "--output-dir", self.out)

        def under_way() -> bool:
            return any(line["type"] == "interval" and line["outcomes"]["ok"] > 0
                       for file in self.out.glob("*/records.jsonl") for line in lines_so_far(file))

        self.assertTrue(wait_for(under_way))
        (cell,) = cells_of(process.pid)
        os.kill(cell, signal.SIGSTOP)
        time.sleep(0.3)  # what is to be found
        os.kill(cell, signal.SIGCONT)
        stdout, _ = process.communicate(timeout=60)
        noise: Json = self.records()[0]["metadata"]["noise"]
        self.assertTrue(noise["noisy"])
        self.assertGreaterEqual(noise["gaps"]["longest_s"], 0.25)
        self.assertRegex(noise["reasons"][0], r"the host itself did not run for 0\.\d+ s until ")
        self.assertIn("noisy: the host itself did not run for", stdout)
        intervals = [line for line in read_lines(self.folders()[0] / "records.jsonl") if line["type"] == "interval"]
        self.assertTrue(any(line["noisy"] for line in intervals))
        self.host("report", self.out, "--html", self.dir / "page.html")
        self.assertIn("the host itself did not run for", (self.dir / "page.html").read_text())


class SpecialFiles(Case):
    def pipe(self, name: str = "pipe") -> str:
        os.mkfifo(self.dir / name)
        return str(self.dir / name)

    def test_a_pipe_or_a_device_as_input_is_not_waited_for(self) -> None:
        self.run_quick("q6", "mock")
        (folder,) = self.folders()
        pipe = self.pipe()
        for endless in (pipe, "/dev/zero"):
            for args in (("run", "--workload", "q1", "-b", "mock", "--trace", endless), ("run", "--workload", "q1", "-b", "mock",
                                                                                        "--config", endless),
                         ("compare", endless), ("report", endless, "--html", "page.html"), ("rerun", endless), ("verify", endless),
                         ("plugin", "check", endless)):
                with self.subTest(args=args):
                    self.assertIn(self.host(*args, code=None, limit_s=30).returncode, (FAILED, USAGE))
        for name in ("unified_results.jsonl", "latency.hlog", "records.jsonl", "repro_manifest.json", "run.log", "requests.bin"):
            file = folder / name
            kept = file.rename(file.with_suffix(".kept")) if file.exists() else None
            os.mkfifo(file)
            outputs = ("--html", "page.html", "--latex", "tex", "--hlog", "all.hlog")
            for command, *more in (("verify",), ("compare",), ("report", *outputs)):
                with self.subTest(name=name, command=command):
                    self.host(command, folder, *more, code=None, limit_s=30)
            file.unlink()
            if kept:
                kept.rename(file)

    def test_a_pipe_as_library_or_manifest(self) -> None:
        folder = self.dir / "plugins"
        folder.mkdir()
        text = (BROKEN / "throws" / "throws.toml").read_text()
        (folder / "throws.toml").write_text(text)
        os.mkfifo(folder / "libsage_test_throws.so")
        done = self.host("list", "--all", "--plugin-path", folder)
        self.assertRegex(done.stdout, r"throws.*broken.*is no regular file; build or install the plugin again")
        self.host("plugin", "check", folder / "throws.toml", code=FAILED, limit_s=30)
        os.mkfifo(folder / "pipe.toml")
        self.host("list", "--all", "--plugin-path", folder, limit_s=30)


@unittest.skipIf(os.environ.get("SAGE_SANITIZE"), "sanitizers need descriptors and memory of their own")
class Resources(Case):
    def test_a_plugin_that_takes_every_descriptor(self) -> None:
        for where in ("create", "open", "submit"):
            with self.subTest(where=where):
                done = self.host("run", "--workload", "q1", "-b", "leaks_descriptors", "--plugin-path", BROKEN / "leaks_descriptors",
                                 "--where", where, "--output-dir", self.out / where, "--quick", code=FAILED)
                self.assertNotIn("terminate called", done.stderr)
                self.assertIn("Too many open files", done.stderr)
                (folder,) = (self.out / where).iterdir()
                (record,) = read_lines(folder / "unified_results.jsonl")
                self.assertIn("Too many open files", str(record["metadata"]["reasons"]))

        # What is needed in the end was opened before.
        self.host("run", "--workload", "q1", "-b", "leaks_descriptors", "--plugin-path", BROKEN / "leaks_descriptors", "--where", "close",
                  "--output-dir", self.out / "close", "--quick")

    def test_a_host_without_descriptors_says_so(self) -> None:
        for limit in range(3, 24, 2):
            def few(most: int = limit) -> None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

            done = self.host("run", "--workload", "q6", "-b", "mock", "--quick", "--output-dir", self.out, code=None, preexec_fn=few)
            self.assertNotIn("terminate called", done.stderr)
            if done.returncode != OK:
                self.assertRegex(done.stderr, "Too many open files|too many open files|cannot|not", f"{limit}")

    def test_more_requests_in_flight_than_memory(self) -> None:
        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_AS, (700 << 20, 700 << 20))

        done = self.run_quick("q6", "mock", "--max-in-flight", "16777216", code=FAILED, preexec_fn=limit)
        self.assertNotIn("terminate called", done.stderr)
        self.assertIn("no memory was left: lower --max-in-flight", done.stderr)


if __name__ == "__main__":
    unittest.main()

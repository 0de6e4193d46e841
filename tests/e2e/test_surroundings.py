"""What a run finds around it: closed descriptors, a full disk behind standard output, no home, a hang-up, damaged files."""
from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import unittest

from harness import FAILED, HOST, INTERRUPTED, LIMIT_S, PLUGINS, USAGE, Case, environment, read_lines, wait_for


class Surroundings(Case):
    def test_closed_descriptors_stay_nobodys(self) -> None:
        done = subprocess.run(["sh", "-c", 'exec <&- >&- 2>&-; exec "$@"', "sh", HOST, "run", "--workload", "q6", "-b", "mock", "--quick",
                               "--output-dir", self.out], cwd=self.dir, env=environment(), timeout=LIMIT_S, check=False)
        self.assertEqual(done.returncode, 0)
        (folder,) = self.folders()
        self.assertNotIn("Q6 x mock", (folder / "run.log").read_text())

    def test_standard_output_is_full(self) -> None:
        self.run_quick("q6", "mock")
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([HOST, "compare", self.out, "--output-dir", self.dir / "c", "--json"], env=environment(), stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=LIMIT_S, check=False)
        self.assertEqual(done.returncode, FAILED)
        self.assertEqual(done.stderr, "sage-host: cannot write to standard output: No space left on device\n")

    def test_without_a_home_that_of_the_password_file_is_used(self) -> None:
        done = subprocess.run([HOST, "doctor"], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=LIMIT_S,
                              check=False)
        self.assertNotIn(" /.local", done.stdout + done.stderr)

    def test_a_hang_up_is_a_wish_to_stop(self) -> None:
        process = self.start("run", "--workload", "q6", "-b", "threads", "--duration", "600", "--warmup-items", "0", "--interval", "0.1",
                             "--output-dir", self.out)
        self.assertTrue(wait_for(lambda: any('"type":"interval"' in f.read_text() for f in self.out.glob("*/records.jsonl"))))
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=LIMIT_S)
        self.assertEqual(process.returncode, INTERRUPTED)
        (record,) = self.records()
        self.assertEqual(record["metadata"]["status"], "interrupted")

    def test_a_library_that_was_cut_off_is_named(self) -> None:
        mine = self.dir / "mine"
        mine.mkdir()
        shutil.copy(PLUGINS / "q6.toml", mine)
        whole = (PLUGINS / "libsage_q6.so").read_bytes()
        for size in (5000, 20_000):
            (mine / "libsage_q6.so").write_bytes(whole[:size])
            self.error("run", "--workload", "q6", "-b", "mock", "--quick", "--plugin-path", mine, "--output-dir", self.out,
                       says="libsage_q6.so: it is shorter than it says")
        self.assertEqual(self.folders(), [])

    def test_a_library_that_is_a_pipe_is_refused_and_not_waited_for(self) -> None:
        mine = self.dir / "mine"
        mine.mkdir()
        shutil.copy(PLUGINS / "q6.toml", mine)
        os.mkfifo(mine / "libsage_q6.so")
        self.error("run", "--workload", "q6", "-b", "mock", "--quick", "--plugin-path", mine, "--output-dir", self.out,
                   says="it is no regular file")

    def test_a_named_folder_that_others_can_write_to_is_not_passed_over(self) -> None:
        mine = self.dir / "mine"
        mine.mkdir()
        shutil.copy(PLUGINS / "q6.toml", mine)
        shutil.copy(PLUGINS / "libsage_q6.so", mine)
        mine.chmod(0o777)
        self.error("run", "--workload", "q6", "-b", "mock", "--quick", "--plugin-path", mine, "--output-dir", self.out,
                   says=("--plugin-path", "mine"))
        mine.chmod(0o755)
        (mine / "other.toml").write_text("schema = ")
        self.error("run", "--workload", "q6", "-b", "mock", "--quick", "--plugin-path", mine, "--output-dir", self.out, says="other.toml")

    def test_a_plugin_that_takes_an_alias_leaves_the_other_its_id(self) -> None:
        mine = self.dir / "mine"
        mine.mkdir()
        (mine / "zz.toml").write_text((PLUGINS / "q6.toml").read_text().replace('id = "q6"', 'id = "zz"'))
        shutil.copy(PLUGINS / "libsage_q6.so", mine)
        self.host("run", "--workload", "q6", "-b", "mock", "--quick", "--dry-run", "--plugin-path", mine)

    def test_outputs_are_written_through_links_and_into_no_pipe(self) -> None:
        self.run_quick("q6", "mock")
        (self.dir / "target.md").write_text("old")
        (self.dir / "link.md").symlink_to("target.md")
        self.host("report", self.out, "--markdown", "link.md")
        self.assertTrue((self.dir / "link.md").is_symlink())
        self.assertIn("Q6", (self.dir / "target.md").read_text())
        os.mkfifo(self.dir / "pipe")
        for output in ("--html", "--markdown", "--hlog"):
            self.error("report", self.out, output, "pipe", code=FAILED, says="pipe: cannot be written")
        self.error("report", self.out, "--sqlite", "pipe", code=USAGE, says="a database needs a file")
        self.assertTrue((self.dir / "pipe").is_fifo())

    def test_what_a_terminal_acts_on_never_reaches_it(self) -> None:
        self.run_quick("q6", "mock")
        (folder,) = self.folders()
        file = folder / "unified_results.jsonl"
        for bad in ("\x9b31m", "\u202e", "\x1b[2J"):
            file.write_text(file.read_text().replace('"backend":"mock"', f'"backend":"mo{bad}ck"'))
        done = self.host("compare", self.out, "--output-dir", self.dir / "c")
        text = done.stdout + done.stderr + (self.dir / "c" / "summary.md").read_text() + (self.dir / "c" / "comparison.csv").read_text()
        for bad in ("\x9b", "\u202e", "\x1b"):
            self.assertNotIn(bad, text)

    def test_results_without_their_manifest_are_told(self) -> None:
        self.run_quick("q6", "mock")
        (folder,) = self.folders()
        good = self.dir / "good"
        shutil.copytree(folder, good / "a")
        self.host("verify", good)
        elsewhere = self.dir / "elsewhere"
        shutil.copytree(folder, elsewhere)
        (elsewhere / "repro_manifest.json").unlink()
        (good / "b").symlink_to(elsewhere)  # compare follows links too
        text = self.host("verify", good, code=FAILED).stdout
        self.assertIn("is not there", text)

    def test_records_of_a_killed_run_are_looked_at(self) -> None:
        process = self.start("run", "--workload", "q6", "-b", "threads", "--duration", "600", "--warmup-items", "0", "--interval", "0.1",
                             "--output-dir", self.out)
        self.assertTrue(wait_for(lambda: any('"type":"interval"' in f.read_text() for f in self.out.glob("*/records.jsonl"))))
        process.kill()
        process.wait(LIMIT_S)
        self.assertIn("the run was killed before its end", self.host("verify", self.out, code=FAILED).stdout)
        (folder,) = self.folders()
        self.assertEqual(read_lines(pathlib.Path(folder) / "records.jsonl")[0]["type"], "run")


if __name__ == "__main__":
    unittest.main()

"""Whose failure it is: the plugin, the call and its words, in the message and in the record; and plugins that are found out before a run."""
from __future__ import annotations

import shutil
import unittest

from harness import BROKEN, FAILED, OK, USAGE, Case, Done, read_lines

WORD = BROKEN / "breaks_its_word"
LOADING = BROKEN / "dies_loading"


class Workloads(Case):
    def run_word(self, what: str, backend: str = "mock", *more: str, code: int = FAILED) -> Done:
        return self.host("run", "--workload", "breaks_its_word", "-b", backend, "--plugin-path", WORD, "--what", what, "--output-dir",
                         self.out, *more, code=code)

    def test_in_order(self) -> None:
        self.run_word("nothing", code=OK)

    def test_what_it_says_of_itself_is_checked_before_the_run(self) -> None:
        for what, says in (("names", "two stages are called 'answer'"), ("key_by", "stage 'answer': key_by is 7, 0 (none)"),
                           ("cost", "stage 'answer': cost_base_ns is nan"), ("negative-cost", "cost_per_unit_in_ns is -1"),
                           ("needs", "stage 'answer': needs gpu, which none of its 1 nodes has"),
                           ("result", "no step takes the output of step 0"), ("slo", "class 'one': slo_response_ns is -5"),
                           ("event-order", "event 'a' at 10000000 ns: due_ns is before that of the event before it"),
                           ("event-kind", "event 'a' at 10000000 ns: kind is 9, 1 (mark)"), ("event-args", "args is no JSON object")):
            with self.subTest(what=what):
                done = self.run_word(what)
                self.assertIn("workload 'breaks_its_word': ", done.stderr)
                self.assertIn(says, done.stderr)
                folder = max(self.folders(), key=lambda f: f.stat().st_mtime_ns)
                self.assertNotIn("run", [line["type"] for line in read_lines(folder / "records.jsonl")], "the run had begun")

    def test_a_failed_settle_leaves_a_record_that_verify_accepts(self) -> None:
        for backend in ("mock", "threads"):
            with self.subTest(backend=backend):
                done = self.run_word("settle", backend)
                self.assertIn("workload.settle of 'breaks_its_word': settle fails on purpose", done.stderr)
                folder = max(self.folders(), key=lambda f: f.stat().st_mtime_ns)
                (record,) = read_lines(folder / "unified_results.jsonl")
                self.assertEqual((record["metadata"]["status"], record["metadata"]["verdict"]), ("failed", "unchecked"))
                self.host("verify", folder)

    def test_conclude(self) -> None:
        done = self.run_word("conclude")
        self.assertIn("workload.conclude of 'breaks_its_word': conclude fails on purpose", done.stderr)
        self.host("verify", self.folders()[0])
        done = self.run_word("conclude-crash")
        self.assertIn("SIGSEGV in workload.conclude of 'breaks_its_word'", done.stderr)

    def test_an_operators_words_reach_the_record(self) -> None:
        for backend, more in (("mock", ("--set", "mock.operators=true")), ("threads", ())):
            with self.subTest(backend=backend):
                done = self.run_word("operator", backend, *more)
                self.assertIn("no measured request succeeded; 420 times: the operator fails on purpose", done.stderr)
                self.assertIn("failed 420 times: the operator fails on purpose", done.stdout)
                records = [r for r in self.records() if r["backend"] == backend]
                self.assertEqual(records[0]["metadata"]["failures"], [{"text": "the operator fails on purpose", "count": 420}])
        for backend, more in (("mock", ("--set", "mock.operators=true")), ("threads", ())):
            with self.subTest(open=backend):
                self.assertIn("the operator cannot be opened on purpose", self.run_word("operator-open", backend, *more).stderr)

    def test_a_workload_that_is_not_deterministic_is_no_fault_of_the_backend(self) -> None:
        done = self.run_word("random", "threads")
        self.assertIn("workload breaks_its_word is not deterministic: ", done.stderr)
        self.assertNotIn("the backend changed them", done.stderr)
        self.assertEqual(self.records()[0]["metadata"]["output_parity"]["unstable"], 420)


class Loading(Case):
    def test_the_run_says_which_plugin_and_where(self) -> None:
        for how, says in (("constructor:crash", "SIGSEGV in backend.load of 'dies_loading'"),
                          ("entry:crash", "SIGSEGV in backend.load of 'dies_loading'"),
                          ("entry:exit", "exited with code 0 in backend.load of 'dies_loading'; a plugin must not call exit()")):
            with self.subTest(how=how):
                done = self.host("run", "--workload", "q1", "-b", "dies_loading", "--plugin-path", LOADING, "--quick", "--output-dir",
                                 self.out, env={"DIES_LOADING": how}, code=FAILED)
                self.assertIn(says, done.stderr)

    def test_plugin_check_finds_them(self) -> None:
        for how, says in (("constructor:exit", ": called exit(0) while loading"),
                          ("entry:crash", "SIGSEGV while loading"), ("entry:hang", ": did not end within 10 s while loading")):
            with self.subTest(how=how):
                done = self.host("plugin", "check", LOADING / "dies_loading.toml", env={"DIES_LOADING": how}, code=FAILED, limit_s=60)
                self.assertIn(says, done.stdout)
        self.host("plugin", "check", LOADING / "dies_loading.toml")


class Check(Case):
    def changed(self, old: str, new: str) -> str:
        """The output of `plugin check` for a plugin with a changed manifest."""
        folder = self.dir / "plugin"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(BROKEN / "throws", folder)
        text = (folder / "throws.toml").read_text()
        self.assertIn(old, text)
        (folder / "throws.toml").write_text(text.replace(old, new))
        done = self.host("plugin", "check", folder / "throws.toml", code=None)
        run = self.host("run", "--workload", "q1", "-b", "throws", "--plugin-path", folder, "--quick", "--output-dir", self.out, code=None)
        self.assertEqual((done.returncode, run.returncode), (FAILED, USAGE), done.stdout + run.stderr)
        return done.stdout

    def test_it_finds_what_run_refuses(self) -> None:
        self.assertIn("has the name of the host's own flag --interval", self.changed("[options.where]", "[options.interval]"))
        self.assertIn("options (where, here) not as the manifest embedded", self.changed("[options.where]", "[options.here]"))

    def test_capabilities_that_nobody_knows(self) -> None:
        folder = self.dir / "plugin"
        shutil.copytree(WORD, folder)
        file = folder / "breaks_its_word.toml"
        file.write_text(file.read_text() + '\n[requires]\ncapabilities = ["keyd"]\n')
        done = self.host("plugin", "check", file, code=FAILED)
        self.assertIn("'keyd' is none that the host knows (did you mean 'keyed'?)", done.stdout)

    def test_list_does_not_call_a_missing_library_usable(self) -> None:
        folder = self.dir / "plugin"
        folder.mkdir()
        shutil.copy(BROKEN / "throws" / "throws.toml", folder)
        self.assertNotIn("throws", self.host("list", "--plugin-path", folder).stdout)
        done = self.host("list", "--all", "--plugin-path", folder)
        self.assertRegex(done.stdout, r"throws.*broken.*is missing; build or install the plugin again")


if __name__ == "__main__":
    unittest.main()

"""`plugin check`: shipped plugins keep every rule, and each broken one fails the check that is meant for it."""
from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import unittest

from harness import BROKEN, FAILED, OK, PLUGINS, USAGE, Case

# What else fails with it is a consequence: a completion after close is one that drain did not wait for.
CAUGHT = {
    "creates_slowly": {"creates"},
    "fails_silently": {"takes-options"},
    "calls_out_of_turn": {"services"},
    "confirms_anything": {"refuses-unknown", "refuses-events"},
    "leaks_memory": {"leaks"},
    "leaks_threads": {"leaks"},
    "leaks_descriptors": {"leaks"},
    "plans_by_block": {"plans-alike"},
    "judges_by_order": {"any-order", "losses"},
    "passes_losses": {"losses"},
    "answers_tomorrow": {"operator-times"},
    "completes_twice": {"ends-once"},
    "completes_unknown": {"known-ids"},
    "completes_after_close": {"known-ids", "ends-all", "drains"},
    "stamps_wrongly": {"stamps"},
    "chunks_late": {"chunks"},
    "spans_wrongly": {"spans", "chunks"},
    "unknown_values": {"known-values"},
    "never_completes": {"ends-all"},
    "stuck_when_full": {"takes-bursts"},
    "cancels_twice": {"ends-once", "refuses-unknown"},
    "forgets_given_up": {"given-up"},
    "mixes_keys": {"keyed"},
    "idles_on_nodes": {"nodes", "refuses-unknown", "refuses-events"},
    "forgets_classes": {"node-classes"},
    "ignores_priority": {"schedulers", "priority"},
    "confirms_twice": {"events"},
    "never_confirms": {"events", "refuses-events", "refuses-unknown"},
    "crashes_in_submit": {"runs"},
    "exits_in_submit": {"runs"},
    "hangs_in_drain": {"runs"},
    "no_digest": {"gives-digests"},
    "newer_header": {"loads"},
    "throws": {"succeeds", "takes-bursts"},
    "refuses": {"loads"},
    "no_entry": {"loads", "exports"},
    "no_tables": {"loads"},
    "two_tables": {"loads"},
    "incomplete": {"loads"},
    "false_size": {"loads"},
    "wrong_kind": {"loads"},
    "false_manifest": {"loads"},
    "extra_exports": {"exports"},
    "requires_unknown": {"plugin"},
    "newer_abi": {"plugin"},
}
# Of shipped plugins, what there is nothing to see of: not claimed, nothing executed, or faults in every run.
SKIPPED = {
    "threads": {"nodes", "node-classes"},
    "mock": {"digests", "keyed", "given-up"},
    "q5": {"deterministic"},
    "q7": {"deterministic"},
    "q8": {"deterministic"},
}
# Broken only where an option or the environment says so, which other tests do; or in a way that takes minutes to see.
ELSEWHERE = {"breaks_its_word", "damages_results", "dies_late", "dies_loading", "hangs_in_submit", "opens_slowly"}


class PluginCheck(Case):
    def test_every_broken_plugin_has_its_check(self) -> None:
        self.assertEqual({folder.name for folder in BROKEN.iterdir() if list(folder.glob("*.toml"))}, set(CAUGHT) | ELSEWHERE)

    def check(self, manifest: pathlib.Path, *more: str, code: int) -> dict[str, str]:
        """Verdicts by requirement."""
        done = self.host("plugin", "check", manifest, "--json", *more, code=code)
        findings = json.loads(done.stdout)
        for finding in findings:
            self.assertEqual(finding["verdict"] == "broken", bool(finding["remedy"]), finding)
        return {finding["requirement"]: finding["verdict"] for finding in findings}

    def test_shipped_plugins_keep_every_rule(self) -> None:
        for name in ("threads", "mock", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8"):
            with self.subTest(name):
                verdicts = self.check(PLUGINS / f"{name}.toml", code=OK)
                self.assertEqual([rule for rule, verdict in verdicts.items() if verdict == "broken"], [])
                self.assertEqual(verdicts["runs"], "ok")
                self.assertEqual({rule for rule, verdict in verdicts.items() if verdict == "skipped"}, SKIPPED.get(name, set()))

    @unittest.skipIf(os.environ.get("SAGE_SANITIZE"), "sanitizers have memory and descriptors of their own")
    def test_each_broken_plugin_fails_the_check_that_is_meant_for_it(self) -> None:
        with concurrent.futures.ThreadPoolExecutor(4) as side_by_side:  # most of the time they wait
            found = {name: side_by_side.submit(self.check, BROKEN / name / f"{name}.toml", code=FAILED) for name in CAUGHT}
        for name, caught in CAUGHT.items():
            with self.subTest(name):
                self.assertEqual({rule for rule, verdict in found[name].result().items() if verdict == "broken"}, caught)

    def test_only_what_is_asked_for_is_told(self) -> None:
        manifest = BROKEN / "stamps_wrongly" / "stamps_wrongly.toml"
        verdicts = self.check(manifest, "--only", "ends-once,known-ids", code=OK)
        self.assertEqual({"stamps", "spans"} & set(verdicts), set())
        self.assertEqual((verdicts["ends-once"], verdicts["known-ids"]), ("ok", "ok"))
        self.assertNotIn("runs", self.check(manifest, "--no-runs", code=OK))
        self.error("plugin", "check", manifest, "--only", "end-once", code=USAGE, says=("no requirement 'end-once'", "'ends-once'"))

    def test_the_remedy_stands_beside_what_is_broken(self) -> None:
        said = self.host("plugin", "check", BROKEN / "completes_twice" / "completes_twice.toml", code=FAILED).stdout
        self.assertIn("BROKEN  each request ends once: with q1: 300 ended twice\n"
                      "        remedy: send one terminal completion for each row that submit took\n", said)
        self.assertIn("ok      times of ends, begins and chunks are possible\n", said)


if __name__ == "__main__":
    unittest.main()

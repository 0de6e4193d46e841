"""`verify`: what was written is found whole, and every change of it is found."""
from __future__ import annotations

import hashlib
import json
import unittest
from collections.abc import Callable

from harness import BROKEN, FAILED, OK, USAGE, Case, Done, Json, read_lines


class Verify(Case):
    def setUp(self) -> None:
        super().setUp()
        self.host("run", "--workload", "q6", "-b", "mock", "--quick", "--output-dir", self.out, "--request-log", "binary")
        (self.folder,) = self.folders()

    def verify(self, code: int = OK, *args: str) -> Done:
        return self.host("verify", self.out, *args, code=code)

    def test_what_was_written_is_whole(self) -> None:
        done = self.verify(OK, "--strict", "--verbose")
        self.assertIn("1 folder, ", done.stdout)
        self.assertIn(", 0 failed", done.stdout)
        for what in ("records.jsonl", "latency.hlog", "requests.bin: rows", "config_hash", "ledger", "intervals: offered",
                     "unified_results.csv", "workload q6", "backend mock"):
            self.assertRegex(done.stdout, rf"ok +{what}")

    def test_a_changed_byte_is_found_in_each_file(self) -> None:
        names = json.loads((self.folder / "repro_manifest.json").read_text())["files"]
        self.assertEqual(set(names), {p.name for p in self.folder.iterdir()} - {"repro_manifest.json"})
        for name in names:
            good = (self.folder / name).read_bytes()
            middle = len(good) // 2
            (self.folder / name).write_bytes(good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1:])
            self.assertRegex(self.verify(FAILED).stdout, rf"FAILED +{name} +CHANGED", name)
            (self.folder / name).unlink()
            self.verify(FAILED)
            (self.folder / name).write_bytes(good)
        self.verify()

    def change_record(self, change: Callable[[Json], object]) -> str:
        """The record and its hash are changed together, as who forges results would."""
        file = self.folder / "unified_results.jsonl"
        good = file.read_text(), (self.folder / "repro_manifest.json").read_text()
        (record,) = read_lines(file)
        change(record)
        file.write_text(json.dumps(record) + "\n")
        manifest = json.loads(good[1])
        manifest["files"][file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
        del manifest["sha256"]
        canonical = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        manifest["sha256"] = hashlib.sha256(canonical.encode()).hexdigest()
        (self.folder / "repro_manifest.json").write_text(json.dumps(manifest))
        done = self.verify(FAILED)
        self.assertNotIn("repro_manifest.json  CHANGED", done.stdout)
        file.write_text(good[0])
        (self.folder / "repro_manifest.json").write_text(good[1])
        return done.stdout

    def test_a_record_that_contradicts_itself_is_found(self) -> None:
        self.assertRegex(self.change_record(lambda r: r["metadata"]["ledger"].update(offered=1)), "FAILED +ledger")
        self.assertRegex(self.change_record(lambda r: r["metadata"]["config"].update(seed=7)), "FAILED +config_hash")
        self.assertRegex(self.change_record(lambda r: r.update(backend="sage")), "FAILED +backend_hash")
        self.assertRegex(self.change_record(lambda r: r.update(throughput=9)), "FAILED +unified_results.csv")
        self.assertRegex(self.change_record(lambda r: r.update(seed="x")), "FAILED +schema")
        self.assertRegex(self.change_record(lambda r: r.pop("nodes")), "FAILED +schema")

    def test_a_stream_that_lacks_lines_is_found(self) -> None:
        file = self.folder / "records.jsonl"
        lines = file.read_text().splitlines(keepends=True)
        without = [line for line in lines if '"type":"interval"' not in line]
        file.write_text("".join(without))
        self.assertRegex(self.verify(FAILED).stdout, "FAILED +intervals: offered")
        file.write_text("".join(lines[:-1]) + lines[-1][:40])
        self.assertRegex(self.verify(FAILED).stdout, r"FAILED +records.jsonl +.*records.jsonl:\d+: no JSON object")

    def test_each_part_of_the_manifest_is_covered(self) -> None:
        file = self.folder / "repro_manifest.json"
        good = json.loads(file.read_text())
        for name in good:
            changed = {**good, name: "x"}
            file.write_text(json.dumps(changed))
            self.assertRegex(self.verify(FAILED).stdout, r"FAILED +repro_manifest.json +CHANGED", name)
        file.write_text(json.dumps(good))
        self.verify()

    def test_a_file_that_the_manifest_does_not_name_is_told(self) -> None:
        (self.folder / "frontier.json").write_text("{}")
        self.assertRegex(self.verify(FAILED).stdout, r"FAILED +frontier.json +not in repro_manifest.json")

    def test_a_folder_that_cannot_be_checked_fails(self) -> None:
        (self.folder / "repro_manifest.json").rename(self.dir / "kept")
        self.assertRegex(self.verify(FAILED).stdout, "FAILED +repro_manifest.json +is not there: .* the run was killed")
        (self.dir / "kept").rename(self.folder / "repro_manifest.json")
        self.verify()

    def test_a_run_that_died_is_whole_too(self) -> None:
        self.host("run", "--workload", "q6", "-b", "crashes_in_submit", "--quick", "--output-dir", self.dir / "died",
                  "--plugin-path", BROKEN / "crashes_in_submit", code=FAILED)
        self.host("verify", self.dir / "died")

    def test_hostile_manifests_are_failures_and_no_more(self) -> None:
        for text in ("", "[]", '{"files": []}', '{"files": {"../../etc/passwd": "x", "/etc/passwd": "x", "gone": 1}}', "\0"):
            (self.folder / "repro_manifest.json").write_text(text)
            self.verify(FAILED)

    def test_a_paired_run(self) -> None:
        pairs = self.dir / "pairs"
        self.host("pair", "--quick", "--workload", "q6", "--backends", "mock,threads", "--cooldown", "0", "--output-dir", pairs, code=None)
        self.host("verify", pairs, code=OK)
        (summary,) = pairs.glob("*/*/cells/*-mock/latency.hlog")
        summary.write_text("")
        self.assertIn("latency.hlog", self.host("verify", pairs, code=FAILED).stdout)

    def test_nothing_to_verify(self) -> None:
        (self.dir / "empty").mkdir()
        self.error("verify", self.dir / "empty", code=USAGE, says="nothing was verified")
        self.error("verify", self.dir / "nowhere", code=USAGE, says="there is no such folder")


if __name__ == "__main__":
    unittest.main()

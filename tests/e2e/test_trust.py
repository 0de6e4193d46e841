"""Whose code runs: not that of a record, nor of another user."""
from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import unittest
from typing import Any

from harness import FAILED, HOST, OK, PLUGINS, USAGE, Case, Json, environment

SOMEBODY = 65534


class Records(Case):
    """A record names a program. It is data, whoever wrote it."""

    def setUp(self) -> None:
        super().setUp()
        self.ran = self.dir / "ran"
        self.program = self.write("program", f"#!/bin/sh\ntouch {self.ran}\nexit 1\n")
        self.program.chmod(0o755)

    def refused(self, *args: object) -> None:
        self.error(*args, code=USAGE, says=("sage.python", str(self.program), "--trust-record"))
        self.assertFalse(self.ran.exists())

    def test_rerun_starts_it_on_the_users_word_alone(self) -> None:
        self.run_quick("q6", "mock")
        (folder,) = self.folders()
        file = folder / "repro_manifest.json"
        manifest = json.loads(file.read_text())
        manifest["run_payload"]["backend"] = "sage"
        manifest["options"]["backend"] = {"python": str(self.program)}
        file.write_text(json.dumps(manifest))
        command = ("rerun", folder, "--output-dir", self.dir / "again")
        self.refused(*command)
        self.host(*command, "--trust-record", code=FAILED)
        self.assertTrue(self.ran.exists())

    def test_resuming_does_not_start_it(self) -> None:
        self.host("pair", "--workload", "q6", "--backends", "mock,threads", "--quick", "--output-dir", self.out, "--run-id", "p",
                  "--total-requests", "20", "--cooldown", "0", code=None)
        file = self.out / "run_id=p" / "state.json"
        state = json.loads(file.read_text())
        for planned in state["plan"]["planned"]:
            if planned["backend"] == "threads":
                planned.update(backend="sage")
                planned["options"]["backend"] = {"python": str(self.program)}
        file.write_text(json.dumps(state))
        self.refused("pair", "--resume", "p", "--output-dir", self.out)
        self.refused("pair", "--resume", "p", "--output-dir", self.out, "--dry-run")
        for kind in ("run", "search"):
            self.write(f"results/{kind}-x/state.json", json.dumps({**state, "type": kind}))
            self.refused("run", "--resume", f"{kind}-x", "--output-dir", self.out)

    def test_what_joins_or_opens_a_network_needs_the_word_too(self) -> None:
        self.run_quick("q6", "mock")
        (folder,) = self.folders()
        file = folder / "repro_manifest.json"
        manifest = json.loads(file.read_text())
        cases: tuple[tuple[str, Json], ...] = (
            ("ray", {"python": "/x"}), ("ray", {"ray_address": "10.0.0.1:6379"}), ("sage", {"sage_seeds": "10.0.0.1:18901"}),
            ("sage", {"insecure_nodes": True}))
        for backend, options in cases:
            manifest["run_payload"]["backend"] = backend
            manifest["options"]["backend"] = options
            file.write_text(json.dumps(manifest))
            self.error("rerun", folder, "--output-dir", self.dir / "again", code=USAGE, says=(*options, "--trust-record"))


class Plugins(Case):
    def copy(self) -> pathlib.Path:
        """All that is shipped, in folders of the test's."""
        folder = self.dir / "opt" / "lib" / "sage-host" / "plugins"
        shutil.copytree(PLUGINS, folder)
        return folder

    def dry_run(self, folder: pathlib.Path, **kwargs: Any) -> None:
        self.host("run", "--workload", "q6", "-b", "mock", "--quick", "--plugin-path", folder, "--output-dir", self.out, **kwargs)

    def refused(self, folder: pathlib.Path, *says: str) -> None:
        self.error("run", "--workload", "q6", "-b", "mock", "--quick", "--plugin-path", folder, "--output-dir", self.out,
                   code=USAGE, says=says)
        self.assertEqual(self.folders(), [])

    def test_a_folder_above_in_which_others_may_rename(self) -> None:
        folder = self.copy()
        above = self.dir / "opt" / "lib"
        above.chmod(0o777)
        self.refused(folder, f"folder {above}: other users can replace what is in it")
        above.chmod(0o1777)
        self.dry_run(folder)

    def test_the_python_half_of_a_backend(self) -> None:
        folder = self.copy()
        module = folder / "bridge" / "bridge_main.py"
        module.chmod(0o666)
        self.error("run", "--workload", "q6", "-b", "sage", "--quick", "--plugin-path", folder, "--output-dir", self.out,
                   "--set", "sage.python=/usr/bin/python3", code=USAGE, says=(str(module), "chmod o-w"))

    @unittest.skipUnless(os.geteuid() == 0, "only root can give files away")
    def test_of_another_user(self) -> None:
        folder = self.copy()
        for given in (folder, folder / "q6.toml", folder / "libsage_q6.so", self.dir / "opt"):
            os.chown(given, SOMEBODY, -1)
            self.refused(folder, str(given), f"belongs to user {SOMEBODY}")
            os.chown(given, 0, -1)
        interpreter = self.write("python", "#!/bin/sh\n")
        interpreter.chmod(0o755)
        os.chown(interpreter, SOMEBODY, -1)
        self.error("run", "--workload", "q6", "-b", "sage", "--quick", "--output-dir", self.out, "--set",
                   f"sage.python={interpreter}", code=USAGE, says=(str(interpreter), f"belongs to user {SOMEBODY}"))

    @unittest.skipUnless(os.geteuid() == 0, "only root can give files away")
    def test_of_whoever_owns_the_program_itself(self) -> None:
        """As root in a checkout of another user's, who could replace the program anyway."""
        self.copy()
        (self.dir / "opt" / "bin").mkdir()
        host = shutil.copy(HOST, self.dir / "opt" / "bin")
        for path in (self.dir / "opt", *(self.dir / "opt").rglob("*")):
            os.chown(path, SOMEBODY, -1)
        os.chown(host, 0, -1)  # built by root
        done = subprocess.run([host, "run", "--workload", "q6", "-b", "mock", "--quick", "--output-dir", self.out],
                              env=environment(), text=True, capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, OK, done.stderr)


if __name__ == "__main__":
    unittest.main()

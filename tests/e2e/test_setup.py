"""`setup`: from locked files alone, with nothing left when it is cut off, and to be repeated."""
from __future__ import annotations

import functools
import os
import pathlib
import re
import signal
import subprocess
import unittest

from harness import HOST, PLUGINS, Case, alive, environment, wait_for

# A python of which `-m venv` copies it, and `-m pip` notes its arguments; while there is a file `hang`, it starts another
# process and waits.
PYTHON = """#!/bin/sh
case "$2" in
  venv) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
  pip)
    echo "$@" > "$XDG_DATA_HOME/arguments"
    if [ -e "$XDG_DATA_HOME/hang" ]; then
      touch "$TMPDIR/half"
      sleep 1000 &
      echo $$ $! > "$XDG_DATA_HOME/new" && mv "$XDG_DATA_HOME/new" "$XDG_DATA_HOME/processes"
      wait
    fi ;;
esac
"""
MANIFEST = """schema = 1
kind = "backend"
id = "fake"
version = "0.1.0"
abi = "1.0"
library = "lib.so"
"""


def ended(process: int) -> bool:
    return not alive(process)


class Setup(Case):
    def setUp(self) -> None:
        super().setUp()
        self.data = self.dir / "data"
        self.data.mkdir()
        self.python = self.write("python", PYTHON)
        self.python.chmod(0o755)
        self.write("plugins/fake.toml", MANIFEST)
        self.write("plugins/fake-requirements.txt", "# locked\nfake==1.0 \\\n    --hash=sha256:00\n")
        self.arguments: list[str | pathlib.Path] = [HOST, "setup", "fake", "--python", self.python, "--plugin-path", self.dir / "plugins"]
        self.env = environment(XDG_DATA_HOME=str(self.data))

    def run_setup(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.arguments, env=self.env, text=True, capture_output=True, timeout=60, check=False)

    def left(self) -> list[pathlib.Path]:
        return list((self.data / "sage-host" / "envs").glob(".setup-*"))

    def test_cut_off_it_leaves_nothing_and_can_be_repeated(self) -> None:
        (self.data / "hang").touch()
        for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(how=how):
                (self.data / "processes").unlink(missing_ok=True)
                with subprocess.Popen(self.arguments, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as host:
                    self.assertTrue(wait_for((self.data / "processes").exists, 60))
                    self.assertEqual([[f.name for f in folder.iterdir()] for folder in self.left()], [["half"]])
                    host.send_signal(how)
                processes = [int(p) for p in (self.data / "processes").read_text().split()]
                for process in processes:
                    self.assertTrue(wait_for(functools.partial(ended, process), 20), how)
                self.assertTrue(wait_for(lambda: not self.left(), 20), self.left())
        (self.data / "hang").unlink()
        done = self.run_setup()
        self.assertEqual((done.returncode, done.stdout), (0, f"backend fake: fake==1.0 in {self.data}/sage-host/envs/fake\n"), done.stderr)
        self.assertEqual(self.left(), [])

    def test_pip_takes_what_is_locked_and_nothing_else(self) -> None:
        self.assertEqual(self.run_setup().returncode, 0)
        arguments = (self.data / "arguments").read_text()
        self.assertIn("--require-hashes --only-binary :all:", arguments)

    def test_every_locked_package_has_its_hashes(self) -> None:
        for file in PLUGINS.glob("*-requirements.txt"):
            text = re.sub(r"^#.*\n", "", file.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
            for line in text.splitlines():
                self.assertRegex(line, r"^[\w.-]+==\S+( +--hash=sha256:[0-9a-f]{64})+$")

    def test_an_interpreter_that_cannot_be_started_is_named(self) -> None:
        self.arguments[4] = self.dir / "none"
        done = self.run_setup()
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"cannot start {self.dir}/none; name another interpreter with --python", done.stderr)
        self.assertEqual(self.left(), [])

    def test_requirements_that_others_can_write_are_refused(self) -> None:
        os.chmod(self.dir / "plugins" / "fake-requirements.txt", 0o666)
        done = self.run_setup()
        self.assertEqual(done.returncode, 2)
        self.assertIn("chmod o-w", done.stderr)


if __name__ == "__main__":
    unittest.main()

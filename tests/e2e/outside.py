"""Projects built as others build theirs: copied out of this tree, against the installed component plugin_api."""
from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import tempfile

from harness import BUILD, Case, Json, environment

PROJECT = pathlib.Path(__file__).resolve().parents[2]
WARNINGS = "-Wall -Wextra -Wconversion -Wshadow -Werror"
BUILD_LIMIT_S = 240
LATE = "the load generator was late"  # on a busy machine: an honest answer, and not what these tests are about


def redis_server() -> str:
    """The program of Debian's package redis-tools, where it has another name; redis-server would start a service on the machine."""
    program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    assert program, "there is no Redis: apt install redis-tools (or ./dev setup test)"
    return program


class Outside(Case):
    """What the tests of a class share is built once, in a folder of the class, with `redis-server` in its `bin`."""

    shared: pathlib.Path
    path: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.shared = pathlib.Path(tempfile.mkdtemp(prefix="sage-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)
        cls.sh(f"cmake --install '{BUILD.resolve()}' --prefix prefix --component plugin_api")
        shutil.copytree(PROJECT / "examples", cls.shared / "examples")
        (cls.shared / "bin").mkdir()
        (cls.shared / "bin" / "redis-server").symlink_to(redis_server())
        cls.path = f"{BUILD.resolve() / 'bin'}{os.pathsep}{cls.shared / 'bin'}{os.pathsep}{os.environ['PATH']}"

    @classmethod
    def sh(cls, command: str, **env: str) -> str:
        """Runs what a user would type, in the shared folder."""
        if shutil.which("ccache"):
            env = {"CMAKE_CXX_COMPILER_LAUNCHER": "ccache", "CMAKE_C_COMPILER_LAUNCHER": "ccache", **env}
        done = subprocess.run(["bash", "-ec", command], cwd=cls.shared, env=environment(CMAKE_GENERATOR="Ninja", **env), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=BUILD_LIMIT_S, check=False)
        assert done.returncode == 0 or LATE in done.stdout, f"{command}\n{done.stdout}"
        return done.stdout

    @classmethod
    def build(cls, source: str, build: str, **env: str) -> pathlib.Path:
        cls.sh(f"cmake -S '{source}' -B '{build}' -DCMAKE_PREFIX_PATH=$PWD/prefix; cmake --build '{build}'", **env)
        return cls.shared / build

    def record(self) -> Json:
        """Of the one run in self.out, which then is no longer there."""
        (record,) = self.records()
        shutil.rmtree(self.out)
        metadata: Json = record["metadata"]
        return metadata

    def agrees(self, record: Json, parity: bool = True) -> None:
        """Every request ended well, once, and with the result that a serial execution gives."""
        ledger = record["ledger"]
        self.assertEqual((ledger["outcomes"]["ok"], ledger["wrong"], ledger["duplicate"]), (ledger["offered"], 0, 0))
        self.assertGreater(ledger["offered"], 100)
        if parity:
            self.assertEqual((record["output_parity"]["equal"], record["verdict"]), (ledger["offered"], "pass"))

"""The examples as projects of others: each builds against the installed package, keeps every rule, runs, and is as its page says."""
from __future__ import annotations

import os
import pathlib
import re
import subprocess
import unittest

from outside import WARNINGS, Outside

RUST_FLAGS = "-D warnings"


@unittest.skipIf(os.environ.get("SAGE_SANITIZE"), "the examples are built without")
class Examples(Outside):
    built: dict[str, pathlib.Path]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        plugins = cls.build("examples", "build", CXXFLAGS=WARNINGS) / "plugins"
        cls.sh("cargo build --release --offline --manifest-path examples/backends/pool_rust/Cargo.toml --target-dir rust",
               RUSTFLAGS=RUST_FLAGS)
        cls.built = {
            "instant": plugins,
            "hello": plugins,
            "serial_c": cls.build("examples/backends/serial_c", "c", CFLAGS=WARNINGS, CXX="/nonexistent"),
            "redis": cls.build("examples/backends/redis", "redis", CXXFLAGS=WARNINGS),
            "pool_rust": cls.shared / "rust" / "release",
        }

    def runs(self, workload: str, backend: str, *more: object) -> None:
        folders = {str(self.built[name]) for name in (workload, backend) if name in self.built}
        self.run_quick(workload, backend, "--plugin-path", ":".join(folders), *more, env={"PATH": self.path})
        record = self.record()
        self.agrees(record, parity=backend != "instant")
        if backend == "redis":
            self.assertRegex(record["environment"]["versions"]["redis"], r"^\d+\.\d+\.\d+$")
            # The payload, its time to live, the hash's end, and at each of the steps a reading and a writing.
            self.assertGreater(record["notes"]["redis"]["commands"], record["ledger"]["offered"] * 5)
            self.assertGreater(record["notes"]["redis"]["cpu_s"], 0)
            self.assertTrue(record["notes"]["redis"]["own"])
            self.assertEqual([(s["name"], s["count"] > 0) for s in record["series"]], [("redis_round_trip", True)])

    def test_every_example_keeps_every_rule(self) -> None:
        for name, folder in self.built.items():
            with self.subTest(name):
                said = self.host("plugin", "check", folder / f"{name}.toml", env={"PATH": self.path}).stdout
                self.assertIn("ok      its runs come to an end", said)

    def test_q1_and_hello_on_every_backend(self) -> None:
        for backend in ("instant", "serial_c", "redis", "pool_rust"):
            for workload in ("q1", "hello"):
                with self.subTest(workload=workload, backend=backend):
                    self.runs(workload, backend)

    def test_workloads_with_keys_priorities_and_joins(self) -> None:
        for workload, backend in (("q2", "redis"), ("q2", "pool_rust"), ("q6", "redis"), ("q8", "redis"), ("q8", "pool_rust")):
            with self.subTest(workload=workload, backend=backend):
                self.runs(workload, backend)

    def test_what_their_pages_say_to_type(self) -> None:
        for name in ("redis", "pool_rust"):
            with self.subTest(name):
                folder = self.shared / "examples" / "backends" / name
                (commands,) = re.findall(r"^```sh\n(.*?)^```$", (folder / "README.md").read_text(), re.M | re.S)
                commands = commands.replace("=PREFIX ", f"={self.shared}/prefix ")
                said = self.sh(f"cd {folder}; {commands}", PATH=self.path, RUSTFLAGS=RUST_FLAGS)
                self.assertRegex(said, "100% tests passed|2 passed; 0 failed|load generator was late")
                self.assertIn("output parity: 180/180", said)

    def test_their_libraries_export_the_entry_alone(self) -> None:
        for name, folder in self.built.items():
            exported = subprocess.run(["nm", "-D", "--defined-only", "-j", folder / f"lib{name}.so"], text=True, timeout=60,
                                      capture_output=True, check=True).stdout
            self.assertEqual(exported.split(), ["sage_entry_v1"], name)

    def test_a_project_in_rust_begins_with_the_same_binding(self) -> None:
        self.host("plugin", "new", "backend", "mine", "--lang", "rust")
        self.assertEqual((self.dir / "mine" / "src" / "abi.rs").read_text(),
                         (self.shared / "examples" / "backends" / "pool_rust" / "src" / "abi.rs").read_text())


if __name__ == "__main__":
    unittest.main()

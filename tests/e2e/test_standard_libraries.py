"""Plugins with a C++ standard library of their own, libc++ or a static libstdc++, in a host with the shared libstdc++: they load, run and end,
also two kinds in one process, give the results of the usual build, and what they throw stays inside."""
from __future__ import annotations

import os
import pathlib
import subprocess
import unittest

from harness import FAILED, UNAVAILABLE, Json
from outside import PROJECT, WARNINGS, Outside

STATIC = "-static-libstdc++ -static-libgcc"
KINDS = {
    "usual": {"CXX": "g++", "CXXFLAGS": WARNINGS},
    "libc++": {"CXX": "clang++-16", "CXXFLAGS": f"{WARNINGS} -stdlib=libc++"},
    "static, clang": {"CXX": "clang++-16", "CXXFLAGS": WARNINGS, "LDFLAGS": STATIC},
    "static, g++": {"CXX": "g++", "CXXFLAGS": WARNINGS, "LDFLAGS": STATIC},
}
OTHERS = [kind for kind in KINDS if kind != "usual"]
# A backend that throws from the call that its option names, and a workload whose operator throws now and then.
THROWS = """
cmake_minimum_required(VERSION 3.25)
project(throws LANGUAGES CXX)
find_package(SagePluginApi 0.1 REQUIRED)
include_directories(plugins)
sage_add_plugin(sage_test_throws MANIFEST plugins/throws/throws.toml SOURCES plugins/throws/plugin.cpp)
sage_add_plugin(hello MANIFEST hello.toml SOURCES hello.cpp)
"""
BEGINS = "void run(const sage::OpInput& in, sage_op_output& out) override {"


@unittest.skipIf(os.environ.get("SAGE_SANITIZE"), "a sanitizer's runtime knows one standard library")
class StandardLibraries(Outside):
    built: dict[str, dict[str, pathlib.Path]]  # by kind and name

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        source = cls.shared / "throws"
        for name in ("instant.hpp", "throws/plugin.cpp", "throws/throws.toml"):
            (source / "plugins" / name).parent.mkdir(parents=True, exist_ok=True)
            (source / "plugins" / name).write_text((PROJECT / "tests" / "plugins" / name).read_text())
        (source / "CMakeLists.txt").write_text(THROWS)
        hello = cls.shared / "examples" / "workloads" / "hello"
        (source / "hello.toml").write_text((hello / "hello.toml").read_text())
        text = (hello / "hello.cpp").read_text()
        assert BEGINS in text
        (source / "hello.cpp").write_text(
            text.replace(BEGINS, BEGINS + ' if (in.request().seq % 10 == 3) throw std::out_of_range("thrown by an operator");'))
        cls.built = {}
        for kind, env in KINDS.items():
            examples = cls.build("examples", f"{kind}/examples", **env) / "plugins"
            cls.built[kind] = {
                "hello": examples,
                "instant": examples,
                "redis": cls.build("examples/backends/redis", f"{kind}/redis", **env),
                "throws": cls.build("throws", f"{kind}/throws", **env),
            }

    def runs(self, workload: str, of: str, backend: str, kind: str) -> Json:
        folders = {str(self.built[k][name]) for name, k in ((workload, of), (backend, kind)) if name in self.built[k]}
        self.run_quick(workload, backend, "--plugin-path", ":".join(folders), "--warmup-items", "0", env={"PATH": self.path})
        return self.record()

    def test_they_need_what_they_were_linked_with(self) -> None:
        for kind, plugins in self.built.items():
            for name, folder in plugins.items():
                (library,) = folder.glob(f"lib*{name}.so")
                with self.subTest(kind=kind, library=library.name):
                    said = subprocess.run(["readelf", "-dW", library], text=True, capture_output=True, check=True, timeout=60).stdout
                    needs = {text.split("[")[1].split(".so")[0] for text in said.splitlines() if "(NEEDED)" in text}
                    self.assertEqual(needs & {"libc++", "libstdc++"},
                                     {"usual": {"libstdc++"}, "libc++": {"libc++"}}.get(kind, set()))
                    said = subprocess.run(["nm", "-D", "--defined-only", "-j", library], text=True, capture_output=True, check=True,
                                          timeout=60).stdout
                    self.assertEqual(said.split(), ["sage_entry_v1"])

    def test_results_are_those_of_the_usual_build(self) -> None:
        usual = self.runs("hello", "usual", "redis", "usual")
        self.agrees(usual)
        pairs = [("libc++", "static, g++"), ("static, clang", "libc++"), ("libc++", "libc++"), ("static, g++", "static, clang")]
        for of, kind in pairs:
            with self.subTest(workload=of, backend=kind):
                record = self.runs("hello", of, "redis", kind)
                self.agrees(record)
                self.assertEqual((record["digest"], record["digested"]), (usual["digest"], usual["digested"]))

    def test_with_the_plugins_of_the_host(self) -> None:
        usual = {name: self.runs(*pair) for name, pair in (("hello", ("hello", "usual", "threads", "usual")),
                                                           ("q1", ("q1", "usual", "redis", "usual")))}
        for kind in OTHERS:
            with self.subTest(kind):
                for name, record in (("hello", self.runs("hello", kind, "threads", kind)), ("q1", self.runs("q1", kind, "redis", kind))):
                    self.agrees(record)
                    self.assertEqual((record["digest"], record["digested"]), (usual[name]["digest"], usual[name]["digested"]))
                self.agrees(self.runs("hello", kind, "instant", kind), parity=False)

    def test_they_keep_every_rule(self) -> None:
        for kind in OTHERS:
            with self.subTest(kind):
                brief = () if kind == "libc++" else ("--no-runs",)  # which take half a minute
                self.host("plugin", "check", self.built[kind]["hello"] / "hello.toml", *brief)
                # Their own tests, in programs of that kind.
                for project in ("examples", "redis"):
                    said = self.sh(f"ctest --test-dir '{kind}/{project}' --output-on-failure", PATH=self.path)
                    self.assertIn("100% tests passed, 0 tests failed out of 1", said)

    def test_what_an_operator_throws_is_an_error_of_the_request(self) -> None:
        for of, kind in (("libc++", "static, g++"), ("static, g++", "libc++"), ("static, clang", "usual")):
            with self.subTest(workload=of, backend=kind):
                folders = f"{self.built[of]['throws']}:{self.built[kind]['redis']}"
                self.run_quick("hello", "redis", "--plugin-path", folders, "--warmup-items", "0", "--total-requests", "200",
                               env={"PATH": self.path})
                record = self.record()
                self.assertEqual(record["failures"], [{"text": "thrown by an operator", "count": 20}])
                self.assertEqual((record["ledger"]["outcomes"]["ok"], record["ledger"]["passed"]), (180, 180))

    def test_what_they_throw_stays_inside(self) -> None:
        for kind in OTHERS:
            for where in ("create", "open", "submit", "drain", "close"):
                with self.subTest(kind=kind, where=where):
                    done = self.run_quick("q1", "throws", "--plugin-path", self.built[kind]["throws"], "--where", where, code=FAILED)
                    self.assertIn(f"thrown on purpose in {where}", done.stderr)
            # A class of exceptions with a status in it is told from others.
            with self.subTest(kind=kind):
                self.error("run", "--workload", "q1", "-b", "redis", "--quick", "--plugin-path", self.built[kind]["redis"],
                           "--set", "redis.server=/none", code=UNAVAILABLE, says="there is no program '/none'")


if __name__ == "__main__":
    unittest.main()

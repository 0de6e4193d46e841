"""The wheel: in an environment of its own, what the Python package's users do; and alone in a Debian that has nothing else."""
from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile

from clean_root import LIMIT_S, CleanRoot
from test_debian import DIST, VERSION

(WHEEL,) = DIST.glob("sage_host-*.whl")
LATE = "the load generator was late"  # on a busy machine: an honest answer, and not what these tests are about


class Wheel(unittest.TestCase):
    def test_it_says_what_it_is(self) -> None:
        self.assertEqual(WHEEL.name, f"sage_host-{VERSION}-py3-none-linux_{os.uname().machine}.whl")
        with zipfile.ZipFile(WHEEL) as archive:
            names = archive.namelist()
            metadata = archive.read(f"sage_host-{VERSION}.dist-info/METADATA").decode()
            self.assertIn(b"OpenSSL", archive.read("sage_host/lib/sage-host/libcrypto.so.3.copyright"))
        self.assertIn(f"\nVersion: {VERSION}\n", metadata)
        self.assertTrue(any(name.endswith("licenses/LICENSE") for name in names))
        self.assertEqual([name for name in names if not name.startswith(("sage_host/", f"sage_host-{VERSION}.dist-info/"))], [])
        self.assertEqual([name for name in names if ".debug" in name or "__pycache__" in name], [])
        # What it brings of others comes with their licences.
        libraries = [name for name in names if re.match(r"sage_host/lib/sage-host/lib[^/]*\.so(\.\d+)*$", name)]
        self.assertGreater(len(libraries), 4)
        self.assertEqual([name for name in libraries if f"{name}.copyright" not in names], [])

    def test_it_brings_its_libraries(self) -> None:
        root = CleanRoot()
        self.addCleanup(root.remove)
        root.install("libstdc++6")
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--root-user-action=ignore", "--no-deps", "--target", folder, WHEEL], timeout=LIMIT_S, check=True)
            root.bring(pathlib.Path(folder) / "sage_host", "opt")
        done = root.run("/opt/sage_host/bin/sage-host", "run", "--all", "--backend", "mock", "--quick")
        self.assertEqual(len(re.findall(r"(?m)^q\d-mock-\S+ +ok$", done.stdout)), 8, done.stdout)


class Environment(unittest.TestCase):
    folder: pathlib.Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="sage-wheel-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        subprocess.run([sys.executable, "-m", "venv", cls.folder / "venv"], timeout=LIMIT_S, check=True)
        cls.pip("install", str(WHEEL))

    @classmethod
    def pip(cls, *words: str) -> None:
        subprocess.run([cls.folder / "venv" / "bin" / "pip", "-q", *words], timeout=LIMIT_S, check=True)

    def words(self, *words: str) -> list[str]:
        return [str(self.folder / "venv" / "bin" / "python"), *words]

    def python(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(self.words(*words), cwd=self.folder, text=True, capture_output=True, stdin=subprocess.DEVNULL,
                              timeout=LIMIT_S, check=False)
        if not (code == 0 and done.returncode == 4 and LATE in done.stderr):
            self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}\n{done.stderr}")
        return done

    def test_the_program_is_there_under_both_names(self) -> None:
        told = self.python("-m", "sage_host", "--version").stdout
        self.assertTrue(told.startswith(f"sage-host {VERSION}\n"))
        script = subprocess.run([self.folder / "venv" / "bin" / "sage-host", "--version"], text=True, capture_output=True,
                                timeout=LIMIT_S, check=True)
        self.assertEqual(script.stdout, told)
        self.assertEqual(self.python("-c", "import sage_host; print(sage_host.__version__)").stdout, f"{VERSION}\n")

    def test_exit_codes_and_a_closed_pipe_are_the_programs_own(self) -> None:
        self.python("-m", "sage_host", "run", "--workload", "nothing", code=2)
        with subprocess.Popen(self.words("-m", "sage_host", "help"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.close()
            self.assertEqual(process.wait(LIMIT_S), -signal.SIGPIPE)

    def test_a_signal_reaches_the_run(self) -> None:
        out = self.folder / "interrupted"
        with subprocess.Popen(self.words("-m", "sage_host", "run", "--workload", "q6", "-b", "threads", "--duration", "300", "--output-dir", str(out)),
                              cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            end = time.monotonic() + LIMIT_S
            while not any('"interval"' in file.read_text() for file in out.glob("*/records.jsonl")):
                self.assertIsNone(process.poll())
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=LIMIT_S)
            self.assertEqual(process.returncode, 130)
        (record,) = (json.loads(file.read_text()) for file in out.glob("*/unified_results.jsonl"))
        self.assertEqual(record["metadata"]["status"], "interrupted")

    def test_results_are_a_frame(self) -> None:
        failed = self.python("-c", "import sage_host; sage_host.read_results('.')", code=1)
        self.assertIn("pip install 'sage-host[pandas]'", failed.stderr)
        self.pip("install", f"{WHEEL}[pandas]")
        quick = ("--quick", "--output-dir", "frames")
        self.python("-m", "sage_host", "run", "--experiment", "Q6", "--backend", "threads", *quick)
        self.python("-m", "sage_host", "pair", "--workload", "q6", "--backends", "mock,threads", "--repeat", "1", *quick)
        read = """
import json, pandas, sage_host, sys
frame = sage_host.read_results("frames")
print(json.dumps({"rows": len(frame), "columns": list(frame.columns), "types": {name: str(frame[name].dtype) for name in frame},
                  "backends": sorted(frame["backend"]), "positive": bool((frame["throughput"] > 0).all()),
                  "rates": sorted(frame["metadata.config.load.rate"].unique())}))
one = sage_host.read_results(frame["file"][0])
assert list(one.columns[:15]) == list(frame.columns[:15]) and one["run_id"].isin(frame["run_id"]).all()
"""
        told = json.loads(self.python("-c", read).stdout)
        self.assertEqual((told["rows"], told["backends"], told["positive"]), (3, ["mock", "threads", "threads"], True))
        self.assertEqual(told["columns"][:16], [
            "backend", "workload", "run_id", "seed", "nodes", "parallelism", "throughput", "latency_p50", "latency_p95", "latency_p99",
            "success_rate", "duration_seconds", "timestamp", "config_hash", "backend_hash", "file"])
        self.assertEqual((told["types"]["seed"], told["types"]["latency_p99"], told["types"]["success_rate"]), ("Int64", "float64", "float64"))
        self.assertEqual(len(told["rates"]), 1)
        for wrong, says in (("nowhere", "no unified_results.jsonl"), ("broken", "unified_results.jsonl:1: this is no unified record")):
            (self.folder / "broken").mkdir(exist_ok=True)
            (self.folder / "broken" / "unified_results.jsonl").write_text("{}\n")
            failed = self.python("-c", f"import sage_host; sage_host.read_results({wrong!r})", code=1)
            self.assertIn(says, failed.stderr)

    def test_runtimes_in_python_run_from_it(self) -> None:
        for backend in ("sage", "ray"):
            with self.subTest(backend):
                self.python("-m", "sage_host", "setup", backend)
                self.python("-m", "sage_host", "run", "--experiment", "Q1", "--quick", "--backend", backend, "--output-dir", backend)
                (record,) = (json.loads(file.read_text()) for file in (self.folder / backend).glob("*/unified_results.jsonl"))
                library = record["metadata"]["environment"]["backend"]["library"]
                self.assertTrue(library.startswith(str(self.folder.resolve())), library)
                self.assertEqual(record["success_rate"], 1)


if __name__ == "__main__":
    unittest.main()

"""Commands that run nothing: help, list, describe, explain, doctor, plugin check, version."""
from __future__ import annotations

import json
import shutil
import unittest

from harness import BROKEN, FAILED, HOST, PLUGINS, USAGE, Case


class Help(Case):
    def test_overview_names_every_command_and_a_first_run(self) -> None:
        for args in ([], ["--help"], ["help"], ["-h"]):
            text = self.host(*args).stdout
            for command in ("run", "list", "describe", "explain", "doctor", "plugin new", "plugin check", "version"):
                self.assertRegex(text, rf"(?m)^  {command} ")
            self.assertIn("sage-host run --workload q6 --backend threads --quick", text)

    def test_every_command_explains_itself(self) -> None:
        for command in ("run", "list", "describe", "explain", "doctor", "plugin new", "plugin check", "version", "help"):
            self.assertEqual(self.host(*command.split(), "--help").stderr, "")
        self.assertEqual(self.host("help", "run").stdout, self.host("run", "--help").stdout)

    def test_run_help_shows_every_shared_flag(self) -> None:
        text = self.host("run", "--help").stdout
        for flag in ("--workload", "--all", "--backend", "--nodes", "--parallelism", "--repeat", "--seed",
                     "--output-dir", "--quick", "--dry-run", "--verbose", "--warmup-items", "--parity-batch-size",
                     "--scheduler", "--config", "--set", "--rate", "--total-requests", "--duration", "--arrival"):
            self.assertIn(flag, text)

    def test_run_help_shows_the_options_of_both_plugins(self) -> None:
        text = self.host("run", "--workload", "q6", "-b", "threads", "--help").stdout
        self.assertIn("options of workload q6", text)
        self.assertIn("--transfer-share", text)
        self.assertIn("options of backend threads", text)
        self.assertIn("default 90, quick 200", text)  # q6's own defaults of the load

    def test_help_loads_no_code(self) -> None:
        shutil.copytree(PLUGINS, self.dir / "plugins", ignore=shutil.ignore_patterns("*.so"))
        env = {"SAGE_PLUGIN_PATH": str(self.dir / "plugins")}
        self.host("run", "--workload", "q6", "-b", "threads", "--help", env=env)
        self.host("describe", "q6", env=env)

    def test_unknown_command(self) -> None:
        self.error("rnu", says=("unknown command 'rnu'", "did you mean 'run'"))


class Catalog(Case):
    def test_list(self) -> None:
        text = self.host("list").stdout
        for plugin_id in ("q1", "q6", "threads", "mock"):
            self.assertRegex(text, rf"(?m)^(workload|backend) +{plugin_id} ")

    def test_list_json(self) -> None:
        entries = json.loads(self.host("list", "--json").stdout)
        q6 = next(e for e in entries if e["id"] == "q6")
        self.assertEqual((q6["kind"], q6["name"], q6["state"]), ("workload", "BurstTown", "usable"))

    def test_list_all_tells_why_a_manifest_is_left_out(self) -> None:
        self.write("bad/broken.toml", "schema = 1\nkind = 7\n")
        shutil.copy(PLUGINS / "q6.toml", self.dir / "bad" / "q6.toml")
        text = self.host("list", "--all", "--plugin-path", self.dir / "bad").stdout
        self.assertRegex(text, r"broken\.toml .*broken +.*broken\.toml:2")
        self.assertRegex(text, r"q6 .*shadowed")
        self.assertIn("list --all", self.host("list", "--plugin-path", self.dir / "bad").stderr)

    def test_describe(self) -> None:
        text = self.host("describe", "BurstTown").stdout
        for part in ("q6 BurstTown", "burst_priority", "requires", "--transfer-share", "--work-us", "us", "--rate"):
            self.assertIn(part, text)
        self.error("describe", "qq6", says=("'qq6'", "did you mean 'q6'"))
        self.error("describe", says="which one")

    def test_every_name_of_a_workload_is_accepted(self) -> None:
        for name in ("Q6", "q6", "BurstTown", "bursttown", "burst_priority"):
            self.host("run", "--workload", name, "-b", "mock", "--dry-run")


class Explain(Case):
    def test_one_metric(self) -> None:
        text = self.host("explain", "slo_attainment").stdout
        self.assertIn("slo_attainment", text)

    def test_all_and_a_typo(self) -> None:
        self.assertIn("throughput", self.host("explain").stdout)
        self.error("explain", "throughputt", says="did you mean 'throughput'")


class Doctor(Case):
    def test_says_what_is_there(self) -> None:
        text = self.host("doctor", "--output-dir", self.out).stdout
        for part in ("workload q6", "backend threads", "sleep error", "cores", "GiB free"):
            self.assertIn(part, text)
        self.assertEqual(self.folders(), [])

    def test_survives_and_reports_a_bad_plugin(self) -> None:
        text = self.host("doctor", "--plugin-path", BROKEN / "no_entry", code=FAILED).stdout
        self.assertRegex(text, r"BROKEN +backend no.entry +.*sage_entry_v1")


class PluginCheck(Case):
    def test_shipped_plugins_pass(self) -> None:
        for manifest in sorted(PLUGINS.glob("*.toml")):
            self.host("plugin", "check", manifest, "--no-runs")

    def test_each_broken_one_fails_with_its_reason(self) -> None:
        for name, reason in (("no_entry", "sage_entry_v1"), ("extra_exports", "also exports"), ("newer_abi", "abi"),
                             ("false_manifest", "manifest"), ("refuses", "")):
            manifest = next((BROKEN / name).glob("*.toml"))
            text = self.host("plugin", "check", manifest, code=FAILED).stdout
            self.assertRegex(text, rf"(?m)^BROKEN .*{reason}")

    def test_needs_a_file(self) -> None:
        self.error("plugin", "check", says="FILE.toml")
        self.host("plugin", "check", "nowhere.toml", code=FAILED)


class Version(Case):
    def test_host_and_abi(self) -> None:
        for args in (["version"], ["--version"]):
            self.assertRegex(self.host(*args).stdout, r"sage-host \d+\.\d+\.\d+\nplugin ABI 1\.\d+\n")
        self.error("version", "--lod", code=USAGE, says="unknown flag --lod")

    def test_a_full_standard_output_is_an_error(self) -> None:
        import subprocess
        with open("/dev/full", "w") as full:
            done = subprocess.run([HOST, "version"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("cannot write to standard output: No space left on device", done.stderr)


if __name__ == "__main__":
    unittest.main()

"""Completion of bash, zsh and fish, manual pages, the width of every help, and what a mistyped command is answered."""
from __future__ import annotations

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import unittest

from harness import BUILD, HOST, LIMIT_S, PLUGINS, Case, environment

FLAG = r"--[a-z][a-z-]*"
PATH = f"{HOST.resolve().parent}{os.pathsep}{os.environ['PATH']}"


class Shell(Case):
    def commands(self) -> list[str]:
        return re.findall(r"^  ([a-z]+(?: [a-z]+)?)  +\w", self.host("help").stdout, re.M)

    def flags(self, command: str) -> set[str]:
        """Of its help: what stands in front of a line. The help is made of the definitions."""
        lines = re.findall(rf"^  ({FLAG}.*?)(?:  |$)", self.host(*command.split(), "--help").stdout, re.M)
        return {name for line in lines for name in re.findall(FLAG, line)}

    def shell(self, *words: str, **env: str) -> str:
        done = subprocess.run(words, cwd=self.dir, env=environment(PATH=PATH, **env), text=True, capture_output=True,
                              timeout=LIMIT_S, stdin=subprocess.DEVNULL, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return done.stdout

    def needs(self, program: str) -> None:
        if shutil.which(program) is None:
            self.skipTest(f"{program} is not installed")

    def script(self, shell: str) -> pathlib.Path:
        return self.write(f"completion.{shell}", self.host("completion", shell).stdout)


class Scripts(Shell):
    def test_syntax(self) -> None:
        for shell in ("bash", "zsh", "fish"):
            with self.subTest(shell):
                self.needs(shell)
                self.shell(shell, "-n", str(self.script(shell)))

    def test_every_flag_is_in_each(self) -> None:
        scripts = {shell: self.script(shell).read_text() for shell in ("bash", "zsh", "fish")}
        commands = self.commands()
        self.assertIn("completion", commands)
        for command in commands:
            with self.subTest(command):
                (line,) = re.findall(rf"^ +'{command}'\) flags=\((.*)\) ;;$", scripts["bash"], re.M)
                (specs,) = re.findall(rf"^ +'{command}'\)\n +specs=\(\n(.*?)^ +\)$", scripts["zsh"], re.M | re.S)
                fish = re.findall(rf"^complete -c sage-host -n '__sage_host_in \\'{command}\\''(.*)", scripts["fish"], re.M)
                for flag in sorted(self.flags(command) | {"--help"}):
                    self.assertIn(f"'{flag}'", line)
                    self.assertRegex(specs, rf"(?m)^ +'[^']*\)?{flag}[=\[]")
                    self.assertTrue(any(f" -l {flag[2:]} " in each for each in fish), f"fish: {flag}")

    def test_what_is_asked_for(self) -> None:
        self.assertEqual(self.host("completion", "workloads").stdout.split(), [f"q{n}" for n in range(1, 9)])
        self.assertEqual(self.host("completion", "backends").stdout.split(), ["mock", "ray", "sage", "threads"])
        self.assertIn("latency_p99", self.host("completion", "metrics").stdout.split())
        self.assertIn("--transfer-share", self.host("completion", "options", "q6,threads,nowhere").stdout.split())
        self.error("completion", "bash", "zsh", says="unexpected argument 'zsh'")
        self.error("completion", says="bash, zsh or fish")
        self.error("completion", "bsh", says=("'bsh'", "did you mean 'bash'"))

    def test_broken_plugins_are_passed_over(self) -> None:
        self.write("bad/broken.toml", "schema = 1\nkind = 7\n")
        done = self.host("completion", "backends", "--plugin-path", self.dir / "bad")
        self.assertIn("threads", done.stdout.split())
        self.assertEqual(done.stderr, "")


class Bash(Shell):
    def complete(self, *words: str, **env: str) -> list[str]:
        """What is offered for the last of `words`, which stand behind `sage-host`."""
        typed = " ".join(map(shlex.quote, ("sage-host", *words)))
        driver = (f"source {shlex.quote(str(self.script('bash')))}; COMP_WORDS=({typed}); COMP_CWORD={len(words)}; _sage_host; "
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        return self.shell("bash", "--norc", "-c", driver, **env).split("\n")[:-1]

    def test_commands(self) -> None:
        self.assertEqual(self.complete("re"), ["report", "rerun"])
        words = {command.split()[0] for command in self.commands()}
        self.assertEqual(set(self.complete("")), words | {"--help", "--version"})
        self.assertEqual(self.complete("plugin", "c"), ["check"])
        self.assertEqual(self.complete("help", "plug"), ["plugin"])
        self.assertEqual(self.complete("man", "plugin", ""), ["new", "check"])
        self.assertEqual(self.complete("completion", ""), ["bash", "zsh", "fish"])

    def test_flags(self) -> None:
        for command in self.commands():
            with self.subTest(command):
                self.assertEqual(self.flags(command) - set(self.complete(*command.split(), "--")), set())
        self.assertEqual(self.complete("run", "--quick", "--ra"), ["--rate"])
        self.assertEqual(self.complete("run", "--rate", "5", "--parity-b"), ["--parity-batch-size"])

    def test_choices(self) -> None:
        self.assertEqual(self.complete("run", "--request-log", ""), ["none", "jsonl", "binary"])
        # As bash takes it apart, and as it is where '=' is none of COMP_WORDBREAKS.
        for words in (("--by", "in"), ("--by", "=", "in"), ("--by=in",)):
            self.assertEqual(self.complete("compare", *words), ["input"])
        self.assertEqual(self.complete("compare", "--by", "="), ["backend", "input", "scheduler", "side"])
        self.assertEqual(self.complete("run", "--seed", ""), [""], "any number")

    def test_ids(self) -> None:
        self.assertEqual(self.complete("run", "-b", "thr"), ["threads"])
        self.assertEqual(self.complete("run", "--workload", "q"), [f"q{n}" for n in range(1, 9)])
        self.assertEqual(self.complete("run", "--experiment", "=", "q6,q8"), ["q6,q8"])
        self.assertEqual(self.complete("pair", "--backends", "mock,t"), ["mock,threads"])
        self.assertEqual(self.complete("describe", "sa"), ["sage"])
        self.assertEqual(self.complete("setup", "r"), ["ray"])
        self.assertEqual(self.complete("explain", "latency_p99"), ["latency_p99", "latency_p999"])

    def test_ids_are_those_installed_now(self) -> None:
        (self.dir / "plugins").mkdir()
        text = (PLUGINS / "mock.toml").read_text().replace('id = "mock"', 'id = "mine"')
        self.write("plugins/mine.toml", text)
        self.assertEqual(self.complete("run", "-b", "", SAGE_PLUGIN_PATH=str(self.dir / "plugins")), ["mine"])

    def test_options_of_the_plugins_that_are_named(self) -> None:
        for named in (("--workload", "q6"), ("--workload", "=", "q1,q6"), ("--workload=Q6",), ("--quick", "--experiment", "BurstTown")):
            self.assertEqual(self.complete("run", *named, "--transfer-s"), ["--transfer-share"])
        self.assertEqual(self.complete("run", "--workload", "q1", "--transfer-s"), [""])
        self.assertIn("--clock", self.complete("run", "--workload", "q6", "-b", "mock", "--"))
        self.assertIn("--clock", self.complete("pair", "--backends", "threads,mock", "--"))
        self.assertEqual(self.complete("run", "--workload", "nowhere", "--workl"), ["--workload"])

    def test_files_and_folders(self) -> None:
        for name in ("traces/a b.csv", "traces/c.csv", "trails.txt"):
            self.write(name, "")
        self.assertEqual(sorted(self.complete("run", "--trace", "traces/")), ["traces/a b.csv", "traces/c.csv"])
        for typed in ("traces/a\\ ", "'traces/a ", '"traces/a '):
            self.assertEqual(self.complete("run", "--trace", typed), ["traces/a b.csv"])
        self.assertEqual(self.complete("run", "--output-dir", "tra"), ["traces"])
        self.assertEqual(sorted(self.complete("compare", "tra")), ["traces", "trails.txt"])
        self.assertEqual(self.complete("run", "--plugin-path", "=", "/tmp", ":", "tra"), ["traces"])

    def test_what_is_typed_is_never_run(self) -> None:
        mark = self.dir / "mark"
        for text in (f"$(touch {mark})", f"`touch {mark}`", f"a[$(touch {mark})]", f"; touch {mark}", f"'$(touch {mark})"):
            for words in ((text,), (text, text), ("run", text), ("run", "--workload", text), ("run", "--output-dir", text),
                          ("run", "-b", "=", text), ("run", text, "--ra"), ("run", "--workload", text, "-b", text, "--"), ("plugin", text, text), ("help", text, ""),
                          ("run", "--arrival", f"x,{text}"), ("run", "--plugin-path", text, ":", text)):
                self.complete(*words)
        self.assertFalse(mark.exists())


class OtherShells(Shell):
    def fish(self, line: str) -> list[str]:
        out = self.shell("fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", str(self.script("fish")), line,
                         HOME=str(self.dir))
        return sorted(each.split("\t")[0] for each in out.splitlines())

    def test_fish(self) -> None:
        self.needs("fish")
        self.assertEqual(self.fish("sage-host re"), ["report", "rerun"])
        self.assertEqual(self.fish("sage-host plugin "), ["check", "new"])
        self.assertEqual(self.fish("sage-host run --parity-b"), ["--parity-batch-size"])
        self.assertEqual(self.fish("sage-host compare --by "), ["backend", "input", "scheduler", "side"])
        self.assertEqual(self.fish("sage-host run -b "), ["mock", "ray", "sage", "threads"])
        self.assertEqual(self.fish("sage-host run --workload q1,q8"), ["q1,q8"])
        self.assertEqual(self.fish("sage-host run --workload q6 -b mock --transfer-s"), ["--transfer-share"])
        self.assertEqual(self.fish("sage-host run --workload=q6 --transfer-s"), ["--transfer-share"])
        mark = self.dir / "mark"
        self.fish(f"sage-host run --workload (touch {mark})")
        self.fish(f"sage-host run --workload (touch {mark}) --")
        self.fish(f"sage-host (touch {mark}) ")
        self.assertFalse(mark.exists())

    def test_zsh_reads_the_specifications(self) -> None:
        """Each as one word: `_arguments` itself works only within the line editor."""
        self.needs("zsh")
        script = f"compdef() {{ :; }}; source {shlex.quote(str(self.script('zsh')))}; _sage_host_specs run; print -rl -- $specs"
        specs = self.shell("zsh", "-f", "-c", script).splitlines()
        self.assertIn("(--backend -b)-b+[what runs it]:ID:_sage_host_backends", specs)
        self.assertIn("(--request-log)--request-log=[log single requests]:none|jsonl|binary:('none' 'jsonl' 'binary')", specs)
        self.assertEqual(len([each for each in specs if not re.match(r"(\([-\w ]+\)|\*)-", each)]), 0)

    def test_zsh_asks_for_the_options_of_plugins(self) -> None:
        self.needs("zsh")
        mark = self.dir / "mark"
        words = shlex.join(("run", f"$(touch {mark})", "--workload", "q6", f"x]$(touch {mark})", "-b", f"`touch {mark}`", "--tr"))
        script = (f"compdef() {{ :; }}; source {shlex.quote(str(self.script('zsh')))}; specs=(); words=({words}); CURRENT=8; "
                  "_sage_host_options; print -rl -- $specs")
        self.assertIn("(--transfer-share)--transfer-share=[an option of the plugins]:value: ",
                      self.shell("zsh", "-f", "-c", script).splitlines())
        self.assertFalse(mark.exists())


class Manual(Shell):
    def pages(self) -> dict[str, str]:
        self.host("man", "--output-dir", self.dir / "man")
        return {file.name: file.read_text() for file in (self.dir / "man").iterdir()}

    def test_a_page_for_each_command(self) -> None:
        pages = self.pages()
        names = {f"sage-host-{command.replace(' ', '-')}.1" for command in self.commands()}
        self.assertEqual(set(pages), names | {"sage-host.1"})
        self.assertEqual(self.host("man").stdout, pages["sage-host.1"])
        self.assertEqual(self.host("man", "plugin", "check").stdout, pages["sage-host-plugin-check.1"])
        self.error("man", "rn", says="did you mean 'run'")
        self.error("man", "run", "now", says="unknown command 'run now'")
        for name, text in pages.items():
            for part in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "SEE ALSO"):
                self.assertIn(f"\n.SH {part}\n", text, name)

    def test_every_flag_is_in_its_page(self) -> None:
        for command in self.commands():
            with self.subTest(command):
                text = self.host("man", *command.split()).stdout.replace("\\-", "-")
                self.assertEqual(sorted(flag for flag in self.flags(command) if f"\\fB{flag}\\fR" not in text), [])
        text = self.host("man", "run").stdout.replace("\\-", "-")
        self.assertIn("(default 40, 0.001 to 100000000, in 1/s)", text)
        self.assertIn("\n.SH ENVIRONMENT\n", text)
        self.assertIn("\n.SH FILES\n", text)

    def test_no_checker_complains(self) -> None:
        pages = self.pages()
        for checker in ("mandoc -Tlint -W warning", "groff -man -Tutf8 -ww"):
            words = checker.split()
            with self.subTest(words[0]):
                self.needs(words[0])
                for name in pages:
                    out = self.shell(*words, str(self.dir / "man" / name))
                    self.assertEqual(out if words[0] == "mandoc" else "", "")

    @unittest.skipUnless((BUILD / "host" / "share.stamp").exists(), "the manual pages are not built")
    def test_what_is_installed(self) -> None:
        self.needs("cmake")
        self.shell("cmake", "--install", str(BUILD.resolve()), "--component", "shell", "--prefix", str(self.dir / "prefix"))
        share = self.dir / "prefix" / "share"
        for path, words in (("man/man1/sage-host.1", ("man",)), ("bash-completion/completions/sage-host", ("completion", "bash")),
                            ("zsh/site-functions/_sage-host", ("completion", "zsh")),
                            ("fish/vendor_completions.d/sage-host.fish", ("completion", "fish"))):
            self.assertEqual((share / path).read_text(), self.host(*words).stdout)


class Help(Shell):
    def test_every_help_fits_in_80_columns(self) -> None:
        pages = [(), ("plugin", "--help"), *((*command.split(), "--help") for command in self.commands())]
        pages += [("run", "--workload", f"q{n}", "-b", backend, "--help")
                  for n, backend in enumerate(("mock", "threads", "sage", "ray") * 2, 1)]
        for words in pages:
            with self.subTest(words):
                self.assertEqual([line for line in self.host(*words).stdout.splitlines() if len(line) > 80], [])

    def test_a_group_tells_its_commands(self) -> None:
        text = self.host("plugin", "--help").stdout
        self.assertRegex(text, r"(?m)^  plugin check  try whether a plugin")
        self.assertEqual(self.host("help", "plugin").stdout, text)
        self.error("plugin", says=("which of its commands", "check", "sage-host plugin --help"))

    def test_the_nearest_command_is_named(self) -> None:
        for words, says in ((("rnu",), "'run'"), (("plguin", "check"), "'plugin'"), (("plugin", "chekc"), "'check'"),
                            (("chek",), "'plugin check'"), (("help", "comparee"), "'compare'"),
                            (("help", "plugin", "chek"), "'check'")):
            with self.subTest(words):
                self.error(*words, says=("unknown command", f"did you mean {says}"))


if __name__ == "__main__":
    unittest.main()

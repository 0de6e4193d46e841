"""Runs the commands that a page of the documentation shows.

Every ```sh block of the page is run, in order, in one scratch folder with sage-host on the PATH. A command is a line, or several that
end in a backslash. `# exit 5` at its end states the exit code that it is to have; otherwise it is 0. Blocks in other languages
(```text, ```console, ```toml) are not run.
"""
from __future__ import annotations

import os
import pathlib
import re
import subprocess
from collections.abc import Iterable

from harness import HOST, INVALID, LIMIT_S, OK, Case, environment

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"


def commands(page: str) -> list[tuple[int, str]]:
    """The commands of docs/<page>, as (line number, text)."""
    found: list[tuple[int, str]] = []
    inside, begun, text = False, 0, ""
    for number, line in enumerate((DOCS / page).read_text().splitlines(), 1):
        if line.startswith("```"):
            inside = line.strip() == "```sh"
            continue
        if not inside or (not text and (not line.strip() or line.lstrip().startswith("#"))):
            continue
        begun = begun if text else number
        text += line
        if line.endswith("\\"):
            text = text[:-1] + " "
            continue
        found.append((begun, text))
        text = ""
    return found


def run_page(case: Case, page: str, instead: Iterable[tuple[str, str]] = (), env: dict[str, str] | None = None) -> int:
    """Runs them in `case.dir` and checks their exit codes. `instead`: pairs (pattern, replacement) for what a test cannot do, such as
    backends that are not installed. Returns how many ran."""
    path = f"{HOST.resolve().parent}{os.pathsep}{os.environ['PATH']}"
    ran = 0
    for number, shown in commands(page):
        text = shown
        for pattern, replacement in instead:
            text = re.sub(pattern, replacement, text)
        expected = re.search(r"#\s*exit (\d+)\s*$", text)
        code = int(expected.group(1)) if expected else OK
        done = subprocess.run(["bash", "-c", text], cwd=case.dir, env=environment(PATH=path, **(env or {})), text=True,
                              capture_output=True, timeout=LIMIT_S, check=False)
        # A busy machine makes a run INVALID: an honest answer, and not what the page is about.
        late = done.returncode == INVALID and "the load generator was late" in done.stderr
        if not late:
            case.assertEqual(done.returncode, code,
                             f"docs/{page}:{number}: {text}\nstdout: {done.stdout}\nstderr: {done.stderr}")
        ran += 1
    case.assertGreater(ran, 0, f"docs/{page} shows no command")
    return ran

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
from dataclasses import dataclass, field

from harness import HOST, INVALID, LIMIT_S, OK, Case, environment

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
LATE = "the load generator was late"
Instead = Iterable[tuple[str, str]]  # pairs (pattern, replacement) for what a test cannot do, such as backends that are not installed


@dataclass
class Block:
    language: str  # "sh"
    line: int      # of its first one, in the page
    before: str    # the line of text before it
    lines: list[str] = field(default_factory=list)


def blocks(page: str) -> list[Block]:
    """The fenced blocks of docs/<page>."""
    found: list[Block] = []
    inside, before = False, ""
    for number, line in enumerate((DOCS / page).read_text().splitlines(), 1):
        if line.startswith("```"):
            inside = not inside
            if inside:
                found.append(Block(line[3:].strip(), number + 1, before))
        elif inside:
            found[-1].lines.append(line)
        elif line.strip():
            before = line
    return found


def commands_of(block: Block) -> list[tuple[int, str]]:
    """As (line number, text)."""
    found: list[tuple[int, str]] = []
    begun, text = 0, ""
    for number, line in enumerate(block.lines, block.line):
        if not text and (not line.strip() or line.lstrip().startswith("#")):
            continue
        begun = begun if text else number
        text += line
        if line.endswith("\\"):
            text = text[:-1] + " "
            continue
        found.append((begun, text))
        text = ""
    return found


def run_block(case: Case, page: str, block: Block, instead: Instead = (), env: dict[str, str] | None = None) -> str:
    """Runs its commands in `case.dir`, checks their exit codes, and returns what they said."""
    path = f"{HOST.resolve().parent}{os.pathsep}{os.environ['PATH']}"
    said = ""
    for number, shown in commands_of(block):
        text = shown
        for pattern, replacement in instead:
            text = re.sub(pattern, replacement, text)
        expected = re.search(r"#\s*exit (\d+)\s*$", text)
        code = int(expected.group(1)) if expected else OK
        done = subprocess.run(["bash", "-c", text], cwd=case.dir, env=environment(PATH=path, **(env or {})), text=True,
                              capture_output=True, timeout=LIMIT_S, check=False)
        # A busy machine makes a run INVALID: an honest answer, and not what the page is about.
        late = LATE in done.stderr + done.stdout and done.returncode != OK
        if not (late and (done.returncode == INVALID or text.startswith("ctest "))):
            case.assertEqual(done.returncode, code,
                             f"docs/{page}:{number}: {text}\nstdout: {done.stdout}\nstderr: {done.stderr}")
        said += done.stdout + done.stderr
    return said


def shell_blocks(page: str) -> list[Block]:
    return [block for block in blocks(page) if block.language == "sh"]


def commands(page: str) -> list[tuple[int, str]]:
    """The commands of docs/<page>, as (line number, text)."""
    return [command for block in shell_blocks(page) for command in commands_of(block)]


def run_page(case: Case, page: str, instead: Instead = (), env: dict[str, str] | None = None) -> int:
    """Runs all of them. Returns how many ran."""
    for block in shell_blocks(page):
        run_block(case, page, block, instead, env)
    ran = len(commands(page))
    case.assertGreater(ran, 0, f"docs/{page} shows no command")
    return ran

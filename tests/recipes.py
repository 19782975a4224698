"""The pages docs/add-a-*.md as steps, and how a stranger follows them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from tests.started import run_python, run_snakemake
from tests.workflow.conftest import Clone

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"^( *)```(sh|yaml|python)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# ([\w./-]+\.\w+)(, changed)?\n")


@dataclass(frozen=True)
class Step:
    """One block of a page: commands, or a file that is written, or lines of a file that are changed."""

    text: str
    path: str = ""
    changed: bool = False

    @property
    def runs(self) -> bool:
        """Whether it runs jobs."""
        return not self.path and "snakemake" in self.text and " -n " not in self.text


def steps(kind: str) -> list[Step]:
    """The blocks of ``docs/add-a-{kind}.md``; others than of sh, or with a path in their first line, are only to be read."""
    found = []
    for _, language, text in BLOCK.findall((DOCS / f"add-a-{kind}.md").read_text()):
        text = dedent(text)
        file = FILE.match(text)
        if language == "sh":
            found.append(Step(text))
        elif file:
            found.append(Step(text[file.end() :], file[1], bool(file[2])))
    return found


def follow(step: Step, clone: Clone) -> str:
    """Do it in a copy of the project; returns what commands print."""
    if not step.path:
        return "".join(run(line, clone) for line in step.text.splitlines() if line)
    file = clone.folder / step.path
    if not step.changed:
        assert not file.exists(), f"{step.path} is there already"
        file.write_text(step.text)
        return ""
    lines = file.read_text().split("\n")
    for line in filter(None, step.text.split("\n")):
        key = line.partition(":")[0].partition("=")[0].strip()
        places = [place for place, there in enumerate(lines) if re.match(rf"{re.escape(key)}\s*[:=]", there.strip())]
        assert len(places) == 1, f"{step.path}: '{key}' stands in {len(places)} lines"
        margin = len(lines[places[0]]) - len(lines[places[0]].lstrip())
        lines[places[0]] = " " * margin + line.strip()
    file.write_text("\n".join(lines))
    return ""


def run(command: str, clone: Clone) -> str:
    """A command line of a page; programs of ``.venv/bin`` are those of this test's own environment."""
    program, *rest = shlex.split(command)
    assert program.startswith(".venv/bin/"), command
    name = program.removeprefix(".venv/bin/")
    if name == "snakemake":
        done = run_snakemake(rest, clone.folder, clone.environment())
    else:
        done = run_python([*([] if name == "python" else ["-m", name]), *rest], clone.folder, clone.environment())
    assert done.returncode == 0, f"{command} failed:\n{done.stdout[-6000:]}"
    return done.stdout

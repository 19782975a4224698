"""Fenced blocks of README, CONTRIBUTING and docs/: what each is, and the commands in it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
PROGRAMS = ("make", "lethe", "snakemake", "python", "pytest", "pre-commit", "cp", "read", "pip", "tensorboard")
CHECKED_ELSEWHERE = {
    "add-a-*.md": "followed step by step by tests/workflow/test_recipes.py",
    "read-the-tables.md": "run, and its answers compared, by tests/workflow/test_tables.py",
}
"""Pages that are left out -> why."""
NOT_CHECKED = {
    "read -rs ZENODO_TOKEN": "asks for a token",
    "pip install tensorboard": "installs from elsewhere",
    "tensorboard --logdir": "a server that waits",
    "cp config/own.yaml my.yaml": "copies a file",
    "data/own/": "a tree of folders",
    "results/{world}/figures/{template}/{parameters}.png": "the form of a path",
    "V = max(": "a formula",
}
"""How a block's line begins that no test looks at -> why."""


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.text.strip().splitlines()[0][:60]}"


@dataclass(frozen=True)
class Command:
    """One command of a block.

    Attributes:
        program: without its folder. words: what follows, comments left out, braces written out as a shell does.
    """

    page: str
    program: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {self.program} {' '.join(self.words)[:80]}"


def blocks() -> list[Block]:
    """Every fenced block but those of pages that another test follows."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        Block(page.relative_to(ROOT).as_posix(), language, dedent(text))
        for page in pages
        if not any(map(page.match, CHECKED_ELSEWHERE))
        for _, language, text in FENCE.findall(page.read_text("utf-8"))
    ]


def is_command(block: Block) -> bool:
    """Whether a shell reads it: it is said to be so, or has no language and begins with a program."""
    first = block.text.split()[0].rpartition("/")[2]
    return block.language in ("sh", "bash") or (not block.language and first in PROGRAMS)


def reason(line: str) -> str:
    """Why no test looks at a line; empty: one does."""
    return next((why for begins, why in NOT_CHECKED.items() if line.startswith(begins)), "")


def commands(block: Block) -> Iterator[Command]:
    """The commands of a block, those without a test left out.

    A value in quotes may go over several lines, as a shell allows.
    """
    pending = ""
    for line in block.text.replace("\\\n", " ").splitlines():
        pending = f"{pending}\n{line}" if pending else line
        if reason(pending):
            pending = ""
            continue
        try:
            words = shlex.split(pending, comments=True)
        except ValueError:  # a quotation that is still open
            continue
        pending = ""
        if words:
            program = words[0].rpartition("/")[2]
            yield Command(block.page, program, tuple(word for given in words[1:] for word in expanded(given)))
    assert not pending, f"{block}: a quotation is not closed"


def expanded(word: str) -> list[str]:
    """Braces of a path written out: ``a{b,c}`` is ``ab`` and ``ac``; a value with blanks or ``=`` before them is no path."""
    found = re.search(r"\{([^{}]*,[^{}]*)\}", word)
    if not found or " " in word or "={" in word:
        return [word]
    return [rest for part in found[1].split(",") for rest in expanded(word[: found.start()] + part + word[found.end() :])]

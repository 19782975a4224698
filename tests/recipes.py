"""The examples of docs/extending.md, and a copy of the project in which they are followed."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

PAGE = Path(__file__).parents[1] / "docs/extending.md"
BLOCK = re.compile(r"^ *```(?:python|yaml)\n( *# ([\w/.]+)(, with the other lines)?\n.*?)^ *```$", re.MULTILINE | re.DOTALL)


def recipes() -> dict[str, str]:
    """Path of a new file -> its content."""
    return {path: dedent(text) for text, path, line in BLOCK.findall(PAGE.read_text()) if not line}


def lines() -> dict[str, str]:
    """Path of a file that is there -> the line that is added."""
    margin = {path: len(text) - len(text.lstrip()) for text, path, line in BLOCK.findall(PAGE.read_text()) if line}
    return {path: text.split("\n")[1][margin[path] :] for text, path, line in BLOCK.findall(PAGE.read_text()) if line}


def follow(folder: Path) -> None:
    """Do in a copy of the project what the page says: write its files, add its lines before the first of their kind."""
    for path, text in recipes().items():
        assert not (folder / path).exists(), f"{path} is there already"
        (folder / path).write_text(text)
    for path, line in lines().items():
        kind = re.match(r"\s*[\w.]*[(\"]", line)
        assert kind is not None
        there = (folder / path).read_text().split("\n")
        first = next(number for number, text in enumerate(there) if text.startswith(kind[0]))
        (folder / path).write_text("\n".join([*there[:first], line, *there[first:]]))

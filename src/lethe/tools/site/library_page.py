"""Which modules of the package a reader is shown: those whose docstrings have examples, since that is what users call."""

from __future__ import annotations

import re
from pathlib import Path

INTRODUCTION = """\
# {title}

{said}

"""
HOME = """\
# Library

What you call from Python of your own. Every example on these pages runs in the tests.

| pages | hold |
| -- | -- |
"""
EXAMPLE = re.compile(r"^\s*>>> ", re.MULTILINE)


def pages(package: Path) -> dict[str, str]:
    """Name of a page -> its Markdown: one page for every room (a folder directly in the package), and `index`.

    Args:
        package: folder of the package `lethe`.
    """
    rooms: dict[str, list[str]] = {}
    for file in sorted(package.rglob("*.py")):
        if file.parent.name != "site" and EXAMPLE.search(file.read_text("utf-8")):
            parts = file.relative_to(package).with_suffix("").parts
            rooms.setdefault(parts[0] if len(parts) > 1 else "lethe", []).append(".".join(("lethe", *parts)))
    found = {}
    home = HOME
    for room, modules in rooms.items():
        said = _opening(package / room / "__init__.py" if room != "lethe" else package / "__init__.py")
        found[room] = INTRODUCTION.format(title=room, said=said) + "\n".join(map(_module, modules))
        home += f"| [{room}]({room}.md) | {said} |\n"
    return {"index": home, **found}


def _module(name: str) -> str:
    return f"::: {name.removesuffix('.__init__')}\n"


def _opening(file: Path) -> str:
    """The first line of a module's docstring."""
    return file.read_text("utf-8").split('"""')[1].strip().splitlines()[0]

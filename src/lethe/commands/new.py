"""``lethe new``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lethe.tools.new import KINDS, NewError, create

DECIDES_NO_RESULT = "answers the shell"
DESCRIPTION = "Write a skeleton that runs as it is, and the line that makes it known. Nothing is overwritten. docs/add-a-*.md say what to fill in."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("kind", help=f"what: {', '.join(KINDS)}")
    parser.add_argument("name", help="its name, e.g. erase_direction")


def run(asked: argparse.Namespace) -> int:
    """In the folder of the checkout; 2 if it cannot be written so."""
    try:
        print("\n".join(create(asked.kind, asked.name, Path())))
    except NewError as error:
        print(f"lethe new: {error}", file=sys.stderr)
        return 2
    return 0

"""``lethe verify``."""

from __future__ import annotations

import argparse
import sys

from lethe.core.registry import UnknownNameError
from lethe.tools.verify import roots, text, verify

DECIDES_NO_RESULT = "answers the shell"
DESCRIPTION = (
    "Read every finished file and compare it with the hash that its job wrote. Names what is damaged and how to make it again."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("world", nargs="*", help="name of a world, e.g. mini; without one: all worlds, and the downloads")


def run(asked: argparse.Namespace) -> int:
    """0: nothing is damaged; 1: something is; 2: there is no such world."""
    try:
        verdicts = [verify(root) for root in roots(asked.world)]
    except UnknownNameError as error:
        print(f"lethe verify: {error}", file=sys.stderr)
        return 2
    print("\n".join(text(verdict) for verdict in verdicts) or "nothing is finished yet: there is no folder results/ here")
    return 1 if any(verdict.wrong for verdict in verdicts) else 0

"""``lethe cpu``."""

from __future__ import annotations

import argparse

from lethe.tools.cpu_share import text

DECIDES_NO_RESULT = "answers the shell"
DESCRIPTION = "CPU seconds of finished jobs by rule, and how many of them went into starting and importing."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("folder", nargs="?", default="logs/mini", help="logs of a world: logs/mini")


def run(asked: argparse.Namespace) -> int:
    """Always 0."""
    print(text(asked.folder))
    return 0

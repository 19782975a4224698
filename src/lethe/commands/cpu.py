"""``lethe cpu``."""

from __future__ import annotations

import argparse
import sys

from lethe.tools.cpu_share import cpu_times, text

DECIDES_NO_RESULT = "answers the shell"
DESCRIPTION = "CPU seconds of finished jobs by rule, and how many of them went into starting and importing."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("folder", nargs="?", default="logs/mini", help="logs of a world: logs/mini")


def run(asked: argparse.Namespace) -> int:
    """2 where no job is finished."""
    if not cpu_times(asked.folder):
        print(f"lethe cpu: {asked.folder}: no log of a finished job; run a workflow first", file=sys.stderr)
        return 2
    print(text(asked.folder))
    return 0

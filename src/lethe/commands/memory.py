"""``lethe memory``."""

from __future__ import annotations

import argparse
import sys

from lethe.planning.memory import report

DECIDES_NO_RESULT = "answers the shell"
DESCRIPTION = (
    "Of each rule the job that came closest to the memory that it asked for. Status 1: a job used more; 2: none is known."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("folder", nargs="?", default="benchmarks/mini", help="benchmark files of a world: benchmarks/mini")


def run(asked: argparse.Namespace) -> int:
    """The status that the description says."""
    try:
        told, enough = report(asked.folder)
    except ValueError as error:
        print(f"lethe memory: {error}", file=sys.stderr)
        return 2
    print(told)
    return 0 if enough else 1

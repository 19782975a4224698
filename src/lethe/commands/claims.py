"""``lethe claims``."""

from __future__ import annotations

import argparse
from pathlib import Path

from lethe.tools.claims import claims, finished_benchmarks, finished_studies, finished_tasks, text

DECIDES_NO_RESULT = "answers the shell"
DESCRIPTION = (
    "Print what is claimed (docs/claims.md) and what the finished tables of a world say of it; what does not hold is shown, too."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("folder", nargs="?", default="results/mini", help="of a world: results/mini")


def run(asked: argparse.Namespace) -> int:
    """1 where nothing is finished."""
    world = Path(asked.folder)
    told = text(claims(world, finished_tasks(world), finished_studies(world), finished_benchmarks(world)))
    print(told or f"no finished tables in {world}; run `snakemake -c2 tables`")
    return 0 if told else 1

"""``lethe deviations``."""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from lethe.tools.fidelity.table import text

DECIDES_NO_RESULT = "answers the shell"
DESCRIPTION = "Print the finished table of effects: what changes where Lethe deviates from the published code (docs/fidelity.md)."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("folder", nargs="?", default="results/mini", help="of a world: results/mini")


def run(asked: argparse.Namespace) -> int:
    """1 where the table was not made."""
    path = Path(asked.folder) / "tables/fidelity.csv"
    if not path.exists():
        print(f"{path} is not there; run `snakemake -c2 {path}`")
        return 1
    print(f"{'id':4}{'scope':22}{'published':>10}{'lethe':>10}{'rho':>8}  effect")
    print(text(pd.read_csv(path)))
    return 0

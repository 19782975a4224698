"""``lethe bench``."""

from __future__ import annotations

import argparse

from lethe.tools.speed.summary import summary

DECIDES_NO_RESULT = "answers the shell"
DESCRIPTION = "Print what `make bench` measured, beside its targets."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("folder", nargs="?", default="results/bench", help="of finished benchmarks: results/bench")


def run(asked: argparse.Namespace) -> int:
    """1 where nothing is finished, as of ``lethe claims``."""
    told = summary(asked.folder)
    print(told or f"no benchmark in {asked.folder}; run `make bench`")
    return 0 if told else 1

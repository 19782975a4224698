"""``lethe canvas-results``."""

from __future__ import annotations

import argparse
import sys

from lethe.benchmarks.unlearncanvas.result_files import read_folder
from lethe.io.tables import CorruptFileError
from lethe.settings.unlearncanvas_classes import OBJECTS, SEED_IMAGES, THEMES

DECIDES_NO_RESULT = "answers the shell"
DESCRIPTION = (
    "Read interferences_caused_by_*.json of a folder, as Vision Unlearning publishes them, and print a CSV with a row for each."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("folder", help="where the files are")


def run(asked: argparse.Namespace) -> int:
    """2 if a file cannot be read."""
    try:
        found = read_folder(asked.folder, THEMES, OBJECTS, SEED_IMAGES)
    except CorruptFileError as error:
        print(f"lethe canvas-results: {error}", file=sys.stderr)
        return 2
    print(found.to_csv(index=False, float_format="%.6g"), end="")
    return 0

"""``lethe census``."""

from __future__ import annotations

import argparse
import sys

from lethe.archive.corpus import census
from lethe.archive.errors import ArchiveError
from lethe.io.tables import CorruptFileError

DECIDES_NO_RESULT = "answers the shell"
DESCRIPTION = (
    "One listing, per task and method (docs/published-corpus.md). Of a data set at the Hugging Face Hub the listing is kept, and a world reads "
    "it. Status 0: nothing is invalid; 1: something is; 2: there is no such corpus."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("place", help="a folder, or owner/name of a data set")
    parser.add_argument("--read", action="store_true", help="of a folder: open every file, too")
    parser.add_argument("--revision", default="main", help="of a data set: commit or tag")
    parser.add_argument("--endpoint", default="https://huggingface.co", help="of a data set: address of the hub")


def run(asked: argparse.Namespace) -> int:
    """The status that the description says."""
    try:
        cells = census.of_place(asked.place, asked.read, asked.revision, asked.endpoint)
    except (ArchiveError, CorruptFileError, OSError, ValueError) as error:
        print(f"lethe census: {error}", file=sys.stderr)
        return 2
    print(census.text(cells))
    return 1 if any(cell.invalid for cell in cells) else 0

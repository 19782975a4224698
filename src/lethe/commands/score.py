"""``lethe score``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lethe.io.tables import write_csv, write_parquet
from lethe.tools.score import Models, compare, read_prompts, text

DECIDES_NO_RESULT = "answers the shell"
DESCRIPTION = (
    "Score the pictures of ON against those of the same name in OFF, with every metric whose model is given, and write a table with a row for "
    "each pair (docs/external-models.md)."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("on", help="pictures of an unlearned model")
    parser.add_argument("--off", required=True, metavar="FOLDER", help="pictures of the base, called the same")
    parser.add_argument("--table", default="scores.csv", metavar="FILE", help="what is written: .csv or .parquet")
    parser.add_argument("--clip", default="", metavar="FOLDER", help="an open_clip folder, such as results/mini/evaluators/clip")
    prompts = "for CLIP: {file: prompt} in JSON, or CSV with file and prompt"
    parser.add_argument("--prompts", default="", metavar="FILE", help=prompts)
    backbone = "a timm folder, such as results/mini/evaluators/backbone"
    parser.add_argument("--backbone", default="", metavar="FOLDER", help=backbone)
    parser.add_argument("--lpips", default="", metavar="FOLDER", help="the weights of LPIPS, as scoring.lpips_alex")


def run(asked: argparse.Namespace) -> int:
    """2 if they cannot be compared."""
    table = Path(asked.table)
    try:
        if table.suffix not in (".csv", ".parquet"):
            raise ValueError(f"--table: '{table}' ends in '{table.suffix}'; allowed: .csv, .parquet")
        if bool(asked.clip) != bool(asked.prompts):
            raise ValueError("--clip and --prompts go together: CLIP compares a picture with its prompt")
        prompts = read_prompts(Path(asked.prompts)) if asked.prompts else None
        found = compare(Path(asked.on), Path(asked.off), Models(asked.clip, prompts, asked.backbone, asked.lpips))
        (write_csv if table.suffix == ".csv" else write_parquet)(table, found.table)
    except (OSError, ValueError) as error:
        print(f"lethe score: {error}", file=sys.stderr)
        return 2
    print(f"{text(found)}\ntable: {table}")
    return 0

"""``lethe audit``: the command of Snakemake that an audit is, without a section to write."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

LISTS = ("forget", "keep", "watch", "methods")
DESCRIPTION = (
    "Unlearn concepts of a model and write what else changed, before and after, to results/audit/index.html (docs/audit.md). Runs Snakemake in "
    "the folder of the checkout."
)
TEXTS = ("revision", "prompt", "overwrite", "images", "unlearned", "vocabulary", "world")
NUMBERS = ("size", "neighbours")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command; each is a key of the section `audit`."""
    parser.add_argument("model", help="a diffusers folder, a hub id with --revision and --size, or a base such as breeds")
    parser.add_argument("--forget", nargs="+", required=True, metavar="CONCEPT", help="what is forgotten")
    parser.add_argument(
        "--keep", nargs="+", metavar="CONCEPT", help="what methods are told to keep, or one file; none: neighbours"
    )
    parser.add_argument("--watch", nargs="+", metavar="CONCEPT", help="what is looked at and no method is told of, or one file")
    parser.add_argument("--methods", nargs="+", metavar="METHOD", help="uce where nothing is said")
    parser.add_argument("--unlearned", metavar="PATH", help="the model without the concept, as somebody else made it")
    parser.add_argument("--prompt", metavar="TEXT", help="how a prompt calls a concept: 'A painting in {concept}'")
    parser.add_argument("--overwrite", metavar="CONCEPT", help="what takes the place of what is forgotten")
    parser.add_argument("--images", metavar="FOLDER", help="pictures {concept}/*.png, for methods that look at pictures")
    parser.add_argument("--vocabulary", metavar="FILE", help="what neighbours are chosen from")
    parser.add_argument("--neighbours", type=int, metavar="N", help="how many")
    parser.add_argument("--revision", metavar="COMMIT", help="of a hub id")
    parser.add_argument("--size", type=int, metavar="PIXELS", help="side of a picture; of a hub id it must be given")
    parser.add_argument("--world", metavar="NAME", help="results go to results/NAME/; audit where nothing is said")
    parser.add_argument("--configfile", nargs="+", default=[], metavar="FILE", help="overlays, as for snakemake")
    parser.add_argument("--cores", default="2", metavar="N", help="as for snakemake")
    parser.add_argument("-n", "--dry-run", action="store_true", help="plan only")


def section_of(asked: argparse.Namespace) -> dict[str, Any]:
    """The section `audit` that the words of the command say."""
    given = {key: getattr(asked, key) for key in ("model", *LISTS, *TEXTS, *NUMBERS)}
    return {key: value for key, value in given.items() if value is not None}


def words_of_snakemake(asked: argparse.Namespace) -> list[str]:
    """The command line of Snakemake; JSON is YAML, so no value needs quotes of its own."""
    words = ["--cores", asked.cores, *(["--dry-run", "--quiet", "rules"] if asked.dry_run else [])]
    words += ["--configfile", *asked.configfile] if asked.configfile else []
    return [*words, "--config", f"audit={json.dumps(section_of(asked), ensure_ascii=False)}", "--", "audit"]


def run(asked: argparse.Namespace) -> int:
    """Run it in the folder of the checkout; returns the exit status of Snakemake."""
    return subprocess.run([sys.executable, "-m", "snakemake", *words_of_snakemake(asked)], check=False).returncode


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The words of the command, for tests and other programs."""
    parser = argparse.ArgumentParser(prog="lethe audit")
    add_arguments(parser)
    return parser.parse_args(arguments)

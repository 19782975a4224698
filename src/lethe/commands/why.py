"""``lethe why``."""

from __future__ import annotations

import argparse
import sys

from snakemake.exceptions import RuleException, WorkflowError

from lethe.workflow.start import RunError
from lethe.workflow.why import text, why

DECIDES_NO_RESULT = "answers the shell"
DESCRIPTION = (
    "Compare what `snakemake` would run with the records of the jobs that made what is there: which module, parameter or file changed. "
    "Status 0: up to date; 1: something would be made; 2: there is no such plan."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    target = "a file, such as results/mini/latents/objects.safetensors, or a rule, such as demo"
    parser.add_argument("target", nargs="+", help=target)
    parser.add_argument("--configfile", nargs="+", default=[], metavar="FILE", help="overlays, as for snakemake")
    parser.add_argument("--config", nargs="+", default=[], metavar="KEY=VALUE", help="single values, as for snakemake")


def run(asked: argparse.Namespace) -> int:
    """The status that the description says."""
    try:
        found = why(asked.target, asked.configfile, asked.config)
    except (RunError, RuleException, WorkflowError) as error:
        print(f"lethe why: {error}", file=sys.stderr)
        return 2
    print(text(asked.target, found))
    return 1 if found else 0

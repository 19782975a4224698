"""``lethe cost``."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from snakemake.exceptions import RuleException, WorkflowError

from lethe.settings.errors import SettingsError
from lethe.workflow.cost import GPUS, lines_of, text
from lethe.workflow.passes import SUSTAINED
from lethe.workflow.start import RunError, merged, plan_of
from lethe.workflow.terminal import WIDTH, table
from lethe.workflow.why import asked_for

DECIDES_NO_RESULT = "answers the shell"
DESCRIPTION = (
    "GPU hours, disk and wall time of a world, each line with its arithmetic, and its jobs by rule. Nothing is run, and of the data nothing is "
    "read. Status 2: the configuration has a fault, or there is no such target."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("target", nargs="*", default=["all"], help="whose jobs are counted, such as canvas; all if none is given")
    parser.add_argument("--configfile", nargs="+", default=[], metavar="FILE", help="overlays, as for snakemake")
    parser.add_argument("--tflops", type=float, default=SUSTAINED, metavar="N", help="what a GPU does, sustained, 16 bits")
    parser.add_argument("--gpus", type=int, default=GPUS, metavar="N", help="in use at once")


def run(asked: argparse.Namespace) -> int:
    """The status that the description says."""
    for word, value in (("--tflops", asked.tflops), ("--gpus", asked.gpus)):
        if not 0 < value < float("inf"):
            print(f"lethe cost: {word} is {value:g}; allowed: a number above 0", file=sys.stderr)
            return 2
    try:
        plan = plan_of(merged(asked.configfile), asked.configfile, Path())
    except SettingsError as error:
        print(f"lethe cost: {error}", file=sys.stderr)
        return 2
    try:
        counted = jobs(asked.target, asked.configfile)
    except RunError as error:
        print(f"lethe cost: {error}", file=sys.stderr)
        return 2
    print(text(lines_of(plan, asked.tflops), plan.settings.device, asked.tflops, asked.gpus))
    print(counted)
    return 0


def jobs(targets: list[str], configfiles: list[str]) -> str:
    """The jobs by rule, and the hours that those without a GPU ask for; or why they cannot be planned yet; a ``RunError`` names an unknown target."""
    try:
        found = asked_for(targets, configfiles)
    except (RuleException, WorkflowError) as error:
        return f"Jobs are not counted, since there is no plan of {' '.join(targets)} yet: {error}"
    told = table(found.rules, shutil.get_terminal_size((WIDTH, 24)).columns)
    return f"{told}\nJobs without a GPU ask for {found.cpu_hours:,.0f} CPU hours at most: threads x the time after which they would be stopped."

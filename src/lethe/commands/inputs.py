"""``lethe inputs``."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from lethe.planning.inputs import MISSING, TO_FETCH, text
from lethe.settings.errors import SettingsError
from lethe.workflow.start import merged, plan_of

DECIDES_NO_RESULT = "answers the shell"
DESCRIPTION = (
    "List what a world needs from outside: what is there, what rules fetch, and what must be put in place by hand, with size, licence and "
    "source. Status 0: all is there; 1: something is not; 2: the configuration has a fault. Give it on a login node, before any job."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of the command."""
    parser.add_argument("--configfile", nargs="+", default=[], metavar="FILE", help="overlays, as for snakemake")
    parser.add_argument("--fetch", action="store_true", help="fetch first what can be fetched: `snakemake -c1 inputs`")


def run(asked: argparse.Namespace) -> int:
    """The status that the description says."""
    overlays = ["--configfile", *asked.configfile] if asked.configfile else []
    try:
        inputs = plan_of(merged(asked.configfile), asked.configfile, Path()).inputs
    except SettingsError as error:
        print(f"lethe inputs: {error}", file=sys.stderr)
        return 2
    if asked.fetch:
        return subprocess.run([sys.executable, "-m", "snakemake", "-c1", *overlays, "--", "inputs"], check=False).returncode
    print(text(inputs.needs))
    states = [need.state for need in inputs.needs]
    if TO_FETCH in states:
        print(f"to fetch {states.count(TO_FETCH)} of them: {' '.join(['snakemake -c1 inputs', *overlays])}")
    return 1 if {MISSING, TO_FETCH} & set(states) else 0

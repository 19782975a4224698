"""Before the plan: the package of this checkout, and a folder to plan in where this one cannot be written."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "src"))  # the package of this checkout, installed or not

from snakemake.exceptions import WorkflowError

from lethe.execution.fingerprint import recall
from lethe.io.readonly import folder_of_links, writable

ROOT = Path(os.path.relpath(workflow.basedir))  # of this checkout; "." unless Snakemake runs with --directory
LINKS = None if writable(".") or not workflow.is_main_process else folder_of_links(".")  # kept until the process ends
if LINKS is not None:
    print("this folder cannot be written: planned in a folder of links to it, and nothing is kept", file=sys.stderr)

    workdir: LINKS.name


def stated(function, *arguments):
    """What `function` returns; a fault of the configuration, of a file or of this run is one clear message, not a traceback."""
    try:
        return function(*arguments)
    except ValueError as error:
        raise WorkflowError(str(error)) from None

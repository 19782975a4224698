"""Before the plan: the package of this checkout, its lock, and a folder to plan in where this one cannot be written."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "src"))  # the package of this checkout, installed or not

from snakemake.exceptions import WorkflowError

from lethe.fingerprint import fingerprint, recall
from lethe.io.readonly import folder_of_links, writable
from lethe.workflow import outside
from lethe.workflow.code import keep_parts
from lethe.workflow.outside import identities, untimed

ROOT = Path(os.path.relpath(workflow.basedir))  # of this checkout; "." unless Snakemake runs with --directory
LINKS = None
if workflow.is_main_process and not writable("."):
    print("this folder cannot be written: planned in a folder of links to it, and nothing is kept", file=sys.stderr)
    LINKS = folder_of_links(".")  # kept until the process ends

    workdir: LINKS.name


def stated(function, *arguments):
    """What `function` returns; a fault of the configuration, of a file or of this run is one clear message, not a traceback."""
    try:
        return function(*arguments)
    except ValueError as error:
        raise WorkflowError(str(error)) from None

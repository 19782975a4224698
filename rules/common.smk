"""Before the plan: the package of this checkout, and a folder to plan in where this one cannot be written."""

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

HERE = str(workflow.current_basedir.get_path_or_uri(secret_free=True))  # of this file, also where another workflow includes it
if not os.path.isdir(HERE):
    raise WorkflowError(f"{HERE}: is in no folder of this machine; as a module, take workflow/Snakefile (config/README.md)")
CHECKOUT = os.path.dirname(os.path.normpath(HERE))
sys.path.insert(0, os.path.join(CHECKOUT, "src"))  # the package of this checkout, installed or not

from lethe.execution.fingerprint import recall
from lethe.io.readonly import folder_of_links, writable

ROOT = Path(os.path.relpath(CHECKOUT))  # "." unless Snakemake runs in another folder
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

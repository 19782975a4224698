"""In a fresh environment libraries are compiled beside the start of the first run.

Packages are installed uncompiled (``envs/install.py``), and Python compiles a module when it is first imported. In the first run
Snakemake is compiled by the head process, and torch by the fork server (``lethe.execution.forked``), which everything waits for. Large
libraries that torch needs little of are imported, and so compiled, by a process of its own meanwhile.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lethe.execution.first_run import runs_everything

DECIDES_NO_RESULT = "has Python's own files of compiled modules written early"

# about two fifths of all that jobs import, by the size of compiled files, in the order in which the server comes to them
LIBRARIES = ("sympy", "pandas", "scipy.stats", "sklearn.linear_model", "matplotlib.figure", "timm", "sqlalchemy")


def compile_beside(words: Sequence[str], libraries: Sequence[str] = LIBRARIES) -> subprocess.Popen[bytes] | None:
    """Have ``libraries`` compiled by another process, if a command runs everything and the first of them is not compiled.

    Args:
        words: of the command line, the program first.
        libraries: names of modules. One that is missing ends the process, and the jobs say so when they need it.

    Returns:
        The process, which ends by itself; None where there is none.

    Examples:
        >>> compile_beside(["snakemake", "-n", "demo"]) is None
        True
    """
    if sys.dont_write_bytecode or not runs_everything(words) or not _waits_for_compilation(libraries[0]):
        return None
    command, quiet = [sys.executable, "-c", f"import {', '.join(libraries)}"], subprocess.DEVNULL
    return subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)


def _waits_for_compilation(module: str) -> bool:
    """Whether Python would compile a module when it is imported, and can keep what it compiles."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.cached is None or spec.origin is None or Path(spec.cached).exists():
        return False
    return sys.pycache_prefix is not None or os.access(Path(spec.origin).parent, os.W_OK)

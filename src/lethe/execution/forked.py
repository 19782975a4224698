"""Jobs start at once: scripts of one thread are forked from a process that has imported everything already.

Half of a mini run's CPU time went into importing torch, diffusers and open_clip, once a job. The standard library's fork server imports
them once a run (``lethe.execution.preload``), and each script is a fresh child of it (``lethe.execution.child``), with the log,
benchmark file, exit status and signals that it has when Snakemake starts an interpreter for it. Snakemake has no setting for that, so
one method is replaced. Only the Snakefile imports this module.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from multiprocessing import forkserver
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import psutil
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.script import PythonScript

from lethe.execution.child import MODULES, PRELOAD, is_preloaded, run_script
from lethe.execution.first_run import is_first_run
from lethe.execution.known import takes
from lethe.execution.sampled import JobTimer

SWITCH = "LETHE_FORK"
FEWEST = 11  # planned scripts; for fewer the server's imports, about 5 s of CPU, are not worth it
# what functions of the package and of others import when they are called
INSIDE = frozenset(
    {
        "diffusers",
        "matplotlib.backends.backend_agg",
        "matplotlib.figure",
        "matplotlib.patches",
        "peft",
        "PIL.PngImagePlugin",
        "scipy.stats",
        "tqdm",
    }
)
# the preamble that Snakemake writes before a script, and the command snakemake itself: multiprocessing gives a child its parent's main module
OF_SNAKEMAKE = ("snakemake.cli", "snakemake.iocontainers", "snakemake.logging")
LIBRARIES = ("OMP", "GOTO", "OPENBLAS", "MKL", "VECLIB", "NUMEXPR")  # as snakemake.shell sets them, most by {}_NUM_THREADS
ONE_THREAD = {f"{name}_{'MAXIMUM' if name == 'VECLIB' else 'NUM'}_THREADS": "1" for name in LIBRARIES}
TEMPORARY = ("TMPDIR", "TMP", "TEMPDIR", "TEMP")
_OWN_INTERPRETER = "each script starts its own interpreter, which is slower and gives the same results"
_NO_ANSWER = f"the process from which scripts are forked could not start, its error stands above: {_OWN_INTERPRETER}"
_one_at_a_time = threading.Lock()  # multiprocessing's bookkeeping of children is not safe in threads
_ordinary: Any = getattr(PythonScript, "execute_script", None)  # a private name, so it may be gone


def start_early(words: Sequence[str], results: str | Path, modules: Iterable[str], device: str) -> bool:
    """Have the server import while a first run is still planned, on another core; returns whether it does.

    In a fresh environment that takes 16 s, since Python compiles all modules. ``fork_scripts`` decides later whether scripts are forked.

    Args:
        words, results: see ``is_first_run``. modules, device: see ``fork_scripts``.
    """
    ordinary = os.environ.get(SWITCH, "1") == "1" and "SNAKEMAKE_PROFILE" not in os.environ and sys.platform == "linux"
    if not ordinary or device != "cpu" or not is_replaceable(_ordinary) or not is_first_run(words, results):
        return False
    _start(modules)
    return True


def _start(modules: Iterable[str]) -> None:
    """Start the server, or leave alone the one that runs; it imports, and this goes on."""
    os.environ.update(ONE_THREAD)  # else OpenBLAS and OpenMP start threads in the server, and threads do not survive a fork
    os.environ[MODULES] = " ".join(sorted({*modules, *OF_SNAKEMAKE}))
    multiprocessing.get_context("forkserver").set_forkserver_preload([PRELOAD])
    forkserver.ensure_running()


def fork_scripts(workflow: Any, modules: Iterable[str], device: str) -> bool:
    """From here on, fork the scripts of this run that have one thread; returns whether it does.

    Every job starts its own interpreter, as ever, on a cluster, on a GPU, on other systems than Linux, where few scripts are planned,
    and with ``LETHE_FORK=0``. Where the modules cannot be imported or Snakemake is not as known here, a warning says so.

    Args:
        workflow: Snakemake's, in ``onstart``, when the jobs to run are known.
        modules: dotted names of what the scripts import.
        device: on which jobs compute.

    Raises:
        WorkflowError: if ``LETHE_FORK`` is neither 0 nor 1.
    """
    switch = os.environ.get(SWITCH, "1")
    if switch not in ("0", "1"):
        raise WorkflowError(f"environment: {SWITCH}={switch}, allowed are 0 (each script starts its own interpreter) and 1")
    local = workflow.is_main_process and workflow.local_exec and not workflow.touch and sys.platform == "linux"
    if switch == "0" or not local or device != "cpu":  # CUDA must not be used before a fork, and such jobs are long
        return False
    if len(list(islice((job for job in workflow.dag.needrun_jobs() if job.rule.script), FEWEST))) < FEWEST:
        return False
    if not is_replaceable(_ordinary):
        logger.warning(f"Snakemake runs scripts in another way than known here: {_OWN_INTERPRETER}")
        return False
    _start(modules)
    if not _server_answers():
        logger.warning(_NO_ANSWER)
        return False
    PythonScript.execute_script = _execute_script
    return True


def is_replaceable(method: Any) -> bool:
    """Whether this is the method of Snakemake that starts an interpreter for a script, as it is known here."""
    return takes(method, ["self", "fname", "edit"])


def _server_answers() -> bool:
    """Ask a child of the server, which answers when it has imported everything."""
    child = multiprocessing.get_context("forkserver").Process(target=is_preloaded, name="ask the fork server")
    try:
        child.start()
    except (OSError, EOFError):  # it ended while it imported
        return False
    child.join()
    return child.exitcode == 0


def _measure(process: Any, record: Any) -> None:
    """Wait until a job ends, and keep what Snakemake measures of it: of one that ended before it was looked at, the time alone."""
    begin = time.time()
    try:
        timer = JobTimer(process.pid, record)
        timer.start()
        try:
            wait([process.sentinel])
        finally:
            timer.cancel()
    except psutil.NoSuchProcess:
        pass
    record.running_time = time.time() - begin


def _execute_script(self: Any, fname: str, edit: bool = False) -> None:
    """In place of ``PythonScript.execute_script``; runs in a thread of Snakemake.

    Raises:
        subprocess.CalledProcessError: if the script fails, as from the replaced method.
    """
    if edit or self.threads != 1 or self.conda_env or self.container_img or self.env_modules:
        _ordinary(self, fname, edit)
        return
    environment = {name: value for name, value in os.environ.items() if name != MODULES} | ONE_THREAD
    if folder := self.resources.get("tmpdir"):
        environment |= dict.fromkeys(TEMPORARY, folder)
    arguments = (str(fname), os.getcwd(), environment)
    process = multiprocessing.get_context("forkserver").Process(target=run_script, args=arguments, name=f"job {self.jobid}")
    try:
        with _one_at_a_time:
            process.start()
    except (OSError, EOFError):  # the server was killed, and its successor ended while it imported
        logger.warning(_NO_ANSWER)
        PythonScript.execute_script = _ordinary
        _ordinary(self, fname)
        return
    if self.bench_record is None:
        wait([process.sentinel])
    else:
        _measure(process, self.bench_record)
    with _one_at_a_time:
        process.join()
        status = process.exitcode
    if status:
        raise subprocess.CalledProcessError(status, f"{sys.executable} {fname}")

"""A job ends with the run that started it.

After a ``kill -9`` of Snakemake its scripts would go on, beside the same jobs of the next run. Every process of Snakemake therefore
says who it is in the environment of its scripts, and a script watches that process: where it is gone, the script ends at once.
"""

from __future__ import annotations

import logging
import os
import threading
import time

import psutil

DECIDES_NO_RESULT = "ends a job with its run"

VARIABLE = "LETHE_PARENT"
PAUSE = 0.25  # seconds between two looks
STATUS = 143  # as after SIGTERM
log = logging.getLogger("lethe")


def announce_parent() -> None:
    """Say in the environment that scripts started from here belong to this process; called by the Snakefile."""
    process = psutil.Process()
    os.environ[VARIABLE] = f"{process.pid} {process.create_time():.0f}"


def end_with_parent() -> None:
    """From now on, end this process when the one that announced itself is gone; without an announcement do nothing."""
    announced = os.environ.get(VARIABLE, "").split()
    if len(announced) != 2:
        return
    pid, started = int(announced[0]), float(announced[1])
    if not _lives(pid, started):
        _end(pid)
    threading.Thread(target=_watch, args=(pid, started), name="parent", daemon=True).start()


def _watch(pid: int, started: float) -> None:
    while _lives(pid, started):
        time.sleep(PAUSE)
    _end(pid)


def _lives(pid: int, started: float) -> bool:
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) <= 2 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _end(pid: int) -> None:
    log.error("the run that started this job (process %d) is gone: the job ends too; what it has finished is kept", pid)
    logging.shutdown()
    os._exit(STATUS)  # at once, from any thread: files are written whole or not at all

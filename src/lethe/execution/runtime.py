"""What every job does first: its log, and the check of its inputs."""

from __future__ import annotations

import atexit
import copy
import logging
import os
import platform
import sys
import time
from pathlib import Path

from lethe.core.progress import log
from lethe.core.threads import thread_count
from lethe.execution.import_clock import ImportClock
from lethe.execution.job import Job, check_inputs, record_outputs
from lethe.execution.parent import end_with_parent

DECIDES_NO_RESULT = "starts a job: its log, its checks, its end"
FORMAT = "%(asctime)s %(levelname)s %(message)s"

COMPILED = Path(".snakemake/torchinductor")  # what torch's compiler keeps

_imports = ImportClock()


class _Briefly(logging.Formatter):
    """Leaves out tracebacks: the log has them, and Snakemake prints the log of a failed job."""

    def format(self, record: logging.LogRecord) -> str:
        brief = copy.copy(record)  # handlers share a record, and the first to format its traceback keeps it there
        brief.exc_info = brief.exc_text = None
        return super().format(brief)


def setup_logging(log_file: str | Path | None, title: str) -> None:
    """Log to ``log_file``, and what is a warning or worse to the terminal too; without a file everything goes there.

    Uncaught errors reach the log with their traceback, the terminal without. The first line of the log says what runs where.
    """
    terminal = logging.StreamHandler(sys.stderr)
    handlers: list[logging.Handler] = [terminal]
    if log_file:
        terminal.setLevel(logging.WARNING)
        Path(log_file).parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(log_file, mode="w"))
    logging.basicConfig(level=logging.INFO, format=FORMAT, handlers=handlers, force=True)
    if log_file:
        terminal.setFormatter(_Briefly(FORMAT))
    for noisy in ("httpx", "matplotlib", "fontTools", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

    def log_uncaught(kind, value, trace):  # type: ignore[no-untyped-def]
        log.error("%s: %s", kind.__name__, value, exc_info=(kind, value, trace))

    sys.excepthook = log_uncaught
    log.info("%s | python %s | %s | %d threads", title, platform.python_version(), platform.machine(), thread_count())
    _imports.start(time.process_time())  # all of the time until here was starting, and imports add to it from here on
    log.info("cpu: %.2f s to start", _imports.seconds)
    ended = "cpu: %.2f s in all, %.2f s of it to start and to import"
    atexit.register(lambda: log.info(ended, time.process_time(), _imports.seconds))


def share_compiled() -> None:
    """Have jobs on all nodes share what torch's compiler has made, unless ``TORCHINDUCTOR_CACHE_DIR`` says where it goes.

    Its own default is a folder of one machine, so every node would compile the same UNet anew, minutes each.
    """
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(COMPILED.absolute()))


def start_job(job: Job, title: str, keep: bool = True) -> None:
    """What a script does first: log, and check its inputs.

    From here on the job ends with the run that started it. When it ends well, the hashes of its outputs are written.

    Args:
        job: the script's ``snakemake``.
        title: what the log and its first line call the job.
        keep: whether outputs stay; those that Snakemake removes after use get no hashes.

    Raises:
        HashMismatchError: an input is not what its job made; names all such inputs and how to make them again.
    """
    setup_logging(job.log[0], title)
    end_with_parent()
    share_compiled()
    check_inputs(job)
    if keep:
        record_outputs(job)

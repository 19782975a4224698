"""What every job sets up first: its log, its inputs, its threads, its determinism, and how it shows progress."""

from __future__ import annotations

import atexit
import logging
import os
import platform
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lethe.compat import quick_imports
from lethe.import_clock import ImportClock
from lethe.job import Job, check_inputs, record_outputs
from lethe.parent import end_with_parent

if TYPE_CHECKING:
    import torch

T = TypeVar("T")
log = logging.getLogger("lethe")
_imports = ImportClock()


def setup_logging(log_file: str | Path | None, title: str) -> None:
    """Log to ``log_file`` and to the terminal; uncaught errors reach the log too. The first line says what runs where."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if log_file:
        Path(log_file).parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(log_file, mode="w"))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", handlers=handlers, force=True)
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


def start_job(job: Job, title: str, torch: bool = True, threads: int | None = None, keep: bool = True) -> None:
    """What a script does first: log, check its inputs, and where it computes with torch, threads and determinism.

    From here on the job ends with the run that started it. When it ends well, the hashes of its outputs are written.

    Args:
        job: the script's ``snakemake``.
        title: what the log and its first line call the job.
        torch: whether the job computes with torch.
        threads: how many threads, where they are not the job's: a job that holds all cores to be alone.
        keep: whether outputs stay; those that Snakemake removes after use get no hashes.

    Raises:
        HashMismatchError: an input is not what its job made; names all such inputs and how to make them again.
    """
    setup_logging(job.log[0], title)
    end_with_parent()
    check_inputs(job)
    if keep:
        record_outputs(job)
    if torch:
        setup_torch(threads or job.threads)


def thread_count() -> int:
    """Threads this process may use: OMP_NUM_THREADS if set (Snakemake sets it to the rule's threads), else all cores."""
    return int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def setup_torch(threads: int) -> None:
    """Fix the number of threads and ask for deterministic kernels, so that a rerun gives the same bytes."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    with quick_imports():
        import torch

    torch.set_num_threads(threads)
    torch.set_deterministic_debug_mode("warn")  # use_deterministic_algorithms also imports the compiler, 2 s
    torch.utils.deterministic.fill_uninitialized_memory = False  # else every torch.empty on a GPU is one more kernel


def resolve_device(device: str) -> str:
    """``cpu`` or ``cuda``; ``cuda`` without one is an error, never a silent change."""
    import torch

    if device.startswith("cuda") and not torch.cuda.is_available():
        raise RuntimeError(f"device '{device}' was asked for but torch {torch.__version__} sees no CUDA device; set device: cpu")
    return device


def to_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A tensor of the CPU on ``device``; to a GPU from pinned memory, so that the host does not wait for the work before it."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def progress(items: Iterable[T], total: int, unit: str, what: str, per_item: int = 1) -> Iterator[T]:
    """Iterate with rate and time left, on the terminal (tqdm) and every 10 s in the log.

    Args:
        items: what to iterate over.
        total: number of units in all (images, steps).
        unit: name of one unit.
        what: what is being done, e.g. ``"generate objects_003_uce_000"``.
        per_item: units that one item stands for.
    """
    from tqdm import tqdm

    begin = last = time.monotonic()
    done = 0
    with tqdm(total=total, unit=unit, desc=what, file=sys.stderr, mininterval=5, disable=not sys.stderr.isatty()) as bar:
        for item in items:
            yield item
            step = min(per_item, total - done)
            done += step
            bar.update(step)
            now = time.monotonic()
            if now - last > 10 or done >= total:
                rate = done / max(now - begin, 1e-9)
                log.info(
                    "%s: %d/%d %ss, %.1f %ss/s, %.0f s left",
                    what,
                    done,
                    total,
                    unit,
                    rate,
                    unit,
                    (total - done) / max(rate, 1e-9),
                )
                last = now

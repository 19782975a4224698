"""Models made some at a time, each lot kept as soon as it is finished: a killed job goes on with the lot it was at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from lethe.core.progress import progress
from lethe.execution.work import WorkFolder


def in_lots(
    work: WorkFolder, names: Sequence[str], models: range, at_once: int, write: Callable[..., object]
) -> list[list[Path]]:
    """Make ``models``, at most ``at_once`` at a time, unless they are finished already.

    Args:
        work: of the job.
        names: of what is kept of a lot, one file each.
        write: ``write(numbers of some models, path, ...)`` makes them and writes a file per name.

    Returns:
        For every name its files, in the order of the models.
    """
    kept: list[list[Path]] = [[] for _ in names]
    for first in progress(range(models.start, models.stop, at_once), len(models), "model", names[-1], at_once):
        lot = [f"{name}_{first:05d}.safetensors" for name in names]
        work.finish(lot, partial(write, list(range(first, min(first + at_once, models.stop)))))
        for files, name in zip(kept, lot, strict=True):
            files.append(work.path(name))
    return kept

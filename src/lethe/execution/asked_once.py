"""What the head process of a run asks of a shared file system, it asks once.

When a job ends, Snakemake writes a record of each of its outputs, with the checksums of all inputs. It takes each checksum anew for each
output: a job that scores ten models has 27 inputs and 20 outputs, so some 2,700 calls on metadata where 135 will do. And before it starts
jobs it asks for the sizes of the inputs of all jobs that are ready, each time that a job ends: of a thousand jobs that wait, 100,000 calls.
Inputs of a job that is ready do not change any more. Snakemake has no setting for either, so two methods are replaced.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

import snakemake.api  # noqa: F401 - the parts of Snakemake import one another, and this one first
from snakemake.io import _IOFile
from snakemake.logging import logger

from lethe.execution.known import takes

WARNING = "Snakemake asks for checksums or sizes of inputs in another way than known here: its head process asks more of the file system"
_checksum: Any = getattr(_IOFile, "checksum", None)
_kept: ContextVar[dict[Any, Any] | None] = ContextVar("checksums of the job that has just ended", default=None)


def ask_once(workflow: Any) -> bool:
    """From here on, checksums are taken once a job that ended, and sizes once a run; returns whether they are.

    A Snakemake that is not as known here stays as it is, and a warning says so.

    Args:
        workflow: Snakemake's, when its scheduler is there: in ``onstart``.
    """
    persistence, scheduler = workflow.persistence, workflow.scheduler
    known = (
        takes(_checksum, ["self", "threshold", "force", "algorithm"])
        and takes(getattr(persistence, "finished", None), ["job"])
        and takes(getattr(scheduler, "update_input_sizes", None), ["jobs"])
        and isinstance(getattr(scheduler, "_input_sizes", None), dict)
    )
    if not known:
        logger.warning(WARNING)
        return False
    _take_checksums_once(persistence)
    _ask_sizes_once(scheduler)
    return True


def _take_checksums_once(persistence: Any) -> None:
    ordinary = persistence.finished

    async def finished(job: Any) -> None:
        token = _kept.set({})
        try:
            await ordinary(job)
        finally:
            _kept.reset(token)

    persistence.finished = finished
    _IOFile.checksum = _kept_checksum


async def _kept_checksum(self: Any, threshold: int | None = None, force: bool = False, algorithm: Any = None) -> Any:
    kept = _kept.get()
    if kept is None:  # no job has just ended
        return await _checksum(self, threshold, force, algorithm)
    key = str(self), threshold, force, algorithm
    if key not in kept:
        kept[key] = await _checksum(self, threshold, force, algorithm)
    return kept[key]


def _ask_sizes_once(scheduler: Any) -> None:
    seen: set[Any] = set()  # jobs whose inputs have been asked for

    async def update_input_sizes(jobs: Iterable[Any]) -> None:
        sizes = scheduler._input_sizes
        for job in jobs:
            if job not in seen:
                seen.add(job)
                for path in job.input:
                    if path not in sizes:
                        sizes[path] = await path.size() if await path.exists() else None

    scheduler.update_input_sizes = update_input_sizes

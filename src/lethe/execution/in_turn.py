"""Whether files are there is asked of one after another, without a task of its own for each.

Snakemake makes a task of asyncio for every input of a job as it looks for its folder, and for every output as it asks for its age and
whether it is protected: some 300,000 in a plan of 10,000 models, 4 to 11 microseconds each. A question to a local file system is done
before the next one begins anyway. Snakemake has no setting for it, so two methods and a property are replaced by some with the same
answers. Jobs with files in a storage, whose questions do wait, go the ordinary way.
"""

from __future__ import annotations

from typing import Any

import snakemake.api  # noqa: F401 - the parts of Snakemake import one another, and this one first
from snakemake.common import ON_WINDOWS
from snakemake.exceptions import ProtectedOutputException
from snakemake.io import _IOFile
from snakemake.jobs import Job
from snakemake.logging import logger

from lethe.execution.known import takes

_inventory: Any = getattr(_IOFile, "inventory", None)
_protected: Any = getattr(Job, "check_protected_output", None)
_age: Any = getattr(getattr(Job, "output_mintime", None), "fget", None)


def ask_in_turn() -> bool:
    """From here on files are asked about in turn; returns whether they are. A Snakemake that is not as known here stays as it is."""
    known = all(takes(method, ["self"]) for method in (_inventory, _protected, _age, getattr(_IOFile, "protected", None)))
    if not known or not takes(getattr(_IOFile, "_local_inventory", None), ["self", "cache"]):
        logger.warning("Snakemake asks about files in another way than known here: a large plan takes longer")
        return False
    _IOFile.inventory = _look_around
    Job.check_protected_output = _check_protected
    Job.output_mintime = property(_oldest)
    return True


async def _look_around(self: Any) -> None:
    """In place of ``_IOFile.inventory``."""
    if ON_WINDOWS or self.is_storage:
        await _inventory(self)
        return
    cache = self.rule.workflow.iocache
    if cache.active and self not in cache.exists_local:
        await self._local_inventory(cache)


async def _check_protected(self: Any) -> None:
    """In place of ``Job.check_protected_output``."""
    if any(file.is_storage for file in self.output):
        await _protected(self)
    elif protected := [file for file in self.output if await file.protected()]:
        raise ProtectedOutputException(self, protected)


async def _oldest(self: Any) -> float | None:
    """In place of ``Job.output_mintime``: of the outputs and the benchmark file that are there."""
    if any(file.is_storage for file in self.output):
        return await _age(self)
    files = [*self.output, *([self.benchmark] if self.benchmark else [])]
    ages = [(await file.mtime()).local_or_storage() for file in files if await file.exists()]
    return min((age for age in ages if age is not None), default=None)

"""A job's own folder of finished targets, so that a killed job goes on where it was.

A job that makes several targets (ten models, ten shards) writes each into its work folder as soon as it is finished and
hands all of them over at the end. After a kill -9 or a full disk the same command finds the finished ones there. The folder
is bound to a *key*, a hash of everything the targets depend on: other parameters, code or inputs begin anew. It belongs to one
process at a time. After the hand-over it stays, as links that take no space, until the run is over: if Snakemake is killed before it has
noted that the job is done, it removes the outputs and starts the job again, which then finds everything here.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lethe.execution.job import Job, job_key
from lethe.io.atomic import atomic_path, link_or_copy
from lethe.io.hashing import sha256_data, sha256_file
from lethe.io.tables import CorruptFileError, read_json, write_json

DECIDES_NO_RESULT = "keeps what a killed job has finished"

HANDED_OVER = "handed_over.json"
WAIT = 30.0  # seconds between two lines that say what a job waits for
log = logging.getLogger(__name__)


class WorkFolder:
    """Finished targets of one job.

    Scripts make theirs with ``of_job``.

    Args:
        folder: where to keep them, e.g. ``results/mini/.work/generate/objects_uce_000_0``.
        key: plain data the targets depend on (parameters, fingerprints, hashes of inputs).

    Every target is recorded with its SHA-256, so a half-written or damaged one is never believed.
    """

    _lock: FileLock | None = None

    def __init__(self, folder: str | Path, key: Any) -> None:
        self.folder = Path(folder)
        self.key = sha256_data(key)
        self._done: dict[str, str] = {}
        if self.folder.exists():
            self._done = self._recorded()
            if self._done:
                log.info("resuming: %d finished targets in %s", len(self._done), self.folder)
            else:
                shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    @classmethod
    def of_job(cls, job: Job) -> WorkFolder:
        """The work folder of a script, ``params.work``, bound to all that its job depends on and locked while its process lives.

        Where another process holds it, this waits: such a process belongs to a run that is gone and ends by itself, or to another
        run of the same job, whose targets are then found here.
        """
        lock = _hold(Path(job.params.work))
        work = cls(job.params.work, job_key(job))
        work._lock = lock
        return work

    def _recorded(self) -> dict[str, str]:
        done: dict[str, str] = {}
        for record_path in sorted(self.folder.glob("*.done.json")):
            try:
                record = read_json(record_path)
            except CorruptFileError:
                continue
            name = record_path.name.removesuffix(".done.json")
            file = self.folder / name
            if record.get("key") == self.key and file.exists() and sha256_file(file) == record.get("sha256"):
                done[name] = record["sha256"]
        return done

    @property
    def done(self) -> set[str]:
        """Names of the finished targets."""
        return set(self._done)

    def path(self, name: str) -> Path:
        """Where the finished target ``name`` lies; an unfinished one is a ``KeyError``."""
        if name not in self._done:
            raise KeyError(f"target '{name}' is not finished in {self.folder}")
        return self.folder / name

    def finish(self, names: str | Sequence[str], write: Callable[..., object]) -> None:
        """Write a target atomically through ``write(path)`` unless it is finished already.

        A target of several files is given by several names and written by ``write(path, path, ...)``; none of them counts
        as finished before all are.
        """
        names = [names] if isinstance(names, str) else list(names)
        if all(name in self._done for name in names):
            return
        with ExitStack() as stack:
            write(*[stack.enter_context(atomic_path(self.folder / name)) for name in names])
        digests = {name: sha256_file(self.folder / name) for name in names}
        for name, digest in digests.items():
            write_json(self.folder / f"{name}.done.json", {"key": self.key, "sha256": digest})
        self._done |= digests

    def hand_over(self, targets: dict[str, str | Path]) -> None:
        """Put the finished targets ``{name: destination}`` to their places, as links where the file system has them.

        The folder stays until ``sweep`` finds the run over.
        """
        for name, destination in targets.items():
            destination = Path(destination)
            with atomic_path(destination) as part:
                link_or_copy(self.path(name), part)
        write_json(self.folder / HANDED_OVER, {name: str(destination) for name, destination in targets.items()})


def sweep(root: str | Path) -> None:
    """Remove the work folders below ``root`` whose targets are at their places; called when a run is over.

    A folder that a process holds stays, and one whose targets are gone again: its job failed after all.
    """
    for mark in sorted(Path(root).glob(f"*/*/{HANDED_OVER}")):
        lock = FileLock(_lock_path(mark.parent))
        try:
            with lock.acquire(blocking=False):
                handed_over = read_json(mark)
                if all(Path(destination).exists() for destination in handed_over.values()):
                    shutil.rmtree(mark.parent)
                    _lock_path(mark.parent).unlink()  # while it is held: whoever waits for it notices
        except (Timeout, CorruptFileError, FileNotFoundError):
            continue


def _lock_path(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _hold(folder: Path) -> FileLock:
    """The lock of a work folder, held until this process ends."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(_lock_path(folder))
    while True:
        try:
            lock.acquire(timeout=WAIT)
        except Timeout:
            log.warning("another process works in %s; waiting for it", folder)
        else:
            return lock

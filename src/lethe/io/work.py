"""A job's own folder of finished targets, so that a killed job goes on where it was.

A job that makes several targets (ten models, ten shards) writes each into its work folder as soon as it is finished and
hands all of them over at the end. After a kill -9 or a full disk the same command finds the finished ones there. The folder
is bound to a *key*, a hash of everything the targets depend on: other parameters, code or inputs begin anew.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from lethe.io.atomic import atomic_path
from lethe.io.hashing import sha256_data, sha256_file
from lethe.io.tables import CorruptFileError, read_json, write_json

log = logging.getLogger(__name__)


class WorkFolder:
    """Finished targets of one job.

    Args:
        folder: where to keep them, e.g. ``results/mini/.work/generate/objects_uce_000_0``.
        key: plain data the targets depend on (parameters, fingerprints, hashes of inputs).

    Every target is recorded with its SHA-256, so a half-written or damaged one is never believed.
    """

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
        """Move the finished targets ``{name: destination}`` to their places and remove the folder.

        The destinations are links until the last is in place, so a kill in between loses nothing.
        """
        for name, destination in targets.items():
            destination = Path(destination)
            with atomic_path(destination) as part:
                try:
                    os.link(self.path(name), part)
                except OSError:  # another file system, or one without hard links
                    shutil.copyfile(self.path(name), part)
        shutil.rmtree(self.folder)

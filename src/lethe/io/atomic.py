"""Writes that either happen whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DiskFullError(OSError):
    """The disk (or the quota) was full while a file was written; nothing half-written is left."""


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def naming_a_full_disk(path: Path) -> Iterator[None]:
    """Turn the error of a full disk (or quota) while ``path`` is written into a ``DiskFullError`` that names it."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            free = shutil.disk_usage(path.parent).free / 1e6
            raise DiskFullError(error.errno, f"no space left to write {path} ({free:.0f} MB free)") from error
        raise


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success sync it and rename it onto ``path``.

    On any error the temporary file (or folder) is removed and ``path`` keeps what it held. The temporary name ends in
    ``.part`` and holds the process id, so two writers never share it. A folder may be created at the temporary path
    too: it then replaces the folder at ``path``.

    Raises:
        DiskFullError: if the disk is full; names the file and the free space.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with naming_a_full_disk(path):
            yield part
            if part.is_dir():
                for file in sorted(p for p in part.rglob("*") if p.is_file()):
                    sync_file(file)
                if path.exists():
                    shutil.rmtree(path)
            else:
                sync_file(part)
            os.replace(part, path)
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def link_or_copy(source: Path, target: Path) -> None:
    """Make ``target``, which does not exist, a hard link to the file ``source``; a copy where there are no such links."""
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(source, target)


def sync_file(path: Path) -> None:
    """Make the bytes of a file last before it is renamed."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically."""
    with atomic_path(path) as part:
        part.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 ``text`` to ``path`` atomically."""
    write_bytes(path, text.encode())

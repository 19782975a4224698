"""Unpack an archive into a folder; nothing of it ever lands outside."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from lethe.io.atomic import atomic_path
from lethe.io.tables import CorruptFileError


class UnsafeArchiveError(ValueError):
    """An archive with a member that would land outside its folder, or is no file, folder or inner link."""


def unpack(archive: str | Path, folder: str | Path) -> None:
    """Unpack a tar (any compression) or zip into ``folder``, which appears whole or not at all.

    If everything in the archive lies below one top folder, that one is left out: ``Dataset-main/a.jpg`` becomes ``a.jpg``.

    Raises:
        UnsafeArchiveError: names archive and member.
        CorruptFileError: it is no archive, or damaged.
    """
    archive, folder = Path(archive), Path(folder)
    with atomic_path(folder) as part:
        part.mkdir()
        try:
            if zipfile.is_zipfile(archive):
                _unpack_zip(archive, part)
            else:
                with tarfile.open(archive) as tar:
                    tar.extractall(part, filter="data")
        except tarfile.FilterError as error:
            raise UnsafeArchiveError(f"{archive}: {error}; nothing of it was unpacked") from error
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error) as error:
            raise CorruptFileError(f"{archive}: not a readable archive ({error}); delete it and fetch it again") from error
        _leave_out_top(part)


def _unpack_zip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        for member in file.namelist():
            pure = PurePosixPath(member.replace("\\", "/"))
            # zipfile would mend such names without a word
            if pure.is_absolute() or ".." in pure.parts or ":" in pure.parts[:1]:
                raise UnsafeArchiveError(f"{archive}: member '{member}' lies outside the folder; nothing of it was unpacked")
        file.extractall(folder)


def _leave_out_top(folder: Path) -> None:
    inside = list(folder.iterdir())
    if len(inside) != 1 or not inside[0].is_dir():
        return
    top = inside[0].rename(folder / f".{inside[0].name}.top")  # a child may have its parent's name
    for child in top.iterdir():
        child.rename(folder / child.name)
    top.rmdir()

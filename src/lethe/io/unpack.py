"""Unpack an archive into a folder; nothing of it ever lands outside."""

from __future__ import annotations

from pathlib import Path

from lethe.io.atomic import atomic_path
from lethe.io.members import UnsafeArchiveError, read_members
from lethe.io.tables import CorruptFileError

__all__ = ["UnsafeArchiveError", "unpack"]


def unpack(archive: str | Path, folder: str | Path) -> None:
    """Unpack a tar, tar.gz or zip into ``folder``, which appears whole or not at all.

    All members are looked at before the first is written. Modes, owners and times are not taken over. If everything in the archive lies
    below one top folder, that one is left out: ``Dataset-main/a.jpg`` becomes ``a.jpg``.

    Raises:
        UnsafeArchiveError: a link, a name that leads out, a bomb and the like (``lethe.io.members``); names archive and member.
        CorruptFileError: it is no archive, damaged, or holds no file.
    """
    archive, folder = Path(archive), Path(folder)
    top = _top(archive)
    with atomic_path(folder) as part:
        part.mkdir()
        for member in read_members(archive):
            place = part.joinpath(*member.parts[top:])
            if member.folder:
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            with open(place, "xb") as file:
                for block in member.content:
                    file.write(block)


def _top(archive: Path) -> int:
    """How many folders at the top are left out, 0 or 1; an archive without files is a ``CorruptFileError``."""
    tops, files, inside = set(), 0, True
    for member in read_members(archive):
        tops.add(member.parts[0])
        files += not member.folder
        inside = inside and (member.folder or len(member.parts) > 1)
    if not files:
        raise CorruptFileError(f"{archive}: holds no files")
    return int(inside and len(tops) == 1)

"""A case of damage, and what it means that a reader refuses it."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lethe.archive.citation import CitationError
from lethe.core.registry import UnknownNameError
from lethe.diffusion.pretraining.assets import AssetError
from lethe.diffusion.testbed.schema import MetadataError
from lethe.io.tables import CorruptFileError
from lethe.settings.errors import SettingsError

ERRORS = (AssetError, CitationError, CorruptFileError, MetadataError, SettingsError, UnknownNameError)
LONGEST = 1500  # characters of a message that a person reads to its end

Read = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """One broken input.

    Attributes:
        name: what is broken. build: writes it into an empty folder and returns how it is read. says: what the message must hold:
            the file or key, and the value where one is wrong.
    """

    name: str
    build: Callable[[Path], Read]
    says: tuple[str, ...]


class Payload:
    """What a pickle must never do: unpickling one makes the folder ``marker``."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.marker),)


def marker(folder: Path) -> Path:
    """Where the payload of a case would leave its trace."""
    return folder.parent / "unpickled"


def pickled(folder: Path) -> bytes:
    """A pickle with the payload."""
    return pickle.dumps(Payload(marker(folder)))


def offsets(size: int, count: int) -> Iterator[int]:
    """``count`` places spread over ``size`` bytes."""
    yield from sorted({position * size // count for position in range(count)})


def cut(data: bytes, at: int) -> bytes:
    """The bytes before ``at``."""
    return data[:at]


def put(data: bytes, at: int, new: bytes) -> bytes:
    """``data`` with ``new`` in the place of as many bytes."""
    return data[:at] + new + data[at + len(new) :]


def flip(data: bytes, at: int, bits: int = 0xFF) -> bytes:
    """``data`` with some bits of one byte turned over."""
    return put(data, at, bytes([data[at] ^ bits]))


def snapshot(folder: Path) -> dict[str, str]:
    """Every file and folder below ``folder`` with the hash of its content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        data = os.readlink(path).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = hashlib.sha256(data).hexdigest()
    return found


def fault(case: Case, folder: Path) -> str:
    """What is wrong with how a reader meets a case, or nothing.

    Nothing means: one error of the project with one short message that names what the case says; every file as it was and none new,
    beside the folder either; no payload has run.
    """
    inside = folder / "inside"
    inside.mkdir(parents=True)
    read = case.build(inside)
    before = snapshot(folder)
    met: Exception | None
    try:
        read()
    except Exception as error:  # whatever else than ERRORS comes out is the finding
        met = error
    else:
        met = None
    if marker(inside).exists():
        return "a pickle was loaded"
    if met is None:
        return "accepted"
    if snapshot(folder) != before:
        return f"files changed: {sorted(set(snapshot(folder).items()) ^ set(before.items()))}"
    message = str(met)
    if type(met) not in ERRORS:
        return f"{type(met).__name__}: {message}"
    if missing := [text for text in case.says if text not in message]:
        return f"the message does not name {missing}: {message}"
    if len(message) > LONGEST or "Traceback" in message or message.count("\n  - ") > 1:
        return f"not one short message: {message}"
    return ""

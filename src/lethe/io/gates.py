"""Gates as files: a list of records, one per gate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lethe.core.gate import Gate
from lethe.io.tables import CorruptFileError, read_json, write_json


def write_gates(path: str | Path, gates: Sequence[Gate]) -> None:
    """Write ``gate, value, target, holds, how`` of every gate."""
    write_json(path, [gate.record() for gate in gates])


def read_gates(path: str | Path) -> list[Gate]:
    """The inverse of ``write_gates``; another file is a ``CorruptFileError``."""
    try:
        return [Gate.of_record(record) for record in read_json(path)]
    except TypeError as error:
        raise CorruptFileError(f"{path}: not a list of gates ({error})") from error

"""How a product was made: what its job was given, written when the job ends and compared with the plan by ``lethe why``.

The record of the job of rule ``generate`` for wildcards ``objects, uce`` stands in ``results/{world}/.jobs/generate/objects,uce.json``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pydantic_core import to_jsonable_python

from lethe.io import checksums
from lethe.io.hashing import sha256_data
from lethe.io.tables import read_json, write_json

DECIDES_NO_RESULT = "tells how a product was made"
FOLDER = ".jobs"
NO_PART = ("work",)  # parameters that decide no result: where finished targets are kept
LONGEST = 150  # characters of a file's name


class Made(NamedTuple):
    """What a job was given.

    Attributes:
        params: name -> value, plain data. inputs: product -> SHA-256; files that no job made stand in the parameters.
    """

    params: dict[str, Any]
    inputs: dict[str, str]


def given(params: Iterable[tuple[str, Any]], inputs: Iterable[str]) -> Made:
    """What a job is given, as plain data; an input that no job made, or that is not there, is left out."""
    values = {name: to_jsonable_python(value, fallback=str) for name, value in params if name not in NO_PART}
    products = [str(path) for path in inputs if checksums.root_of(Path(path)) is not None and Path(path).exists()]
    return Made(values, {path: checksums.digest(path) for path in products})


def record_path(rule: str, wildcards: Iterable[str], outputs: Iterable[str]) -> Path | None:
    """Where the record of a job stands; None for one whose outputs lie outside ``results`` and ``resources``."""
    words = ",".join(wildcards)
    name = re.sub(r"[^A-Za-z0-9_.=,-]", "+", words) or "job"
    if name != (words or "job") or len(name) > LONGEST:
        name = f"{name[:LONGEST]}_{sha256_data(words)[:16]}"
    for output in outputs:
        if (root := checksums.root_of(Path(output))) is not None:
            return root / FOLDER / rule / f"{name}.json"
    return None


def record(path: Path, made: Made) -> None:
    """Write what a job was given."""
    write_json(path, made._asdict())


def recorded(path: Path) -> Made | None:
    """What a job was given; None where no job of this version has ended well.

    Raises:
        CorruptFileError: the record is damaged.
    """
    return Made(**read_json(path)) if path.is_file() else None

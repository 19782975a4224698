"""Tables and images of data sets, read with errors that name the file and what was expected."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from lethe.io.tables import CorruptFileError
from lethe.registry import UnknownNameError, nearest

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"}


def read_table(path: str | Path, columns: Sequence[str], text: Sequence[str] = ()) -> pd.DataFrame:
    """A csv (or csv.bz2) with at least ``columns``.

    Args:
        columns: that it must have.
        text: of these, the ones that are read as they are written, ``"007"`` and ``"8"``, not as numbers.

    Raises:
        FileNotFoundError: names the file. CorruptFileError: it is no csv, or lacks a column.
    """
    import pandas as pd

    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} does not exist; expected a table with the columns {', '.join(columns)}")
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(text, str), low_memory=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, EOFError, OSError) as error:
        raise CorruptFileError(f"{path}: not a readable csv ({error}); expected the columns {', '.join(columns)}") from error
    check_columns(path, columns, [str(column) for column in table.columns])
    return table


def check_columns(path: str | Path, columns: Sequence[str], found: list[str]) -> None:
    """Raise ``CorruptFileError`` naming the first of ``columns`` that is not among ``found``, and the nearest that is."""
    for column in columns:
        if column not in found:
            raise CorruptFileError(
                f"{path}: no column '{column}'; expected {', '.join(columns)}, found {', '.join(found)}{nearest(column, found)}"
            )


def decode_image(data: bytes | Path, where: str | Path) -> NDArray[np.uint8]:
    """``(H, W, 3)`` uint8, RGB, from encoded bytes or a file; ``where`` names it in a ``CorruptFileError``."""
    try:
        with Image.open(io.BytesIO(data) if isinstance(data, bytes) else data) as image:
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError) as error:  # Pillow raises SyntaxError for a broken PNG
        raise CorruptFileError(
            f"{where}: not a readable image ({error}); expected one of {', '.join(sorted(SUFFIXES))}"
        ) from error


def image_files(folder: Path) -> list[Path]:
    """The images of a folder in the order of their names; hidden files are passed over."""
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith("."))


def check_entity(source: str, name: str, known: list[str]) -> None:
    """Raise ``UnknownNameError`` unless ``name`` is an entity of the source."""
    if name not in known:
        raise UnknownNameError(f"unknown entity '{name}' of {source}{nearest(name, known)}")

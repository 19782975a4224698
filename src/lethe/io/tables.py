"""JSON, YAML and parquet files: read with clear errors, written atomically and byte-deterministically."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lethe.io.atomic import atomic_path, write_text

if TYPE_CHECKING:
    import pandas as pd


class CorruptFileError(ValueError):
    """A file exists but cannot be read as what it should be."""


def read_json(path: str | Path) -> Any:
    """The content of a JSON file; a damaged file is a ``CorruptFileError`` naming it."""
    try:
        return json.loads(Path(path).read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CorruptFileError(f"{path}: not valid JSON ({error}); delete it and run again") from error


def write_json(path: str | Path, data: Any, indent: int | None = 4) -> None:
    """Write plain data as JSON; key order is kept, NaN becomes an error (use None)."""
    write_text(path, json.dumps(data, indent=indent, allow_nan=False, ensure_ascii=False) + "\n")


def read_yaml(path: str | Path) -> Any:
    """The content of a YAML file; a damaged file is a ``CorruptFileError`` naming it."""
    import yaml

    try:
        return yaml.safe_load(Path(path).read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CorruptFileError(f"{path}: not valid YAML ({error})") from error


def read_parquet(path: str | Path) -> pd.DataFrame:
    """The content of a parquet file; a damaged file is a ``CorruptFileError`` naming it."""
    import pandas as pd
    import pyarrow as pa

    try:
        return pd.read_parquet(path)
    except (pa.ArrowInvalid, pa.ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise CorruptFileError(f"{path}: not a readable parquet file ({error}); delete it and run again") from error


def write_parquet(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as parquet without an index; equal tables give equal bytes."""
    with atomic_path(path) as part:
        table.to_parquet(part, index=False, compression="zstd")


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as CSV without an index; floats with six significant digits."""
    write_text(path, table.to_csv(index=False, float_format="%.6g"))


def read_jsonl(path: str | Path) -> list[dict[str, Any]]:
    """The records of a JSON-lines file; a damaged line is a ``CorruptFileError`` naming its number."""
    records = []
    for number, line in enumerate(Path(path).read_text().splitlines(), start=1):
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise CorruptFileError(f"{path}, line {number}: not valid JSON ({error})") from error
    return records


def write_jsonl(path: str | Path, records: list[dict[str, Any]]) -> None:
    """Write one JSON object per line."""
    write_text(path, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))

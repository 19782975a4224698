"""JSON, YAML and parquet files: read with clear errors, written atomically and byte-deterministically."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lethe.io import checksums
from lethe.io.atomic import atomic_path, write_text
from lethe.io.pointers import lfs_pointer

if TYPE_CHECKING:
    import pandas as pd


class CorruptFileError(ValueError):
    """A file exists but cannot be read as what it should be."""


@contextmanager
def readable(path: str | Path, what: str, remedy: str = "") -> Iterator[None]:
    """Turn whatever a parser raises within the block into a ``CorruptFileError`` that names the file and says what it is not.

    A product of this workflow is held against the hash that its job wrote before it is parsed, and a damaged one comes with the command
    that makes it again; ``remedy`` is for files that have another one. A Git LFS pointer in the file's place is refused before anything
    is parsed. A missing file stays a ``FileNotFoundError``. Only calls of a parser belong into the block.

    Raises:
        HashMismatchError: a product that is not what its job made (``lethe.io.checksums``).

    Examples:
        >>> with readable("steps.txt", "a number of steps"):
        ...     int("many")
        Traceback (most recent call last):
            ...
        lethe.io.tables.CorruptFileError: steps.txt: not a number of steps (invalid literal for int() with base 10: 'many')
    """
    checksums.check(path)
    if pointer := lfs_pointer(path):
        raise CorruptFileError(f"{path}: {pointer}")
    try:
        yield
    except (CorruptFileError, FileNotFoundError):
        raise
    except Exception as error:  # parsers meet damage with nearly every type there is, and document none of them
        said = " ".join(str(error).split()) or type(error).__name__
        again = f"; make it again: {checksums.remake(Path(path))}" if checksums.root_of(Path(path)) else ""
        raise CorruptFileError(f"{path}: not {what} ({said}){remedy}{again}") from error


def read_json(path: str | Path) -> Any:
    """The content of a JSON file; a damaged one, also with NaN or a key given twice, is a ``CorruptFileError`` naming it.

    A byte order mark, which editors on Windows write, is passed over.

    Examples:
        >>> _ = Path("record.json").write_text('{"steps": 40, "steps": 50}')
        >>> read_json("record.json")
        Traceback (most recent call last):
            ...
        lethe.io.tables.CorruptFileError: record.json: not valid JSON (key 'steps' is given twice)
    """
    with readable(path, "valid JSON"):
        text = Path(path).read_text("utf-8-sig")
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key '{next(key for key in keys if keys.count(key) > 1)}' is given twice")
    return content


class Lazy(list[Any]):
    """A list in data for ``write_json``, with an indent, whose entries are made while they are written, and then let go.

    Args:
        entries: read once. count: how many there are.
    """

    def __init__(self, entries: Iterable[Any], count: int) -> None:
        super().__init__([object()])  # the encoder in C reads no iterator: of what it finds here it says that it is no JSON
        self._entries, self._count = entries, count

    def __iter__(self) -> Iterator[Any]:
        return iter(self._entries)

    def __len__(self) -> int:
        return self._count


def write_json(path: str | Path, data: Any, indent: int | None = 4) -> None:
    """Write plain data as JSON; key order is kept, NaN becomes an error (use None).

    Examples:
        >>> write_json("record.json", {"steps": 40})
        >>> read_json("record.json")
        {'steps': 40}
        >>> write_json("squares.json", {"squares": Lazy((n * n for n in range(3)), 3)})
        >>> read_json("squares.json")
        {'squares': [0, 1, 4]}
    """
    encoder = json.JSONEncoder(indent=indent, allow_nan=False, ensure_ascii=False)
    parts = (
        [encoder.encode(data)] if indent is None else encoder.iterencode(data)
    )  # the encoder in C is quick, and knows no indents
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        for part in parts:
            file.write(part)
        file.write("\n")


def read_yaml(path: str | Path) -> Any:
    """The content of a YAML file; a damaged one, also with a key given twice, is a ``CorruptFileError`` naming it.

    Examples:
        >>> _ = Path("settings.yaml").write_text("steps: 40")
        >>> read_yaml("settings.yaml")
        {'steps': 40}
    """
    import yaml

    with readable(path, "valid YAML"):
        return yaml.load(Path(path).read_bytes(), Loader=_unique_keys(getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def _unique_keys(base: Any) -> Any:
    class UniqueKeys(base):
        """A loader that refuses a key given twice, of which YAML would keep the last."""

        def flatten_mapping(self, node: Any) -> None:
            """Called once or more for every mapping, before ``<<`` is replaced by what it merges: that may be given again."""
            seen: set[Any] = set()
            for key in () if hasattr(node, "flat") else [key for key, _ in node.value if isinstance(key.value, str)]:
                if (key.tag, key.value) in seen:
                    raise ValueError(f"key '{key.value}' is given twice{key.start_mark}")
                seen.add((key.tag, key.value))
            node.flat = True
            super().flatten_mapping(node)

    return UniqueKeys


def read_parquet(path: str | Path) -> pd.DataFrame:
    """The content of a parquet file; a damaged file is a ``CorruptFileError`` naming it.

    Examples:
        >>> import pandas as pd
        >>> write_parquet("scores.parquet", pd.DataFrame({"seed": [42, 43], "ssim": [0.5, 0.75]}))
        >>> read_parquet("scores.parquet")["ssim"].tolist()
        [0.5, 0.75]
    """
    import pandas as pd

    with readable(path, "a readable parquet file"):
        return pd.read_parquet(path, page_checksum_verification=True)


def write_parquet(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as parquet without an index; equal tables give equal bytes.

    Examples:
        >>> import pandas as pd
        >>> write_parquet("scores.parquet", pd.DataFrame({"seed": [42]}))
        >>> read_parquet("scores.parquet").columns.tolist()
        ['seed']
    """
    with atomic_path(path) as part:
        table.to_parquet(part, index=False, compression="zstd", write_page_checksum=True)


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    r"""Write a table as CSV without an index; floats with six significant digits.

    Examples:
        >>> import pandas as pd
        >>> write_csv("scores.csv", pd.DataFrame({"ssim": [1 / 3]}))
        >>> Path("scores.csv").read_text()
        'ssim\n0.333333\n'
    """
    write_text(path, table.to_csv(index=False, float_format="%.6g"))


def read_jsonl(path: str | Path) -> list[dict[str, Any]]:
    """The records of a JSON-lines file; a damaged line is a ``CorruptFileError`` naming its number.

    Examples:
        >>> write_jsonl("records.jsonl", [{"seed": 42}, {"seed": 43}])
        >>> read_jsonl("records.jsonl")
        [{'seed': 42}, {'seed': 43}]
    """
    with readable(path, "lines of JSON"):
        return [_json_line(number, line) for number, line in enumerate(Path(path).read_bytes().splitlines(), start=1)]


def _json_line(number: int, line: bytes) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(line.decode())
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from error
    return record


def write_jsonl(path: str | Path, records: list[dict[str, Any]]) -> None:
    r"""Write one JSON object per line.

    Examples:
        >>> write_jsonl("records.jsonl", [{"seed": 42}])
        >>> Path("records.jsonl").read_text()
        '{"seed": 42}\n'
    """
    write_text(path, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))

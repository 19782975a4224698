"""Tables of many rows as parquet: written part by part and read by column and by filter, so that no job holds more than it needs.

Texts are stored as a dictionary, each once, and integers in 32 bits: a row of a tidy table takes a tenth of the memory of its texts
written out. ``pandas.read_parquet`` reads such a file, or a folder of them, as it reads any other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lethe.io.atomic import atomic_path
from lethe.io.tables import readable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

WHAT = "a readable parquet file"
BUFFERED = False  # pyarrow's default holds all columns as they lie in the file, before a row is read
ROWS = 1 << 17  # of a row group that is not asked for by itself, and of what is held while files are joined


@contextmanager
def write_rows(path: str | Path, single: Collection[str] = (), least: int = 0) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Write a table part by part, all or nothing; equal parts give equal bytes.

    Args:
        path: the parquet file.
        single: columns of numbers that are stored in 32 bits.
        least: rows of a row group; fewer are kept until there are more. 0: every part is a row group, and a filter on what tells
            parts apart reads one alone.

    Yields:
        A function that appends rows; every part has the columns of the first.

    Raises:
        ValueError: a part has other columns or types than the first, or there are no parts.

    Examples:
        >>> import pandas as pd
        >>> with write_rows("pairs.parquet") as append:
        ...     for emitter in (0, 1):
        ...         append(pd.DataFrame({"emitter": emitter, "metric": ["ssim", "rmse"], "value": [0.5, 0.25]}))
        >>> read_rows(["pairs.parquet"], columns=["metric", "value"], filters=[("emitter", "==", 1)]).values.tolist()
        [['ssim', 0.5], ['rmse', 0.25]]
    """
    import pyarrow as pa

    with _writer(Path(path), least) as append:
        yield lambda rows: append(_packed(pa.Table.from_pandas(rows, preserve_index=False), single))


def join_rows(path: str | Path, parts: Iterable[str | Path]) -> None:
    """Write the rows of several files as one, in their order, without holding any of them whole.

    Raises:
        CorruptFileError: names the part that is damaged.
        ValueError: a part has other columns or types than the first, or there are no parts.

    Examples:
        >>> import pandas as pd
        >>> with write_rows("uce.parquet") as append:
        ...     append(pd.DataFrame({"method": ["uce"], "value": [0.5]}))
        >>> join_rows("pairs.parquet", ["uce.parquet", "uce.parquet"])
        >>> len(read_rows(["pairs.parquet"]))
        2
    """
    import pyarrow as pa

    with _writer(Path(path), ROWS) as append:
        for part in parts:
            for batch in _batches(part):
                append(_packed(pa.Table.from_batches([batch])))


def read_rows(
    paths: Iterable[str | Path], columns: Sequence[str] | None = None, filters: Sequence[tuple[str, str, Any]] | None = None
) -> pd.DataFrame:
    """Rows of parquet files, one file after another; texts as categories, which sort as their texts do.

    Args:
        paths: files with the same columns.
        columns: those that are read, in this order; None: all.
        filters: conditions that all hold, such as ``("emitter", "==", 3)`` or ``("metric", "in", ["ssim", "rmse"])``; what cannot
            hold them is not read.

    Raises:
        CorruptFileError: names the file that is damaged or lacks a column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = []
    for path in paths:
        with readable(path, WHAT):
            there = pq.read_schema(path).names
            if lost := [name for name in columns or () if name not in there]:
                raise ValueError(f"lacks the column {', '.join(lost)}; it has {', '.join(there)}")
            given: Any = None if columns is None else list(columns)
            tables.append(
                _packed(
                    pq.read_table(
                        path,
                        columns=given,
                        filters=list(filters or ()) or None,
                        page_checksum_verification=True,
                        pre_buffer=BUFFERED,
                    )
                )
            )
    table = pa.concat_tables(tables, promote_options="permissive")
    del tables
    rows: pd.DataFrame = table.to_pandas(split_blocks=True, self_destruct=True)
    del table  # whose columns are gone
    for name in rows.columns[rows.dtypes == "category"]:
        rows[name] = rows[name].cat.reorder_categories(sorted(rows[name].cat.categories))
    return rows


def columns_of_rows(path: str | Path) -> list[str]:
    """Names of the columns of a parquet file; a damaged file is a ``CorruptFileError`` naming it."""
    import pyarrow.parquet as pq

    with readable(path, WHAT):
        names: list[str] = pq.read_schema(path).names
        return names


def row_batches(path: str | Path, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Some columns of a parquet file, in its order, at most ``ROWS`` rows at a time, so that none of it is held whole.

    Texts are categories; which ones differs from part to part.

    Raises:
        CorruptFileError: names the file that is damaged or lacks a column.

    Examples:
        >>> import pandas as pd
        >>> with write_rows("images.parquet") as append:
        ...     append(pd.DataFrame({"emitter": [3, 0], "value": [0.5, 0.25]}))
        >>> [int(rows["emitter"].sum()) for rows in row_batches("images.parquet", ["emitter"])]
        [3]
    """
    return (batch.to_pandas() for batch in _batches(path, columns))


def distinct_rows(paths: Iterable[str | Path], columns: Sequence[str]) -> pd.DataFrame:
    """Every combination of values that some columns have, once, in the order in which they come first.

    Examples:
        >>> import pandas as pd
        >>> with write_rows("images.parquet") as append:
        ...     append(pd.DataFrame({"emitter": [3, 3, 0], "seed": [42, 43, 42]}))
        >>> distinct_rows(["images.parquet"], ["emitter"])["emitter"].tolist()
        [3, 0]
    """
    import pandas as pd

    found = [rows.drop_duplicates() for path in paths for rows in row_batches(path, columns)]
    return pd.concat(found, ignore_index=True).drop_duplicates(ignore_index=True)


@contextmanager
def _writer(path: Path, least: int) -> Iterator[Callable[[pa.Table], None]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with atomic_path(path) as part, ExitStack() as stack:
        writer: pq.ParquetWriter | None = None
        kept: list[pa.Table] = []

        def write() -> None:
            if kept and writer is not None:
                whole = pa.concat_tables(kept).unify_dictionaries().combine_chunks()
                writer.write_table(whole, row_group_size=max(1, len(whole)))
                kept.clear()

        def append(table: pa.Table) -> None:
            nonlocal writer
            if writer is None:
                writer = stack.enter_context(pq.ParquetWriter(part, table.schema, compression="zstd", write_page_checksum=True))
            elif not table.schema.equals(writer.schema):
                raise ValueError(f"{path}: a part has the columns {_told(table.schema)}; the first has {_told(writer.schema)}")
            kept.append(table)
            if sum(map(len, kept)) >= least:
                write()

        yield append
        if writer is None:
            raise ValueError(f"{path}: there are no rows to write")
        write()


def _told(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} ({field.type})" for field in schema)


def _packed(table: pa.Table, single: Collection[str] = ()) -> pa.Table:
    """Texts as a dictionary, integers in 32 bits; an integer that does not fit is an ``ArrowInvalid``."""
    import pyarrow as pa

    text = pa.dictionary(pa.int32(), pa.string())
    for place, field in enumerate(table.schema):
        kind = field.type
        if pa.types.is_dictionary(kind) and not (
            pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type)
        ):
            kind = kind.value_type
        elif pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
            kind = text
        elif pa.types.is_integer(kind):
            kind = pa.int32()
        elif field.name in single:
            kind = pa.float32()
        if kind != field.type:
            column = table.column(place)
            if kind == text and not pa.types.is_dictionary(field.type):
                column = column.dictionary_encode()
            table = table.set_column(place, field.name, column.cast(kind))
    return table.replace_schema_metadata(None)


def _batches(path: str | Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """What a file holds, ``ROWS`` rows at a time."""
    import pyarrow.parquet as pq

    with readable(path, WHAT):
        file = pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=BUFFERED)
        batches = file.iter_batches(ROWS, columns=None if columns is None else list(columns))
    while True:
        with readable(path, WHAT):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch

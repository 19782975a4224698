"""Parquet written part by part and read by filter holds what a table written at once holds, and tells what is wrong by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lethe.io.rows import ROWS, distinct_rows, join_rows, read_rows, row_batches, write_rows
from lethe.io.tables import CorruptFileError, write_parquet


def rows(emitter: int, method: str = "uce") -> pd.DataFrame:
    values = [0.1 + emitter, np.nan, 1 / 3]
    return pd.DataFrame({"method": method, "emitter": emitter, "metric": ["ssim", "rmse", "clip"], "value": values})


def write(path: Path, method: str = "uce", least: int = 0) -> Path:
    with write_rows(path, least=least) as append:
        for emitter in range(4):
            append(rows(emitter, method))
    return path


def plain(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype({"method": str, "metric": str, "emitter": "int64"})


def test_parts_are_the_table_as_a_whole(tmp_path: Path) -> None:
    whole = pd.concat([rows(emitter) for emitter in range(4)], ignore_index=True)
    for least in (0, 7, ROWS):
        path = write(tmp_path / f"{least}.parquet", least=least)
        pd.testing.assert_frame_equal(plain(read_rows([path])), whole, check_exact=True)
        pd.testing.assert_frame_equal(plain(pd.read_parquet(path)), whole, check_exact=True)
    groups = [pq.read_metadata(tmp_path / f"{least}.parquet").num_row_groups for least in (0, 7, ROWS)]
    assert groups == [4, 2, 1]


def test_a_file_that_is_read_in_parts_is_never_held_whole(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(16, ROWS))
    with write_rows(tmp_path / "a.parquet") as append:
        for emitter, of_emitter in enumerate(values):
            append(pd.DataFrame({"emitter": emitter, "value": of_emitter}))
    before = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in row_batches(tmp_path / "a.parquet", ["emitter", "value"])]
    assert len(held) == 16 and max(held) < values.nbytes


def test_a_folder_is_one_table_for_pandas(tmp_path: Path) -> None:
    for method in ("uce", "munba"):
        write(tmp_path / f"images/images_{method}.parquet", method)
    found = pd.read_parquet(tmp_path / "images", filters=[("method", "==", "munba"), ("emitter", "==", 2)])
    assert found["metric"].tolist() == ["ssim", "rmse", "clip"]
    assert set(found["method"]) == {"munba"}


def test_joined_files_are_read_in_their_order_and_by_filter(tmp_path: Path) -> None:
    parts = [write(tmp_path / f"{method}.parquet", method) for method in ("uce", "munba")]
    join_rows(tmp_path / "both.parquet", parts)
    both = read_rows([tmp_path / "both.parquet"])
    assert both["method"].tolist() == ["uce"] * 12 + ["munba"] * 12
    assert both["method"].cat.categories.tolist() == ["munba", "uce"]  # sorting by a category sorts by its text
    pd.testing.assert_frame_equal(plain(read_rows(parts)), plain(both))
    some = read_rows([tmp_path / "both.parquet"], columns=["value", "metric"], filters=[("metric", "in", ["clip", "ssim"])])
    assert some.columns.tolist() == ["value", "metric"] and set(some["metric"]) == {"clip", "ssim"} and len(some) == 16
    assert distinct_rows(parts, ["method", "emitter"]).values.tolist() == [[m, e] for m in ("uce", "munba") for e in range(4)]


def test_a_table_written_with_texts_is_read_and_joined(tmp_path: Path) -> None:
    write_parquet(tmp_path / "old.parquet", rows(3, "old"))
    join_rows(tmp_path / "both.parquet", [tmp_path / "old.parquet", write(tmp_path / "new.parquet", "new")])
    assert read_rows([tmp_path / "both.parquet"])["method"].tolist() == ["old"] * 3 + ["new"] * 12


def test_only_what_is_named_is_rounded(tmp_path: Path) -> None:
    with write_rows(tmp_path / "a.parquet", single=["value"]) as append:
        append(pd.DataFrame({"value": [1 / 3], "exact": [1 / 3]}))
    found = read_rows([tmp_path / "a.parquet"])
    assert found["value"].tolist() == [float(np.float32(1 / 3))] and found["exact"].tolist() == [1 / 3]


def test_equal_parts_give_equal_bytes(tmp_path: Path) -> None:
    assert write(tmp_path / "a.parquet").read_bytes() == write(tmp_path / "b.parquet").read_bytes()


def test_a_part_that_differs_leaves_nothing(tmp_path: Path) -> None:
    named = pytest.raises(ValueError, match=r"a.parquet: a part has the columns emitter \(int32\); the first has method")
    with named, write_rows(tmp_path / "a.parquet") as append:
        append(rows(0))
        append(pd.DataFrame({"emitter": [1]}))
    with pytest.raises(ValueError, match="there are no rows"), write_rows(tmp_path / "a.parquet"):
        pass
    assert not list(tmp_path.iterdir())


def test_a_damaged_file_and_a_lost_column_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet")
    with pytest.raises(CorruptFileError, match="a.parquet: .*lacks the column recever; it has method, emitter"):
        read_rows([path], columns=["recever"])
    content = bytearray(path.read_bytes())
    content[60] ^= 255
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match="a.parquet: not a readable parquet file"):
        join_rows(tmp_path / "b.parquet", [path])
    assert not (tmp_path / "b.parquet").exists()

"""Pairs in files give what the same pairs in a table give; what is not asked for is not read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tests.unit.icare.template_world import make_task

from lethe.benchmarks.icare.harm import harm_table
from lethe.benchmarks.icare.pair_rows import PairFile, PairTable
from lethe.benchmarks.icare.templates.data import MissingDataError, TaskData
from lethe.io.rows import write_rows

FLOOR = {"clip_diff": {"low": -1.0, "high": 1.0}, "ssim": {"low": 0.8, "high": 1.0}}


@pytest.fixture
def task() -> TaskData:
    """With pairs as a table."""
    return make_task(n=6)


@pytest.fixture
def files(task: TaskData, tmp_path: Path) -> PairFile:
    """The same pairs, a file per method."""
    table: pd.DataFrame = task.pairs  # type: ignore[assignment]
    paths = []
    for method, rows in table.groupby("method", sort=False):
        paths.append(tmp_path / f"{method}.parquet")
        with write_rows(paths[-1]) as append:
            append(rows.assign(left_out=0))
    return PairFile(*paths)


def plain(rows: pd.DataFrame) -> pd.DataFrame:
    columns = ["method", "epochs", "emitter", "receiver", "metric", "value"]
    return (
        rows[columns]
        .astype({"method": str, "metric": str, "epochs": int, "emitter": int, "receiver": int})
        .reset_index(drop=True)
    )


def test_files_and_a_table_hold_the_same(task: TaskData, files: PairFile) -> None:
    table = PairTable(task.pairs)  # type: ignore[arg-type]
    assert (files.methods, files.named, files.metrics) == (table.methods, table.named, table.metrics)
    pd.testing.assert_frame_equal(plain(files.of("uce", 0)), plain(table.of("uce", 0)))
    pd.testing.assert_frame_equal(plain(files.of_method("distil")), plain(table.of_method("distil")))
    pd.testing.assert_frame_equal(plain(files.measured_by(["ssim", "rmse"])), plain(table.measured_by(["ssim", "rmse"])))
    assert "left_out" in files.of("uce", 0) and "left_out" not in files.measured_by(["ssim"])


def test_harm_of_files_is_harm_of_a_table(task: TaskData, files: PairFile) -> None:
    table = harm_table(task.pairs, FLOOR, exclude=[1], draws=50)  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(harm_table(files, FLOOR, exclude=[1], draws=50), table)
    assert list(table["method"].unique()) == files.named and set(table["quantity"]) == set(FLOOR)


def test_a_metric_that_is_not_there_is_named(task: TaskData) -> None:
    assert set(task.pairs_by("ssim", "lost")["metric"]) == {"ssim"}
    with pytest.raises(MissingDataError, match=r"no pairs of the metric 'ssi'; it has: .*did you mean 'ssim'"):
        task.pairs_by("ssi")

"""A bootstrap over rows and columns: against drawing them one by one, and its coverage."""

from __future__ import annotations

import numpy as np

from lethe.statistics.crossed import crossed_interval
from lethe.statistics.resampling import multiplicities


def test_equals_means_of_drawn_tables() -> None:
    values = np.random.default_rng(0).normal(size=(2, 4, 3))
    means = []
    for rows, columns in zip(multiplicities(4, 300, 5), multiplicities(3, 300, 6), strict=True):
        drawn = np.repeat(values, rows.astype(int), axis=1)
        means.append(np.repeat(drawn, columns.astype(int), axis=2).mean(axis=(1, 2)))
    low, high = crossed_interval(values, draws=300, alpha=0.1, seed=5)
    np.testing.assert_allclose([low, high], np.percentile(means, [5, 95], axis=0), atol=1e-12)


def test_covers_the_mean_of_what_rows_and_columns_were_drawn_from() -> None:
    """Drawing rows alone would miss what a column has in common for all rows."""
    generator, hits, hits_of_rows, runs = np.random.default_rng(1), 0, 0, 200
    for run in range(runs):
        table = generator.normal(size=(12, 1)) + 2 * generator.normal(size=(1, 12)) + 0.5 * generator.normal(size=(12, 12))
        low, high = crossed_interval(table, 300, 0.05, run)
        hits += bool(low <= 0 <= high)
        low, high = crossed_interval(table.mean(axis=1, keepdims=True), 300, 0.05, run)
        hits_of_rows += bool(low <= 0 <= high)
    assert hits / runs > 0.85 > 0.7 > hits_of_rows / runs


def test_one_row_has_no_interval() -> None:
    assert np.isnan(crossed_interval(np.ones((3, 1, 5)))).all()

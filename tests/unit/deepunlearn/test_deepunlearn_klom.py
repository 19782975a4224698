"""KLoM: a divergence that is known, exact unlearning at the floor, and a leak above it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from lethe.benchmarks.deepunlearn.jobs.klom import tabulate
from lethe.benchmarks.deepunlearn.klom import Margins, block_count, kl_of_normals, klom, klom_table
from lethe.benchmarks.deepunlearn.lira import write_outputs
from lethe.benchmarks.deepunlearn.ulira_splits import LiraSplits, lira_splits
from lethe.settings.classifiers import Lira

S, K, N = 32, 2, 100
NOBODY = np.zeros((S, K, N), dtype=bool)


@pytest.fixture(scope="module")
def splits() -> LiraSplits:
    return lira_splits(N, splits=S, forgets=K)


def draws(seed: int, methods: int) -> list[NDArray[np.float32]]:
    """Margins (S, K, N) of some methods, exchangeable: what all models of a split share is large beside what each has alone."""
    generator = np.random.default_rng(seed)
    shared = generator.normal(3, 2, size=N) + generator.normal(0, 1, size=(S, 1, N))
    spread = generator.uniform(0.5, 2, size=N)
    return [(shared + spread * generator.normal(size=(S, K, N))).astype(np.float32) for _ in range(methods)]


def test_the_divergence_of_normals() -> None:
    """Against the integral, to which it is closed."""
    grid = np.linspace(-30, 30, 60_001)

    def log_density(mean: float, variance: float) -> NDArray[np.float64]:
        return -((grid - mean) ** 2) / (2 * variance) - np.log(2 * np.pi * variance) / 2

    p, q = log_density(1.0, 4.0), log_density(-0.5, 2.0)
    expected = np.trapezoid(np.exp(p) * (p - q), grid)
    assert kl_of_normals(*np.array([1.0, 4.0, -0.5, 2.0])) == pytest.approx(expected, rel=1e-6)


def test_a_shift_of_one_standard_deviation_is_half_a_nat() -> None:
    generator = np.random.default_rng(0)
    many = np.ones((200, 10, 50), dtype=bool)
    retrained, unlearned = generator.normal(size=many.shape), 1 + generator.normal(size=many.shape)
    values = klom(Margins.of(unlearned.astype(np.float32), many), Margins.of(retrained.astype(np.float32), many))
    assert values.mean() == pytest.approx(0.5, abs=0.02)


def test_few_models_are_drawn_to_the_mean_variance_and_many_are_not() -> None:
    generator = np.random.default_rng(0)
    spread = np.where(np.arange(N) % 2, 1.0, 5.0)
    phi = (spread * generator.normal(size=(S, K, N))).astype(np.float32)
    few = np.zeros((S, K, N), dtype=bool)
    few[::16, 0] = True
    every = np.ones(block_count(S), dtype=bool)
    (_, of_many), (_, of_few) = Margins.of(phi, ~NOBODY).normal(every), Margins.of(phi, few).normal(every)
    assert of_many[::2].mean() > 10 * of_many[1::2].mean() and of_few[::2].mean() < 2 * of_few[1::2].mean()


def test_exact_unlearning_is_at_the_floor_and_a_leak_above(splits: LiraSplits) -> None:
    held = {"exact": 0, "leaks": 0}
    for seed in range(10):
        retrained, exact, leaks = draws(seed, 3)
        leaks += 3 * splits.forgotten()
        outputs = {"retrained": (retrained, NOBODY), "exact": (exact, NOBODY), "leaks": (leaks, NOBODY)}
        table = klom_table(outputs, splits).set_index(["method", "part"])
        assert (table.loc["retrained", ["excess", "excess_low", "excess_high"]] == 0).all(axis=None)
        for method in held:
            row = table.loc[(method, "forget")]
            held[method] += bool(row["excess_low"] <= 0 <= row["excess_high"])
        assert table.loc[("leaks", "forget"), "excess"] > 0.3 > abs(table.loc[("leaks", "retain"), "excess"])
    assert held["exact"] >= 9 and held["leaks"] <= 1


def test_models_that_share_a_split_are_not_held_against_each_other(splits: LiraSplits) -> None:
    """The very same models would have a divergence of 0, far below what independent ones have."""
    (retrained,) = draws(0, 1)
    table = klom_table({"retrained": (retrained, NOBODY), "copy": (retrained, NOBODY)}, splits).set_index(["method", "part"])
    assert table.loc[("copy", "val"), "mean"] == table.loc[("retrained", "val"), "mean"] > 0.01


def test_what_is_not_finite_or_never_seen_is_left_out(splits: LiraSplits) -> None:
    retrained, broken = draws(0, 2)
    broken[..., splits.val[0]] = np.nan
    table = klom_table({"retrained": (retrained, NOBODY), "broken": (broken, NOBODY)}, splits).set_index(["method", "part"])
    assert (table.loc[("broken", "val"), "samples"], table.loc[("retrained", "val"), "samples"]) == (4, 5)
    assert table.loc["broken", ["mean", "excess_high"]].notna().all(axis=None)
    broken[:] = np.nan
    table = klom_table({"retrained": (retrained, NOBODY), "broken": (broken, NOBODY)}, splits).set_index(["method", "part"])
    assert (table.loc["broken", "samples"] == 0).all() and table.loc["broken", ["mean", "p95", "excess"]].isna().all(axis=None)


def test_the_job_writes_a_row_for_every_method_and_part(tmp_path: Path) -> None:
    lira = Lira(splits=S, forget_sets=K)
    for name, phi in zip(("original", "retrained", "ft"), draws(1, 3), strict=True):
        write_outputs(tmp_path / name, phi, NOBODY)
    methods = ["original", "retrained", "ft"]
    tabulate([tmp_path / name for name in methods], tmp_path / "table.csv", methods, lira, alpha=0.05)
    table = pd.read_csv(tmp_path / "table.csv")
    assert list(table["method"]) == 3 * methods and list(table["part"].unique()) == ["forget", "retain", "val"]
    assert (table["excess_low"] <= table["excess"]).all() and (table["mean"] < table["p95"]).all()

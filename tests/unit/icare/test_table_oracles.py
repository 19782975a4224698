"""Numbers and orders of the tables against the plainest computation: intervals, ranges, rows that belong to a name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lethe.benchmarks.icare.distribution import _compare
from lethe.benchmarks.icare.matrices import matrices
from lethe.benchmarks.icare.membership import gate_base_knows, gate_retrained
from lethe.benchmarks.icare.noise_floor import noise_floor, seed_quantities
from lethe.benchmarks.icare.pairs import image_quantities, pair_means, pair_records
from lethe.benchmarks.icare.summary import similarity_table
from lethe.diffusion.metrics.distribution import SET_METRICS
from lethe.diffusion.testbed.balance import greedy_pair
from lethe.statistics.matrix_tests import bootstrap_correlations, correlation_draws
from lethe.statistics.published_tests import correlation, correlations
from lethe.statistics.resampling import Inference, multiplicities


def long(matrix: np.ndarray, **columns: object) -> pd.DataFrame:
    emitters, receivers = np.indices(matrix.shape)
    of = {"emitter": emitters.ravel(), "receiver": receivers.ravel(), "value": matrix.ravel()}
    return pd.DataFrame({"task": "t", "epochs": 0} | columns | of)


@pytest.mark.parametrize("complete", [True, False])
def test_a_drawn_correlation_is_that_of_the_drawn_entities(complete: bool) -> None:
    """An entity drawn twice stands for two rows and two columns; a pair of an entity with itself never counts."""
    generator = np.random.default_rng(0)
    a, b = generator.normal(5, 2, (2, 7, 7))  # means far from zero: nothing cancels by itself
    if not complete:
        a[2] = np.nan
    found = correlation_draws(a[None], [b], 20, seed=3)[0, :, 0]
    for weights, r in zip(multiplicities(7, 20, 3), found, strict=True):
        drawn = np.repeat(np.arange(7), weights.astype(int))
        pairs = [(i, j) for i in drawn for j in drawn if i != j and np.isfinite(a[i, j])]
        x, y = (np.array([matrix[pair] for pair in pairs]) for matrix in (a, b))
        assert r == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)
    low, high = bootstrap_correlations(a[None], b, 20, 3, alpha=0.2)
    assert (low[0], high[0]) == pytest.approx((np.quantile(found, 0.1), np.quantile(found, 0.9)))


def test_ranges_of_the_noise_floor_are_percentiles() -> None:
    baseline = pd.DataFrame([(r, s) for r in range(30) for s in (0, 1)], columns=["receiver", "seed"])
    baseline["clip"] = np.random.default_rng(1).normal(size=60)
    floor = noise_floor(baseline, level=0.9)["clip_diff"]
    values = seed_quantities(baseline)["clip_diff"]
    assert (floor["image_low"], floor["image_high"]) == pytest.approx((values.quantile(0.05), values.quantile(0.95)))


def test_a_file_gives_every_receiver_its_own_value_whatever_the_order_of_the_scores() -> None:
    scores = pd.DataFrame({"receiver": [2, 0, 1, 1, 0, 2], "seed": [1, 1, 1, 0, 0, 0], "rmse": [0.5, 0.1, 0.3, 0.3, 0.1, 0.5]})
    means = pair_means(image_quantities(scores[["receiver", "seed"]], scores), 3)
    assert list(means.index) == [0, 1, 2]
    assert pair_records(means, ["a", "b", "c"]) == {"a": {"rmse": 0.1}, "b": {"rmse": 0.3}, "c": {"rmse": 0.5}}


def test_scores_without_a_metric_are_refused() -> None:
    keys = pd.DataFrame({"receiver": [0], "seed": [0]})
    with pytest.raises(ValueError, match="scores: no known metric among the columns receiver, seed$"):
        image_quantities(keys, keys)
    with pytest.raises(ValueError, match="'rmsee' is the column of no metric; did you mean 'rmse'"):
        image_quantities(keys, keys.assign(rmse=0.1, rmsee=0.1))


def test_metrics_keep_their_order() -> None:
    pairs = pd.concat([long(np.full((2, 2), 0.5), method="uce", metric=name) for name in ("ssim", "clip_diff", "rmse")])
    assert list(matrices(pairs, 2)) == ["ssim", "clip_diff", "rmse"]


def test_similarity_table_is_method_by_method_with_q_beside_p() -> None:
    generator = np.random.default_rng(2)
    values = generator.random((3, 6, 6))
    pairs = pd.concat([long(values[k], method=method, metric="rmse") for k, method in enumerate(("uce", "distil"))])
    table = similarity_table(pairs, {"attr": values[2], "clip": values[2].T}, 6, Inference(99, 50))
    assert table["method"].tolist() == ["distil", "distil", "uce", "uce"]
    assert list(table)[list(table).index("p") + 1] == "q" and (table["q"] >= table["p"]).all()


@pytest.mark.parametrize(
    ("low", "high", "knows", "null"), [(0.5, 0.6, False, True), (0.51, 0.6, True, False), (0.4, 0.49, False, False)]
)
def test_a_base_knows_and_a_retrained_model_does_not(low: float, high: float, knows: bool, null: bool) -> None:
    row = {"method": "base", "receivers": "emitter", "emitters": 3, "emitter": 1, "auc": 0.55, "low": low, "high": high}
    rows = pd.DataFrame([row | {"auc_left_out": 0}])
    assert gate_base_knows(rows).holds is knows and gate_base_knows(rows).target == 0.5
    among = pd.concat([rows.assign(emitter=0, auc=0.6, low=0.3, high=0.9), rows.assign(auc=0.35)])
    gate = gate_retrained(among)
    assert gate.holds is null and gate.value == 0.35 and "emitter 1" in gate.how  # the farthest from 0.5, on either side


def test_a_constant_attribute_balances_nothing() -> None:
    table = pd.DataFrame({"a": [0, 0, 1], "b": ["x", "x", "x"], "c": [1, 0, 0]})
    assert greedy_pair(table, ["a"], ["b", "c"]) == ("a", "c")
    rows = pd.DataFrame({"rare": [0] * 9 + [1], "common": [0] * 6 + [1] * 4, "x": [0, 1] * 5, "y": [0] * 9 + [1]})
    assert greedy_pair(rows, ["rare", "common"], ["y", "x"]) == (
        "common",
        "x",
    )  # the rarest value, then the rarest pair, most often
    with pytest.raises(ValueError, match="1 first and 0 second candidates vary"):
        greedy_pair(table, ["a"], ["b"])


def test_published_correlations_of_many_rows_are_those_of_each() -> None:
    generator = np.random.default_rng(4)
    x, values = generator.normal(3, 1, 20), generator.normal(5, 2, (6, 20))
    values[1, :4], values[2] = np.nan, 7.0  # what is missing, what is constant
    values[3], values[4, 2:] = -x + 0.01 * values[3], np.nan  # nearly -1; too few
    values[5] = np.round(values[5])  # ties
    found = correlations(x, values)
    for number, row in enumerate(values):
        for name, (r, p) in correlation(x, row).items():
            assert found[name][number] == pytest.approx(r, rel=1e-9, nan_ok=True)
            assert found[f"{name}_p"][number] == pytest.approx(p, rel=1e-6, nan_ok=True)
    assert np.isnan(found["pearson"]).tolist() == [False, False, True, False, True, False]


@pytest.mark.parametrize("name", SET_METRICS)
def test_sets_are_compared_from_their_least_size_on(name: str) -> None:
    metric, generator = SET_METRICS[name], np.random.default_rng(5)
    enough, few = generator.normal(size=(2, metric.least, 3)), generator.normal(size=(2, metric.least - 1, 3))
    assert list(_compare(name, *enough)) == list(metric.columns) and np.isfinite(list(_compare(name, *enough).values())).all()
    assert np.isnan(list(_compare(name, *few).values())).all()

"""Permutation tests on null and planted data, intervals, gates, the unlearning table."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr

from lethe.benchmarks.icare.gates import gate_base_accuracy, gate_none_is_zero, unlearning_table
from lethe.benchmarks.icare.summary import all_gates, similarity_table
from lethe.statistics.association import bootstrap_mean, mantel
from lethe.statistics.resampling import Inference


def structured(n: int, generator: np.random.Generator) -> np.ndarray:
    """Pairs that share an entity are dependent: what makes tests over pairs reject too often."""
    return generator.normal(size=(n, 1)) * 2 + generator.normal(size=n) * 2 + generator.normal(size=(n, n))


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_false_positives_are_near_five_percent_where_pairs_are_not(method: str) -> None:
    generator = np.random.default_rng(0)
    n, trials = 12, 250
    off = ~np.eye(n, dtype=bool)
    naive = tested = 0
    for trial in range(trials):
        a, b = structured(n, generator), structured(n, generator)
        tested += mantel(a, b, method, 99, trial).p_value <= 0.05  # type: ignore[arg-type]
        naive += (spearmanr if method == "spearman" else pearsonr)(a[off], b[off]).pvalue <= 0.05
    assert 0.016 <= tested / trials <= 0.085  # 5 % +- 2.5 standard errors
    assert naive / trials > 0.15


def test_planted_correlation_is_found_and_equals_scipy() -> None:
    generator = np.random.default_rng(0)
    n = 15
    off = ~np.eye(n, dtype=bool)
    b = structured(n, generator)
    a = b + generator.normal(size=(n, n))
    found = mantel(a, b, "spearman", 999)
    assert found.p_value == 0.001 and found.pairs == n * (n - 1)
    assert found.correlation == pytest.approx(spearmanr(a[off], b[off]).statistic)
    assert mantel(a, b, "pearson", 99).correlation == pytest.approx(pearsonr(a[off], b[off]).statistic)
    assert mantel(-a, b, "spearman", 99, alternative="less").p_value == 0.01
    assert mantel(-a, b, "spearman", 99, alternative="greater").p_value > 0.9
    assert mantel(a, b, permutations=99, seed=3) == mantel(a, b, permutations=99, seed=3)
    # only some emitters were unlearned
    a[5:] = np.nan
    part = off & np.isfinite(a)
    some = mantel(a, b, "spearman", 199)
    assert some.pairs == 5 * (n - 1) and some.p_value <= 0.02
    assert some.correlation == pytest.approx(spearmanr(a[part], b[part]).statistic)


def test_p_value_approaches_full_enumeration() -> None:
    generator = np.random.default_rng(3)
    a, b = generator.normal(size=(2, 5, 5))
    off = ~np.eye(5, dtype=bool)
    observed = pearsonr(a[off], b[off]).statistic
    permuted = [pearsonr(a[off], b[np.ix_(p, p)][off]).statistic for p in itertools.permutations(range(5))]
    exact = np.mean(np.abs(permuted) >= abs(observed) - 1e-12)
    assert mantel(a, b, "pearson", 20000).p_value == pytest.approx(exact, abs=0.015)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(4, 9))
def test_correlation_does_not_depend_on_names_or_monotone_scales(seed: int, n: int) -> None:
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=(2, n, n))
    p = generator.permutation(n)
    base = mantel(a, b, permutations=9).correlation
    assert mantel(a[np.ix_(p, p)], b[np.ix_(p, p)], permutations=9).correlation == pytest.approx(base)
    assert mantel(np.exp(a), b**3, permutations=9).correlation == pytest.approx(base)
    assert mantel(b, a, permutations=9).correlation == pytest.approx(base)


def test_what_cannot_be_tested_is_an_error() -> None:
    good = np.random.default_rng(0).normal(size=(6, 6))
    holes = good.copy()
    holes[0, 1] = np.nan
    for a, b, words in (
        (good, holes, "1 non-finite"),
        (np.ones((6, 6)), good, "constant"),
        (good, np.ones((6, 6)), "constant"),
        (good[:3, :3], good[:3, :3], "4 x 4"),
        (good, good[:5, :5], "one size"),
        (np.full((6, 6), np.nan), good, "only 0 pairs"),
    ):
        with pytest.raises(ValueError, match=words):
            mantel(a, b, permutations=9)


def test_bootstrap_interval_covers_and_is_explicit_about_few() -> None:
    generator = np.random.default_rng(0)
    intervals = [bootstrap_mean(generator.normal(1, 1, 30), 500, seed=i) for i in range(300)]
    assert 0.9 <= np.mean([i.low <= 1 <= i.high for i in intervals]) <= 0.98
    assert bootstrap_mean(np.array([2.0, np.nan, 4.0])).n == 2
    single = bootstrap_mean(np.array([2.0]))
    assert single.mean == 2 and math.isnan(single.low)
    assert math.isnan(bootstrap_mean(np.array([np.nan])).mean)


def pair_rows(method: str, judge: np.ndarray, base: np.ndarray) -> pd.DataFrame:
    n = len(judge)
    quantities = {"judge": judge, "judge_diff": judge - base, "rmse": 1 - judge, "ssim": np.ones((n, n))}
    if method == "none":
        quantities["rmse"] = np.zeros((n, n))
    rows = [("t", method, 0, e, r, q, m[e, r]) for q, m in quantities.items() for e in range(n) for r in range(n)]
    return pd.DataFrame(rows, columns=["task", "method", "epochs", "emitter", "receiver", "metric", "value"])


def test_unlearning_table_by_hand() -> None:
    base = np.array([1.0, 0.5, 1.0, 0.5])
    baseline = pd.DataFrame({"receiver": np.repeat(range(4), 2), "seed": [0, 1] * 4, "judge": [1, 1, 1, 0, 1, 1, 0, 1]})
    judge = np.tile(base, (4, 1))
    np.fill_diagonal(judge, [0.0, 0.0, 0.5, 0.0])
    judge[1, 0] = 0.5  # unlearning 1 costs 0 half
    pairs = pd.concat([pair_rows("uce", judge, base), pair_rows("none", np.tile(base, (4, 1)), base)])
    floor = {"rmse": {"mean": 0.1, "low": 0.05, "high": 0.2}}
    table = unlearning_table(pairs, baseline, 4, floor, exclude=[3]).set_index("method")
    uce = table.loc["uce"]
    assert uce["emitters"] == 3 and uce["judge_base"] == 0.75
    assert uce["judge_emitter"] == pytest.approx((0 + 0 + 0.5) / 3)
    assert uce["others_kept"] == pytest.approx((1 + (2 / 2.5) + 1) / 3)
    assert uce["others_kept_low"] <= uce["others_kept"] <= uce["others_kept_high"] <= 1
    assert uce["rmse_noise_high"] == 0.2 and pd.isna(uce["ssim_noise"])
    assert uce["judge_diff_emitter"] == pytest.approx((-1 - 0.5 - 0.5) / 3)
    assert table.loc["none", "others_kept"] == 1 and table.loc["none", "rmse_others"] == 0
    assert uce["judge_others"] == pytest.approx(np.mean([(0.5 + 1 + 0.5) / 3, (0.5 + 1 + 0.5) / 3, (1 + 0.5 + 0.5) / 3]))
    assert not {"ua", "ira", "cra"} & set(table.columns)  # UnlearnCanvas means other images by them
    with pytest.raises(ValueError, match="no emitter to report"):
        unlearning_table(pairs, baseline, 4, exclude=range(4))
    with pytest.raises(ValueError, match="no column 'judge'"):
        unlearning_table(pairs, baseline.drop(columns="judge"), 4)


def test_gates() -> None:
    base = np.array([1.0, 0.5, 1.0, 0.5])
    none = pair_rows("none", np.tile(base, (4, 1)), base)
    gate = gate_none_is_zero(none)
    assert gate.holds and gate.value == 0 and set(gate.record()) == {"gate", "value", "target", "holds", "how"}
    touched = none.copy()
    touched.loc[(touched.metric == "ssim") & (touched.emitter == 2) & (touched.receiver == 1), "value"] = 1 - 1e-12
    assert not gate_none_is_zero(touched).holds
    absent = gate_none_is_zero(none.assign(method="uce"))
    assert not absent.holds and absent.record()["value"] is None
    baseline = pd.DataFrame({"receiver": [0, 1], "seed": [0, 0], "judge": [1.0, 0.0]})
    assert gate_base_accuracy(baseline, 0.5).holds and not gate_base_accuracy(baseline, 0.6).holds
    similarity = structured(10, np.random.default_rng(0))
    for sign, holds in ((-1, True), (1, False)):
        pairs = tidy_matrix("uce", "ssim", 0.5 + 0.01 * sign * similarity)
        table = similarity_table(pairs, {"true": similarity, "unknown": np.full((10, 10), np.nan)}, 10, Inference(999, 50))
        assert table["similarity"].tolist() == ["true"] and table["spearman"].iloc[0] == pytest.approx(-sign)
        alike = {"true": similarity, "attr": similarity}
        gates = {gate.gate: gate for gate in all_gates(pairs, baseline, table, alike, 10)}
        asked = {
            "base_judge_accuracy",
            "base_draws_no_constant_picture",
            "rises_with_true_similarity",
            "attr_tells_entities_apart",
        }
        assert set(gates) == asked | {"every_pair_has_a_value"}
        assert gates["attr_tells_entities_apart"].holds and gates["every_pair_has_a_value"].holds
        assert not gates["base_draws_no_constant_picture"].holds  # these scores do not say
        assert "rises_with_true_similarity" not in str(all_gates(pairs, baseline, table, {"true": similarity * np.nan}, 10))
        assert gates["rises_with_true_similarity"].holds is holds
        assert f"Spearman {-sign:.2f}" in gates["rises_with_true_similarity"].how


def tidy_matrix(method: str, metric: str, matrix: np.ndarray) -> pd.DataFrame:
    emitters, receivers = np.indices(matrix.shape)
    columns = {"emitter": emitters.ravel(), "receiver": receivers.ravel(), "value": matrix.ravel()}
    return pd.DataFrame({"task": "t", "method": method, "epochs": 0, "metric": metric} | columns)


def test_similarity_table_leaves_out_what_cannot_be_tested() -> None:
    similarity = structured(6, np.random.default_rng(1))
    partial = np.full((6, 6), np.nan)
    partial[3] = 0.5
    pairs = pd.concat([tidy_matrix("none", "ssim", np.ones((6, 6))), tidy_matrix("retrain", "ssim", partial).dropna()])
    assert similarity_table(pairs, {"attr": similarity}, 6, Inference(99, 50)).empty


def test_unlearning_table_without_a_judge() -> None:
    pairs = tidy_matrix("uce", "rmse", np.full((4, 4), 0.1))
    table = unlearning_table(pairs, pd.DataFrame({"receiver": range(4), "seed": 0, "clip": 1.0}), 4)
    assert table["rmse_others"].tolist() == pytest.approx([0.1]) and not [name for name in table if "judge" in name]

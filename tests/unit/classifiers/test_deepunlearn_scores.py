"""Metrics, tables, ranking and ledger of the Deep Unlearn benchmark: against scikit-learn, by hand, and by property."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import false_discovery_control, ttest_1samp, ttest_rel
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedShuffleSplit, cross_val_score

from lethe.benchmarks.deepunlearn.ledger import ledger, read_reference
from lethe.benchmarks.deepunlearn.pairs import against, letters, paired_tests
from lethe.benchmarks.deepunlearn.ranking import clusters, mean_ranks, ranking_groups
from lethe.benchmarks.deepunlearn.study_gates import gate_original_above_floor
from lethe.benchmarks.deepunlearn.variance import components
from lethe.classifiers.distance import against_retrained, noise_floor, per_seed
from lethe.classifiers.membership import attack_accuracy, indiscernibility, logistic_regression
from lethe.classifiers.methods import METHODS
from lethe.classifiers.scores import (
    accuracy,
    cross_entropies,
    mean_interval,
    runtime_table,
    score_models,
    summarise,
)
from lethe.io.tables import CorruptFileError

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "config/reference/deepunlearn_cifar10_resnet18.csv"


def by_scikit_learn(forget, held_out, seed):
    """The published procedure with a seeded generator for its two shuffles; what it calls test losses are those of the forget set."""
    generator = np.random.default_rng(seed)
    held_out, forget = generator.permutation(held_out), generator.permutation(forget)
    n = min(len(forget), len(held_out))
    x = np.concatenate([forget[:n], held_out[:n]]).reshape(-1, 1)
    y = np.concatenate([np.zeros(n, int), np.ones(n, int)])
    cv = StratifiedShuffleSplit(n_splits=10, random_state=123)
    return cross_val_score(LogisticRegression(), x, y, cv=cv, scoring="accuracy").mean()


def losses(kind, n, m, seed):
    g = np.random.default_rng(seed)
    return {
        "alike": (g.gamma(0.2, 0.5, n), g.gamma(0.2, 0.5, m)),  # as of a retrained model: mass near zero, long tail
        "member": (g.gamma(0.1, 0.1, n), g.gamma(0.3, 1.0, m)),
        "confident": (10.0 ** g.uniform(-9, -3, n), 10.0 ** g.uniform(-9, 0, m)),
        "ascended": (g.normal(300, 80, n).clip(0), g.normal(250, 90, m).clip(0)),
        "constant": (np.full(n, 2.3), np.full(m, 2.3)),
    }[kind]


@pytest.mark.parametrize("kind", ["alike", "member", "confident", "ascended", "constant"])
def test_attack_equals_scikit_learn(kind):
    for seed, (n, m) in enumerate([(123, 216), (123, 359), (60, 41), (850, 900)] * 2):
        forget, held_out = losses(kind, n, m, seed)
        assert attack_accuracy(forget, held_out, seed) == by_scikit_learn(forget, held_out, seed)


@pytest.mark.parametrize("kind", ["alike", "member", "ascended"])
def test_logistic_regression_is_scikit_learns(kind):
    x = np.concatenate(losses(kind, 123, 123, 5))
    y = np.repeat([0.0, 1.0], 123)
    model = LogisticRegression().fit(x[:, None], y)
    assert np.allclose(logistic_regression(x, y), [model.coef_[0, 0], model.intercept_[0]], rtol=1e-6, atol=1e-9)


def test_attack_has_documented_answers():
    g = np.random.default_rng(0)
    low, high = g.uniform(0, 0.1, 200), g.uniform(5, 6, 300)
    assert attack_accuracy(low, high) == 1.0
    null = [attack_accuracy(g.gamma(0.5, 1, 120), g.gamma(0.5, 1, 200), seed) for seed in range(40)]
    assert abs(np.mean(null) - 0.5) < 0.02
    for bad in (np.nan, np.inf):
        assert np.isnan(attack_accuracy(np.append(low, bad), high)) and np.isnan(attack_accuracy(low, np.append(high, bad)))
    with pytest.raises(ValueError, match="forget has shape"):
        attack_accuracy(low[:4], high)
    with pytest.raises(ValueError, match="held_out has shape"):
        attack_accuracy(low, high[:, None])


def test_indiscernibility_closed_form():
    found = indiscernibility(np.array([0.5, 1.0, 0.0, 0.75, 0.25, np.nan]))
    assert np.array_equal(found, [1, 0, 0, 0.5, 0.5, np.nan], equal_nan=True)


def test_accuracy_and_losses_against_references():
    g = np.random.default_rng(1)
    logits, labels = g.normal(0, 3, (2, 50, 4)), g.integers(4, size=(2, 50))
    torch_loss = torch.nn.functional.cross_entropy(torch.tensor(logits[1]), torch.tensor(labels[1]), reduction="none")
    assert np.allclose(cross_entropies(torch.tensor(logits), torch.tensor(labels))[1], torch_loss)
    odds = np.exp(logits[0])
    assert cross_entropies(logits, labels)[0].mean() == pytest.approx(log_loss(labels[0], odds / odds.sum(1, keepdims=True)))
    assert accuracy(logits, labels)[0] == np.mean(logits[0].argmax(1) == labels[0])
    logits[0, :5] = np.nan  # argmax of NaN is class 0; that must not count as an answer
    assert accuracy(logits, np.zeros(50, int))[0] == np.mean(np.append(np.zeros(5), logits[0, 5:].argmax(1) == 0))
    assert np.isnan(cross_entropies(logits, labels)[0]).sum() == 5
    logits[1, 0] = [1e4, -1e4, 0, 0]
    assert cross_entropies(logits, np.zeros(50, int))[1, 0] == 0 and cross_entropies(logits, np.ones(50, int))[1, 0] == 2e4


def test_score_models():
    g = np.random.default_rng(2)
    sizes = {"retain": 90, "forget": 30, "val": 40, "test": 50}
    labels = {part: g.integers(3, size=n) for part, n in sizes.items()}
    logits = {part: 2 * np.eye(3)[labels[part]] + g.normal(size=(3, n, 3)) for part, n in sizes.items()}
    logits["forget"][2] = np.nan
    name = {"dataset": "digits", "architecture": "mlp", "method": "ft"}
    table = score_models(logits, labels, [4, 5, 6], **name)
    scores = ["RA", "FA", "VA", "TA", "mia_val", "mia_test", "TA_clean", "FA_mislabelled", "FA_rightly"]
    assert list(table.columns) == ["dataset", "architecture", "method", "seed", *scores]
    assert table[["TA_clean", "FA_mislabelled", "FA_rightly"]].isna().all(axis=None)
    assert table["RA"].tolist() == accuracy(logits["retain"], labels["retain"]).tolist()
    forget, test = (cross_entropies(logits[part], labels[part])[1] for part in ("forget", "test"))
    assert table["mia_test"][1] == by_scikit_learn(forget, test, 5)
    clean = {
        part: np.where(np.arange(len(labels[part])) < 9, (labels[part] + 1) % 3, labels[part]) for part in ("forget", "test")
    }
    noisy = score_models(logits, labels, [4, 5, 6], **name, clean=clean)
    right = logits["forget"][0].argmax(1) == labels["forget"]
    assert noisy.loc[0, "FA_mislabelled"] == right[:9].mean() and noisy.loc[0, "FA_rightly"] == pytest.approx(right[9:].mean())
    assert noisy["TA_clean"].tolist() == accuracy(logits["test"], clean["test"]).tolist() and noisy["TA"].equals(table["TA"])
    without = score_models(logits, labels, [4, 5, 6], **name, clean=labels)
    assert without["FA_mislabelled"].isna().all() and without["FA_rightly"].tolist() == pytest.approx(table["FA"].tolist())
    assert table["FA"][2] == 0 and np.isnan(table["mia_val"][2]) and np.isfinite(table["mia_val"][:2]).all()
    part = score_models({k: logits[k] for k in ("retain", "forget", "val")}, labels, [4, 5, 6], **name)
    assert part["TA"].isna().all() and part["mia_test"].isna().all() and part["mia_val"].equals(table["mia_val"])
    with pytest.raises(ValueError, match="unknown part 'train'"):
        score_models({"train": logits["val"]}, labels, [4, 5, 6], **name)
    with pytest.raises(ValueError, match="3 models, but there are 2 seeds"):
        score_models(logits, labels, [4, 5], **name)


def rows_of(method, values):
    """``values``: per seed (RA, FA, TA, mia_test)."""
    return [
        {"dataset": "d", "architecture": "a", "method": method, "seed": seed, "RA": ra, "FA": fa, "VA": ta, "TA": ta}
        | {"mia_val": mia, "mia_test": mia}
        for seed, (ra, fa, ta, mia) in enumerate(values)
    ]


def made(**methods):
    return pd.DataFrame([row for method, values in methods.items() for row in rows_of(method, values)])


RETRAINED = [(1.0, 0.8, 0.8, 0.5), (1.0, 0.5, 1.0, 0.5)]


def test_distance_by_hand():
    table = against_retrained(made(retrained=RETRAINED, ft=[(0.9, 0.8, 0.6, 0.6), (1.0, 0.6, 0.9, 0.4)])).set_index(
        ["method", "seed"]
    )
    assert np.allclose(table.loc[("ft", 0), ["RR", "FR", "TR", "retdev", "indisc"]].astype(float), [0.9, 1, 0.75, 0.35, 0.8])
    assert np.allclose(table.loc[("ft", 1), ["RR", "FR", "TR", "retdev", "indisc"]].astype(float), [1, 1.2, 0.9, 0.3, 0.8])
    assert np.allclose(table.loc[("ft", 0), ["mdev", "gap"]].astype(float), [0.1, (0.1 + 0 + 0.2 + 0.1) / 4])
    assert (table.loc["retrained", ["retdev", "mdev", "gap"]] == 0).all(axis=None)


def test_a_class_that_is_forgotten_whole_has_distances_and_no_ratio():
    scores = made(retrained=[(1, 0, 1, 0.7)] * 2, original=[(1, 1, 1, 0.9)] * 2, ft=[(0.9, 0.1, 1, 0.8)] * 2)
    table = summarise(scores).set_index("method")
    assert table.loc["ft", "gap"] == pytest.approx((0.1 + 0.1 + 0.1) / 4) and np.isnan(table.loc["ft", "retdev_paired"])
    assert (table["left_out"] == 0).all()  # nobody has a ratio, so no mean leaves a seed out
    groups = ranking_groups(scores, paired_tests(scores), chance=0.1).set_index("method")
    assert groups.loc["ft", ["letters_gap", "letters_retdev", "group_retdev", "group_indisc", "why"]].tolist() == [
        "a",
        "",
        "",
        "G1",
        "",
    ]


def test_the_noise_floor_is_of_all_ordered_pairs():
    g = np.random.default_rng(5)
    values = [tuple(row) for row in g.uniform(0.4, 0.6, (6, 4))]
    scores = made(retrained=values[:3], retrained_again=values[3:], ft=values[:3])
    floor = noise_floor(scores).set_index("measure")
    gaps = [np.abs(np.subtract(a, b)).mean() for a in values for b in values if a != b]
    assert (floor["pairs"] == 30).all() and floor.loc["gap", "mean"] == pytest.approx(np.mean(gaps))
    assert floor.loc["gap", ["p95", "p99"]].astype(float).tolist() == pytest.approx(np.percentile(gaps, [95, 99]).tolist())
    assert floor.loc["retdev", "mean"] == pytest.approx(
        np.mean([np.abs(np.divide(a[:3], b[:3]) - 1).sum() for a in values for b in values if a != b])
    )
    with pytest.raises(ValueError, match="needs two retrained models; d, a has 1"):
        noise_floor(scores[:1])


def test_the_original_is_to_lie_above_the_floor_in_every_seed():
    close, far = [(1.0, 0.5 + 0.01 * k, 0.5, 0.5) for k in range(3)], [(1.0, 0.9, 0.5, 0.7)] * 2
    for last, holds in ((far[0], True), (close[0], False)):
        scores = made(retrained=close, retrained_again=close, original=[*far, last])
        gate = gate_original_above_floor(scores, noise_floor(scores))
        assert gate.holds is holds and gate.target == pytest.approx(0.005) and ("3 above" in gate.how) is holds


def test_runs_of_one_model_are_averaged_before_tests():
    scores = made(retrained=RETRAINED, ft=[(0.9, 0.8, 0.6, 0.6), (1.0, 0.6, 0.9, 0.4)])
    again = scores[scores["method"] == "ft"].assign(RA=lambda rows: rows["RA"] - 0.2)
    both = pd.concat([scores.assign(unlearning_seed=0), again.assign(unlearning_seed=1)])
    found, one = (per_seed(table).set_index(["method", "seed"]) for table in (both, scores))
    assert found.loc[("ft", 0), "gap"] == pytest.approx(one.loc[("ft", 0), "gap"] + 0.1 / 4)
    assert summarise(both).set_index("method")["seeds"].to_dict() == {"retrained": 2, "ft": 2}


def test_components_of_variance():
    g = np.random.default_rng(0)
    models, runs, far = 400, 5, 0.5
    fa = 0.2 + far + 0.03 * g.normal(size=(models, 1)) + 0.01 * g.normal(size=(models, runs))
    rows = [row | {"unlearning_seed": 0} for row in rows_of("retrained", [(1.0, 0.2, 0.5, 0.5)] * models)]
    for run in range(runs):
        rows += [row | {"unlearning_seed": run} for row in rows_of("ft", [(1.0, value, 0.5, 0.5) for value in fa[:, run]])]
    found = components(pd.DataFrame(rows)).set_index(["method", "measure"]).loc[("ft", "gap")]
    assert found[["training_seeds", "unlearning_seeds"]].tolist() == [models, runs] and found["mean"] == pytest.approx(
        far / 4, rel=0.02
    )
    assert found["sd_training"] == pytest.approx(0.03 / 4, rel=0.1) and found["sd_unlearning"] == pytest.approx(0.01 / 4, rel=0.1)
    with pytest.raises(ValueError, match="one run per model"):
        components(pd.DataFrame(rows)[: models + 2])


def test_pairs_differ_by_a_paired_test():
    g = np.random.default_rng(1)
    shared = g.normal(0, 0.05, 8)
    base = [(1.0, 0.5, 0.5, 0.5)] * 8
    shifted = lambda by, noise: [(1.0, 0.7 + by + s + noise * e, 0.5, 0.5) for s, e in zip(shared, g.normal(size=8), strict=True)]  # noqa: E731
    scores = made(
        retrained=base,
        retrained_again=base,
        original=shifted(0.2, 0.001),
        ft=shifted(0, 0.001),
        ga=shifted(0.02, 0.001),
        ct=shifted(0, 0.05),
    )
    tests = paired_tests(scores)
    rows = tests[(tests["family"] == "methods") & (tests["measure"] == "gap")].set_index(["method", "other"])
    wide = per_seed(scores).pivot(index="seed", columns="method", values="gap")
    assert rows.loc[("ft", "ga"), "p"] == pytest.approx(ttest_rel(wide["ft"], wide["ga"]).pvalue)
    assert rows["q"].tolist() == pytest.approx(false_discovery_control(rows["p"]).tolist())
    assert rows["differs"].to_dict() == {
        ("ft", "ga"): True,
        ("ft", "ct"): False,
        ("ga", "ct"): False,
    }  # seeds vary by more than 0.02
    assert against(tests, "original").all() and set(against(tests, "retrained_again").index) == {"ft", "ga", "ct"}
    alike = paired_tests(made(retrained=base, ft=shifted(0, 0), ct=shifted(0, 0)))
    assert (alike["p"] == 1).all() and not alike["differs"].any()


def test_letters_are_shared_where_methods_do_not_differ():
    assert letters(["ft", "ga", "ct"], []) == {"ft": "a", "ga": "a", "ct": "a"}
    g = np.random.default_rng(2)
    for size in (2, 5, 9, 12):
        order = [str(number) for number in range(size)]
        differ = {pair for pair in combinations(order, 2) if g.random() < 0.5}
        found = letters(order, differ)
        assert all((not set(found[a]) & set(found[b])) == ((a, b) in differ) for a, b in combinations(order, 2))
        assert "a" in found["0"]


def test_two_deviations_differ_and_are_the_documented_ones():
    # one seed above, one below the retrained model: paired sees both, the means cancel
    table = summarise(made(retrained=RETRAINED, ft=[(1, 0.88, 0.8, 0.6), (1, 0.42, 1.0, 0.4)])).set_index("method")
    assert table.loc["ft", "retdev_paired"] == pytest.approx((0.1 + 0.16) / 2)
    assert table.loc["ft", "retdev_of_means"] == pytest.approx(0)
    assert table.loc["ft", "indisc"] == pytest.approx(0.8) and table.loc["ft", "indisc_of_means"] == pytest.approx(1)


def test_published_deviations_follow_from_published_accuracies():
    """The re-run's RetDev and Indisc are ours of means, up to its rounding."""
    wide = read_reference(REFERENCE).pivot(index="method", columns="quantity", values="value")
    methods = {name: [(row["RA"], row["FA"], row["TA"], row["mia_test"])] for name, row in wide.iterrows()}
    table = summarise(made(**methods)).set_index("method").join(wide.add_suffix("_theirs"))
    assert np.allclose(table["retdev_of_means"], table["retdev_theirs"], atol=4e-4)
    assert np.allclose(table["indisc_of_means"].drop("ff"), table["indisc_theirs"].drop("ff"), atol=3e-4)
    assert np.allclose(table.loc["retrained", "seconds_theirs"] / table["seconds_theirs"], table["rte_theirs"], rtol=0.02)


def test_intervals_are_students():
    values = np.array([0.2, 0.5, 0.4, 0.9])
    mean, low, high = mean_interval(np.append(values, np.nan))
    expected = ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean == pytest.approx(0.5) and (low, high) == pytest.approx((expected.low, expected.high))
    assert mean_interval(np.array([0.3]))[0] == 0.3 and np.isnan(mean_interval(np.array([0.3]))[1:]).all()
    assert np.isnan(mean_interval(np.array([np.nan]))).all()


def test_a_collapsed_method_stays_and_missing_references_are_named():
    nan = float("nan")
    scores = made(retrained=RETRAINED, ff=[(0.0, 0.0, 0.0, nan), (0.1, 0.1, 0.1, 0.5)])
    table = summarise(scores).set_index("method")
    assert table.loc["ff", "undefined"] == 1 and table.loc["ff", "seeds"] == 2 and table.loc["ff", "indisc"] == 1
    assert table.loc["ff", "retdev_paired"] == pytest.approx((3 + 0.9 + 0.8 + 0.9) / 2)
    with pytest.raises(ValueError, match="no retrained model of dataset d, architecture a, seed 1; method 'ff'"):
        against_retrained(scores.drop(index=1))
    with pytest.raises(ValueError, match="two retrained models"):
        against_retrained(pd.concat([scores, scores[:1]]))


def test_runtime_by_hand():
    timing = pd.DataFrame({"method": ["retrained", "ft", "ft", "ft", "ga"], "seconds": [100.0, 9, 10, 50, 2]})
    search = pd.DataFrame({"method": ["ft", "ft"], "seconds": [30.0, 60]})
    table = runtime_table(timing, search).set_index("method")
    assert table.loc["ft"].tolist() == [10, 90, 10, 1]
    assert table.loc["retrained"].tolist() == [100, 0, 1, 1]
    assert table.loc["ga", "rte"] == 50 and np.isnan(table.loc["ga", "rte_with_search"])
    with pytest.raises(ValueError, match="no method 'retrained'; it has: ft, ga"):
        runtime_table(timing[1:])
    with pytest.raises(ValueError, match="method 'ga' has a time that is not positive"):
        runtime_table(timing.replace(2.0, 0.0))


def grouped(scores, chance=0.1):
    return ranking_groups(scores, paired_tests(scores), chance)


def test_groups_by_hand():
    good, fair, poor = (1.0, 0.79, 0.8, 0.5), (1.0, 0.74, 0.8, 0.55), (1.0, 0.6, 0.8, 0.7)
    scores = made(
        retrained=RETRAINED[:1], original=[(1.0, 1.0, 0.9, 0.8)], ft=[good], ct=[(1.0, 0.79, 0.798, 0.7)], msg=[fair], kde=[poor],
        ga=[(0.6, 0.6, 0.5, 0.5)], ff=[(0.11, 0.09, 0.1, 0.5)], iu=[(1.0, 0.8, 0.8, float("nan"))],
    )  # fmt: skip
    table = grouped(scores).set_index("method")
    assert table["group_retdev"].to_dict() == dict(ft="G1", ct="G1", msg="G2", kde="G3", ga="F", ff="F", iu="F")
    assert table["group_indisc"].to_dict() == dict(ft="G1", ct="G3", msg="G2", kde="G3", ga="F", ff="F", iu="F")
    assert "exceeds the original's by" in table.loc["ga", "why"] and "at chance" in table.loc["ff", "why"]
    assert table.loc["iu", "why"] == "gap is NaN" and table.loc["ft", "why"] == ""
    assert table["letters_gap"].to_dict() == dict.fromkeys(["ft", "ct", "msg", "kde"], "a") | dict.fromkeys(
        ["ga", "ff", "iu"], "F"
    )
    edge = made(retrained=RETRAINED[:1], original=[(1, 1, 0.9, 0.8)], ft=[(1, 0.8, 0.199, 0.5)], ct=[(1, 0.8, 0.201, 0.5)])
    assert grouped(edge)["group_retdev"].tolist() == ["F", "G1"]  # gaps of 0.15025 and 0.14975 against 0.15
    edge = made(retrained=RETRAINED[:1], original=[(1, 1, 0.9, 0.8)], ft=[(1, 0.8, 0.119, 0.5)], ct=[(0.121, 0.8, 0.121, 0.5)])
    assert ["at chance" in why for why in grouped(edge)["why"]] == [True, False]  # up to 1.2 times chance
    with pytest.raises(ValueError, match="no 'original' for d, a"):
        grouped(scores[scores["method"] != "original"])
    assert (grouped(scores, {"d": 0.9})["group_retdev"] == "F").all()


def test_a_method_fails_only_beyond_the_noise_of_seeds():
    """Two methods are worse than the original by the same mean; only the one that is so on every seed fails."""
    steady = [(1.0, 1.0, 0.91 + 0.001 * seed, 0.8) for seed in (0, 1, 2)]
    noisy = [(1.0, 1.0, value, 0.8) for value in (0.95, 0.90, 0.883)]
    table = grouped(made(retrained=[RETRAINED[0]] * 3, original=[(1.0, 1.0, 0.9, 0.8)] * 3, ft=steady, ct=noisy)).set_index(
        "method"
    )
    assert table["group_retdev"].to_dict() == {"ft": "F", "ct": "G1"}


def test_clusters():
    assert clusters(np.array([])) == [] and clusters(np.array([2.0, 2.0])) == [1, 1]
    assert clusters(np.array([1.0, 5.0])) == [2, 1]
    values = np.random.default_rng(3).normal([[0], [10], [20]], 0.5, (3, 6)).ravel()
    assert clusters(values) == [3] * 6 + [2] * 6 + [1] * 6
    order = np.random.default_rng(4).permutation(18)
    assert clusters(values[order]) == [clusters(values)[i] for i in order]


def test_mean_ranks_by_hand():
    nan = float("nan")
    scores = made(
        retrained=[(1.0, 0.5, 0.5, 0.5)] * 3, original=[(1.0, 0.9, 0.5, 0.9)] * 3,
        ft=[(1.0, 0.5, 0.5, 0.5), (1.0, 0.6, 0.5, 0.6), (1.0, 0.5, 0.5, 0.5)],
        ga=[(1.0, 0.6, 0.5, 0.6), (1.0, 0.5, 0.5, 0.5), (1.0, 0.6, 0.5, 0.5)],
        ff=[(0.1, 0.1, 0.1, nan)] * 3,
    )  # fmt: skip
    table = mean_ranks(scores).set_index(["metric", "method"])
    assert table.loc["retdev", "rank"].to_dict() == pytest.approx(dict(ft=4 / 3, ga=5 / 3, ff=3))
    assert table.loc["indisc", "rank"].to_dict() == pytest.approx(dict(ft=1.5, ga=1.5, ff=3))
    assert (table["rank_low"] >= 1).all() and (table["rank_high"] <= 3).all() and (table["seeds"] == 3).all()
    assert table.loc[("retdev", "ft"), "rank_low"] < 4 / 3 < table.loc[("retdev", "ft"), "rank_high"]
    with pytest.raises(ValueError, match="method 'ff' has 2 of 3 seeds"):
        mean_ranks(scores[:-1])


def test_no_ranks_without_a_value():
    """A class that the retrained models never saw: they are never right on it, so nothing can be divided by their accuracy."""
    scores = made(
        retrained=[(1.0, 0.0, 0.5, 0.5)] * 3, original=[(1.0, 0.9, 0.5, 0.9)] * 3,
        ft=[(1.0, 0.1, 0.5, 0.6)] * 3, ga=[(1.0, 0.0, 0.4, 0.5)] * 3,
    )  # fmt: skip
    table = mean_ranks(scores).set_index(["metric", "method"])
    assert table.loc["retdev", ["rank", "rank_low", "rank_high"]].isna().all(axis=None)
    assert table.loc["indisc", "rank"].to_dict() == dict(ft=2, ga=1)


def test_ledger_with_some_methods(tmp_path):
    reference = read_reference(REFERENCE)
    methods = set(reference["method"])
    assert methods <= {"retrained", *METHODS.names()} and "euk" not in methods  # the re-run has no EU-k and no original
    assert len(methods) == 18 and len(reference) == 18 * 8 - 2
    summary = summarise(made(retrained=[(0.999, 0.87, 0.87, 0.5)], ft=[(1.0, 0.85, 0.8, 0.5)], ff=[(0.1, 0.1, 0.1, 0.5)]))
    runtime = runtime_table(pd.DataFrame({"method": ["retrained", "ga"], "seconds": [100.0, 1.0]}))
    table = ledger(reference, summary, runtime).set_index(["method", "quantity"])
    assert len(table) == len(reference)
    assert table.loc[("retrained", "TA"), "verdict"] == "inside" and table.loc[("ft", "TA"), "verdict"] == "outside"
    assert table.loc[("ff", "TA"), "verdict"] == "inside"  # a constant answer is a tenth exactly, the band has no width
    assert table.loc[("ft", "TA"), "difference"] == pytest.approx(0.8 - 0.8280)
    assert table.loc[("ft", "retdev"), ["published", "verdict"]].tolist() == [0.0767, "no band"]
    assert table.loc[("ft", "retdev"), "lethe"] == pytest.approx(1 / 0.999 - 1 + 1 - 0.85 / 0.87 + 1 - 0.8 / 0.87)
    assert table.loc[("ga", "rte"), "lethe"] == 100 and table.loc[("ga", "TA"), "verdict"] == "not measured"
    assert table.loc[("ft", "rte"), "verdict"] == "not measured"
    assert (ledger(reference, summary).query("quantity == 'rte'")["verdict"] == "not measured").all()
    for change, message in (({"method": "ft"}, "quantity twice"), ({"quantity": "XA"}, "unknown quantity 'XA'")):
        reference.assign(**change).to_csv(tmp_path / "bad.csv", index=False)
        with pytest.raises(CorruptFileError, match=message):
            read_reference(tmp_path / "bad.csv")
    with pytest.raises(ValueError, match="several data sets"):
        ledger(reference, pd.concat([summary, summary.assign(dataset="e")]))

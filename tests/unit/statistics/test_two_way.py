"""Two-way intervals: by hand, on balanced designs whose variance is known, and of shares near 0 and 1."""

import numpy as np
import pytest
from scipy.stats import binomtest, t
from sklearn.metrics import roc_auc_score

from lethe.statistics.attacks import Thresholds, accuracy_influence, auc, auc_influence
from lethe.statistics.two_way import Rate, Share, TwoWay, clopper_pearson


@pytest.mark.parametrize(
    ("cells", "variance", "factor"),
    [
        ([[3, 1], [1, -1]], 4**2 + 0 + 4**2 + 0 - 12, (20 / 16) ** 0.5),  # rows + columns - cells
        ([[1, 1], [-1, -1]], 8, 1),  # rows alone differ: the sum is 4, and never less than they
        ([[1, -1], [1, -1]], 8, np.inf),  # columns alone
        ([[1, -1], [-1, 1]], 0, 1),  # neither: the sum is -4
    ],
)
def test_variance_by_hand(cells, variance, factor):
    found = TwoWay(0.5, np.array(cells, dtype=float))
    assert found.variance == variance and found.width_factor == pytest.approx(factor)
    assert found.half_width(0.9) == pytest.approx(t.ppf(0.95, 1) * variance**0.5)


@pytest.mark.parametrize(("of_rows", "of_columns"), [(1.0, 1.0), (0.0, 1.0), (1.0, 0.0)])
def test_means_of_crossed_effects_are_covered(of_rows, of_columns):
    """Rows and columns both drawn anew: a mean over a 40 x 50 table."""
    g, held = np.random.default_rng(0), []
    for _ in range(400):
        x = of_rows * g.normal(size=(40, 1)) + of_columns * g.normal(size=50) + g.normal(size=(40, 50))
        low, high = TwoWay(x.mean(), (x - x.mean()) / x.size).interval()
        held.append(low <= 0 <= high)
    assert 0.91 <= np.mean(held) <= 0.98


def test_p_and_differences():
    g = np.random.default_rng(1)
    shared, own = g.normal(size=(30, 40)), 0.01 * g.normal(size=(30, 40))
    a = TwoWay(0.6, (shared - shared.mean()) / shared.size)
    b = TwoWay(0.59, (shared + own - (shared + own).mean()) / shared.size)
    apart = a.minus(b)
    assert (
        apart.value == pytest.approx(0.01)
        and apart.variance < a.variance / 100
        and apart.p() < 1e-6 < a.minus(TwoWay(0.55, -b.influence)).p()
    )
    for level in (0.9, 0.999):
        edge = TwoWay(a.half_width(level), a.influence)
        assert edge.p() == pytest.approx(1 - level)  # the interval ends at 0
    assert a.minus(a).p() == 1 and TwoWay(0.1, np.zeros((3, 3))).p() == 0 and np.isnan(TwoWay(np.nan, np.zeros((3, 3))).p())
    with pytest.raises(ValueError, match="no paired difference"):
        a.minus(TwoWay(0.5, np.zeros((3, 3))))


def test_shares_stay_within_their_bounds():
    influence = np.array([[0.02, -0.02], [0.02, -0.02]])
    assert Share(0.999, influence).interval()[1] == 1 and Share(0.001, influence).interval()[0] == 0
    low, high = Rate(0.02, influence / 10, 20, 1000, 1.0).interval()
    assert 0 < low < 0.02 < high < 1 and high - 0.02 > 0.02 - low
    sides = [np.log(x / (1 - x)) for x in (low, 0.02, high)]
    assert sides[1] - sides[0] == pytest.approx(sides[2] - sides[1])  # even on the logit scale


def test_few_hits_have_an_exact_interval():
    exact = binomtest(3, 500).proportion_ci(0.95, "exact")
    assert clopper_pearson(3 / 500, 500) == pytest.approx((exact.low, exact.high))
    assert Rate(3 / 1000, np.ones((4, 4)), 3, 1000, 2**0.5).interval() == pytest.approx(clopper_pearson(0.003, 500))
    assert Rate(0.0, np.zeros((4, 4)), 0, 1000, 1.0).interval() == pytest.approx((0, 1 - 0.025**0.001), abs=1e-9)
    assert Rate(1.0, np.zeros((4, 4)), 1000, 1000, 1.0).interval()[1] == 1
    assert np.isnan(Rate(np.nan, np.zeros((4, 4)), 0, 0, 1.0).interval()).all()


def independent(generator, size):
    """Scores that share nothing, so that every observation is a row and a column of its own."""
    return generator.normal(0.5, 1, size), generator.normal(0, 1, size)


def test_influence_is_the_derivative():
    """Each value is what the estimate changes by where an observation counts a little more; ties count half."""
    g = np.random.default_rng(2)
    positives, negatives = (np.round(x, 1) for x in independent(g, 300))
    found = auc_influence(positives, negatives)
    labels = np.repeat([1, 0], 300)
    assert (
        found.value
        == pytest.approx(roc_auc_score(labels, np.concatenate([positives, negatives])))
        == pytest.approx(auc(positives, negatives))
    )
    weights = np.ones(600)
    for kind, place in ((found.positives, 7), (found.negatives, 11)):
        at = place if kind is found.positives else 300 + place
        weights[at] = 1 + 1e-4
        heavier = roc_auc_score(labels, np.concatenate([positives, negatives]), sample_weight=weights)
        assert kind[place] / 300 * 1e-4 == pytest.approx(heavier - found.value, rel=1e-3)
        weights[at] = 1
    hits = accuracy_influence(positives > 0.2, negatives <= 0.2)
    assert hits.value == pytest.approx(((positives > 0.2).mean() + (negatives <= 0.2).mean()) / 2)
    for kind in (found, hits, Thresholds(positives, negatives).at(0.1)):
        assert kind.positives.mean() == pytest.approx(0, abs=1e-12) and kind.negatives.mean() == pytest.approx(0, abs=1e-12)


def test_variance_of_influence_values_is_that_of_the_estimates():
    g, values, reported = np.random.default_rng(3), [], []
    for _ in range(400):
        scores = independent(g, 2000)
        row = [accuracy_influence(scores[0] > 0.25, scores[1] <= 0.25), auc_influence(*scores), Thresholds(*scores).at(0.01)]
        values.append([found.value for found in row])
        reported.append([np.sqrt((found.positives.var() + found.negatives.var()) / 2000) for found in row])
    assert np.mean(reported, axis=0) == pytest.approx(np.std(values, axis=0), rel=0.12)

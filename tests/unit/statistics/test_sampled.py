"""Estimates from draws: as those of everything where everything is drawn, right on average else, and intervals hold what they should."""

from __future__ import annotations

import numpy as np
import pytest

from lethe.statistics import matrix_tests, sampled_matrices
from lethe.statistics.matrix_tests import ranked, standardized
from lethe.statistics.sampled_matrices import DrawnPairs
from lethe.statistics.strata import draw, share_interval, weighted_mean, weighted_ranks


@pytest.mark.parametrize(("size", "strata", "population"), [(8, 4, 99), (7, 3, 9), (9, 2, 9), (5, 5, 11)])
def test_a_draw_has_as_many_of_every_stratum_and_stands_for_all(size: int, strata: int, population: int) -> None:
    scores = np.random.default_rng(0).random(population)
    found = draw(scores, size, strata, np.random.default_rng(1))
    assert len(set(found.members.tolist())) == size and (np.diff(found.members) > 0).all()
    assert (1 / found.probability).sum() == pytest.approx(population)
    counts = np.bincount(found.stratum, minlength=strata)
    assert counts.max() - counts.min() <= 1 and counts.sum() == size
    highest = [scores[found.members[found.stratum == number]].max() for number in range(strata)]
    lowest = [scores[found.members[found.stratum == number]].min() for number in range(strata)]
    assert all(low > high for low, high in zip(lowest, highest[1:], strict=False))


def test_a_weighted_mean_is_right_on_average_also_where_probabilities_differ() -> None:
    """Seven of nine in strata of three: 3, 2 and 2 are drawn, so plain means would count the first stratum too often."""
    values = scores = np.arange(9.0) ** 2
    found, plain = [], []
    for seed in range(2000):
        drawn = draw(scores, 7, 3, np.random.default_rng(seed))
        found.append(weighted_mean(values[drawn.members], 1 / drawn.probability))
        plain.append(values[drawn.members].mean())
    assert np.mean(found) == pytest.approx(values.mean(), rel=0.01) and np.mean(plain) > values.mean() * 1.05


@pytest.mark.parametrize(("size", "strata"), [(0, 1), (3, 4), (6, 1)])
def test_a_draw_that_cannot_be_is_refused(size: int, strata: int) -> None:
    with pytest.raises(ValueError, match="allowed: 1 <= strata <= drawn <= population"):
        draw(np.arange(5.0), size, strata, np.random.default_rng(0))


def test_weighted_ranks_are_those_of_the_population_that_weights_stand_for() -> None:
    values, weights = np.array([3.0, 1.0, 2.0, 2.0]), np.array([2.0, 3.0, 1.0, 4.0])
    population = np.repeat(values, weights.astype(int))
    of_all = {value: rank for value, rank in zip(population, matrix_tests.ranks(population), strict=True)}
    assert weighted_ranks(values, weights) == pytest.approx([of_all[value] - 0.5 for value in values])


def test_where_all_pairs_are_drawn_tests_and_intervals_are_those_of_the_full_matrix() -> None:
    generator = np.random.default_rng(2)
    stack, other = generator.random((3, 8, 8)), generator.random((8, 8))
    drawn = DrawnPairs.of(stack, np.ones((8, 8)))
    full = standardized(np.stack([ranked(matrix) for matrix in stack]))
    expected = matrix_tests.count_extreme(full, standardized(ranked(other)[None])[0], 200, 5, "greater")
    found = sampled_matrices.count_extreme(drawn, other, 200, 5, "greater")
    assert found[0] == pytest.approx(expected[0]) and (found[1] == expected[1]).all()
    ranks = np.stack([ranked(matrix) for matrix in stack])
    draws = matrix_tests.correlation_draws(ranks, [ranked(other)], 50, 3)[0]
    assert sampled_matrices.correlation_draws(drawn, other, 50, 3) == pytest.approx(draws, nan_ok=True)


def test_the_correlation_of_drawn_pairs_estimates_that_of_all() -> None:
    generator = np.random.default_rng(3)
    similarity = generator.random((40, 40))
    damage = similarity + generator.normal(0, 0.3, (40, 40))
    truth = float((standardized(ranked(damage)[None]) * standardized(ranked(similarity)[None])).sum() / (40 * 39))
    found = []
    for seed in range(30):
        weights = np.zeros((40, 40))
        for emitter in range(40):
            others = np.delete(np.arange(40), emitter)
            one = draw(similarity[emitter, others], 8, 4, np.random.default_rng([seed, emitter]))
            weights[emitter, others[one.members]] = 1 / one.probability
        stack = np.where(weights > 0, damage, np.nan)[None]  # what was not drawn is not looked at
        found.append(sampled_matrices.count_extreme(DrawnPairs.of(stack, weights), similarity, 1, 0, "greater")[0][0])
    assert np.mean(found) == pytest.approx(truth, abs=0.01) and np.std(found) < 0.05


def test_a_similarity_that_knows_nothing_is_found_as_often_as_chance_says() -> None:
    """Emitters and receivers differ, as in real matrices; draws are by the similarity that is tested."""
    count, hits = 60, 0
    for seed in range(count):
        generator = np.random.default_rng([7, seed])
        similarity = generator.normal(size=(20, 20)) + generator.normal(size=(20, 1))
        damage = generator.normal(size=(20, 20)) + generator.normal(size=(20, 1)) + generator.normal(size=20)
        weights = np.zeros((20, 20))
        for emitter in range(20):
            others = np.delete(np.arange(20), emitter)
            one = draw(similarity[emitter, others], 6, 3, generator)
            weights[emitter, others[one.members]] = 1 / one.probability
        _, extreme = sampled_matrices.count_extreme(DrawnPairs.of(damage[None], weights), similarity, 99, seed, "greater")
        hits += (extreme[0] + 1) / 100 <= 0.2
    assert 3 <= hits <= 22  # 12 are expected; 0.998 of binomials lie here


def test_an_interval_of_a_share_is_open_where_none_was_hit_and_closed_where_all_were_drawn() -> None:
    low, high = share_interval(0.0, np.full(80, 10.0), 800)
    assert low == 0 and 0.03 < high < 0.05
    assert share_interval(1.0, np.full(80, 10.0), 800) == pytest.approx((1 - high, 1.0))
    assert share_interval(0.25, np.ones(8), 8) == (0.25, 0.25)
    truth, covered = np.zeros(300), 0
    truth[:6] = 1  # two of a hundred: draws of 40 often have none
    for seed in range(300):
        drawn = np.random.default_rng(seed).choice(truth, 40, replace=False)
        low, high = share_interval(drawn.mean(), np.full(40, 7.5), 300)
        covered += low <= truth.mean() <= high
    assert covered >= 285

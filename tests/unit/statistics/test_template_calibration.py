"""Null data: what the corrected tests reject one time in twenty, the published ones reject visibly more often."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.icare.template_world import make_task

from lethe.benchmarks.icare.alignment import align, published_alignment
from lethe.benchmarks.icare.templates.directional import directional, received
from lethe.benchmarks.icare.templates.iat import _flips, _relabelled, association, indicator
from lethe.statistics import published_tests
from lethe.statistics.entity_tests import correlate, group_effect, paired_difference
from lethe.statistics.resampling import Inference, q_values

DRAWS, QUICK = 1000, Inference(permutations=99, bootstrap=0)
NEAR = (0.04, 0.06)  # 5 % +- 1 %


def structured(n: int, generator: np.random.Generator) -> np.ndarray:
    """Strong emitters and receivers: pairs that share an entity are dependent."""
    return generator.normal(size=(n, 1)) * 2 + generator.normal(size=n) * 2 + generator.normal(size=(n, n))


def test_metric_against_similarity() -> None:
    generator = np.random.default_rng(0)
    corrected = published = 0
    for draw in range(DRAWS):
        harm, alike = structured(10, generator), structured(10, generator)
        (found,) = align({("uce", "rmse"): harm}, {"clip": alike}, Inference(99, 2, seed=draw))
        corrected += found.p <= 0.05
        published += published_tests.either(published_alignment(harm, alike))
    assert NEAR[0] <= corrected / DRAWS <= NEAR[1]
    assert published / DRAWS > 0.2


def test_statistic_against_attributes() -> None:
    """One relation at a time, many at once (the two tests of one relation are both looked at by the reference)."""
    generator = np.random.default_rng(1)
    labels = list("abcd" * 10)
    values = generator.normal(size=(DRAWS, 40))
    groups = group_effect(labels, values, Inference(999, 0))
    number = correlate(np.arange(40.0), values, Inference(999, 0))
    for found in (groups, number):
        assert NEAR[0] <= (found.p <= 0.05).mean() <= NEAR[1]
    either = [published_tests.either(published_tests.groups([row[i::4] for i in range(4)])) for row in values]
    assert np.mean(either) > (groups.p <= 0.05).mean()
    families = groups.p.reshape(20, 50)  # 20 families of 50 null relations: any discovery is false
    assert np.mean([(q_values(family) < 0.05).any() for family in families]) <= 0.15
    assert np.mean([np.any(family) for family in np.reshape(either, (20, 50))]) > 0.8


def test_paired_methods() -> None:
    generator = np.random.default_rng(2)
    p = [paired_difference(*generator.normal(size=(2, 12)), Inference(199, 2, seed=draw)).p[0] for draw in range(DRAWS)]
    assert NEAR[0] <= np.mean(np.array(p) <= 0.05) <= NEAR[1]


def test_directed_groups() -> None:
    """Entities of a category that are harmed alike for another reason: here, by chance, but together."""
    generator = np.random.default_rng(3)
    codes = np.arange(12) % 2
    corrected = published = 0
    for draw in range(DRAWS):
        harm = structured(12, generator)
        found, _ = directional(harm, codes, 0, Inference(99, 2, seed=draw), True)
        corrected += found.p is not None and found.p <= 0.05
        at = received(harm, (codes == 0)[None].astype(float), True)[0]
        published += published_tests.either(published_tests.groups([at[codes == 0], at[codes == 1]]))
    assert NEAR[0] <= corrected / DRAWS <= NEAR[1]
    assert published / DRAWS > corrected / DRAWS


def test_association_of_drifting_models() -> None:
    """Every model moves all images the same way: drift that no attribute explains."""
    generator = np.random.default_rng(5)
    a, b = indicator(list("ab" * 6), "ab"), indicator(list("ccddee" * 2), "cde")
    corrected = published = 0
    for draw in range(3 * DRAWS):
        noise = generator.normal(scale=0.05, size=(12, 12))
        drift = 0.1 + noise + noise.T + generator.normal(scale=0.02, size=(8, 12, 12))
        corrected += _relabelled(drift.mean(axis=0), a, b, 8, Inference(99, 0, seed=draw), "").p <= 0.05  # type: ignore[operator]
        published += _flips(association(drift, a, b, True), Inference(99, 0, seed=draw)) <= 0.05
    assert NEAR[0] <= corrected / (3 * DRAWS) <= NEAR[1]
    assert published / (3 * DRAWS) > 0.9


def test_intervals_cover() -> None:
    """Bootstrap intervals over entities, on relations that exist: a description, somewhat too narrow for 20 entities."""
    generator = np.random.default_rng(6)
    x = generator.normal(size=(400, 20))
    y = 0.7 * x + np.sqrt(1 - 0.49) * generator.normal(size=(400, 20))
    inside = []
    for a, b in zip(x, y, strict=True):
        found = correlate(a, b[None], Inference(9, 200), rank=False)
        inside.append(found.low[0] <= 0.7 <= found.high[0])
    assert 0.87 <= np.mean(inside) <= 0.98


def test_q_values_by_hand() -> None:
    assert q_values([0.01, 0.04, np.nan, 0.03, 0.5]) == pytest.approx([0.04, 0.16 / 3, np.nan, 0.16 / 3, 0.5], nan_ok=True)
    assert np.isnan(q_values([np.nan])).all()


def test_equal_seeds_give_equal_results() -> None:
    task = make_task("people", 8)
    once, again = (
        align({("uce", "ssim"): task.damage("uce", "ssim")}, {"clip": task.similarity("clip")}, Inference(99, 50, seed=3))
        for _ in range(2)
    )
    assert (once[0].p, once[0].low, once[0].high) == (again[0].p, again[0].low, again[0].high)

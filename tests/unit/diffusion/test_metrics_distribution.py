"""Distances of sets of images: closed forms, transcriptions of the equations, and what a table makes of them."""

from __future__ import annotations

import typing
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lethe.benchmarks.icare.distribution import distribution_summary, distribution_table, halves
from lethe.core.records import ModelId
from lethe.diffusion.metrics.distribution import SET_METRICS, cmmd, fid, kid, precision_recall, vectors_of
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.settings.scoring import Scoring
from lethe.statistics.association import bootstrap_mean

Vectors = NDArray[np.float64]
NAMES = ["fid", "kid", "cmmd", "precision_recall"]


def drawn(n: int, d: int, seed: int = 0, shift: float = 0.0) -> Vectors:
    return np.random.default_rng(seed).normal(size=(n, d)) + shift


def test_fid_of_gaussians_on_a_line_is_the_closed_form() -> None:
    x, y = drawn(50, 1), 3 * drawn(40, 1, 1) + 2
    expected = (x.mean() - y.mean()) ** 2 + (x.std(ddof=1) - y.std(ddof=1)) ** 2
    assert fid(x, y) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("n", "m", "d"), [(60, 50, 8), (7, 50, 8), (5, 6, 30)])
def test_fid_is_its_equation_also_with_fewer_images_than_dimensions(n: int, m: int, d: int) -> None:
    x, y = drawn(n, d), drawn(m, d, 1, 0.3) * np.linspace(0.5, 2, d)
    s, t = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    shift = x.mean(0) - y.mean(0)
    trace = np.sqrt(np.maximum(scipy.linalg.eigvals(s @ t).real, 0)).sum()  # eigenvalues of a product of two covariances
    assert fid(x, y) == pytest.approx(shift @ shift + np.trace(s + t) - 2 * trace, rel=1e-5)
    if min(n, m) > d:
        assert trace == pytest.approx(np.trace(scipy.linalg.sqrtm(s @ t)).real, rel=1e-8)
    assert fid(y, x) == pytest.approx(fid(x, y), rel=1e-9)
    turned = scipy.stats.ortho_group.rvs(d, random_state=0)
    assert fid(x @ turned, y @ turned) == pytest.approx(fid(x, y), rel=1e-9)


def test_kid_is_its_equation_and_unbiased() -> None:
    x, y = drawn(9, 4), drawn(7, 4, 1, 0.5)

    def kernel(a: Vectors, b: Vectors) -> float:
        return float((sum(p * q for p, q in zip(a, b, strict=True)) / 4 + 1) ** 3)

    def within(z: Vectors) -> float:
        return float(np.mean([kernel(a, b) for i, a in enumerate(z) for j, b in enumerate(z) if i != j]))

    between = np.mean([kernel(a, b) for a in x for b in y])
    assert kid(x, y) == pytest.approx(within(x) + within(y) - 2 * between, rel=1e-10)
    same = np.array([kid(drawn(12, 4, 2 * i), drawn(12, 4, 2 * i + 1)) for i in range(2000)])
    assert abs(same.mean()) < 3 * same.std() / np.sqrt(len(same))  # FID of such sets is far from 0
    assert kid(x, x) < 0 < np.mean([fid(drawn(12, 4, 2 * i), drawn(12, 4, 2 * i + 1)) for i in range(50)])


def test_cmmd_is_its_equation_on_directions() -> None:
    x, y = drawn(9, 5), drawn(7, 5, 1, 2.0)
    a, b = (z / np.sqrt((z**2).sum(1, keepdims=True)) for z in (x, y))

    def mean(p: Vectors, q: Vectors) -> float:
        return float(np.mean([[np.exp(-((u - v) ** 2).sum() / 200) for v in q] for u in p]))

    assert cmmd(x, y) == pytest.approx(1000 * (mean(a, a) + mean(b, b) - 2 * mean(a, b)), rel=1e-7)
    assert cmmd(3 * x, y / 5) == pytest.approx(cmmd(x, y), rel=1e-12)
    with pytest.raises(ValueError, match="embedding 2 has length 0"):
        cmmd(x, np.vstack([y[:2], np.zeros((1, 5))]))


def test_precision_and_recall_are_their_equations() -> None:
    x, y = drawn(20, 3), drawn(15, 3, 1, 0.8)

    def inside(points: Vectors, manifold: Vectors) -> float:
        count = 0
        for point in points:
            for centre in manifold:
                reach = sorted(float(np.linalg.norm(centre - other)) for other in manifold)[3]
                if np.linalg.norm(point - centre) <= reach:
                    count += 1
                    break
        return count / len(points)

    precision, recall = precision_recall(x, y)
    assert (precision, recall) == (inside(y, x), inside(x, y)) and 0 < precision < 1 and 0 < recall < 1
    assert precision_recall(x, x + 100) == (0, 0)
    clusters = np.vstack([x, x + 100])
    assert precision_recall(clusters, x)[0] == 1 and precision_recall(clusters, x)[1] <= 0.5  # one mode is lost


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 30), st.integers(1, 40))
def test_a_set_is_not_far_from_itself(seed: int, n: int, d: int) -> None:
    x = drawn(n, d, seed) + 0.1
    assert fid(x, x.copy()) == 0 and cmmd(x, x.copy()) == 0 and precision_recall(x, x.copy()) == (1, 1)
    assert kid(x, x.copy()) <= 0


@pytest.mark.parametrize(("function", "least"), [(fid, 2), (kid, 2), (cmmd, 1), (precision_recall, 4)])
def test_sets_that_are_too_small_or_do_not_fit_are_refused(function: Callable[..., object], least: int) -> None:
    function(drawn(least, 3), drawn(least, 3, 1))
    with pytest.raises(ValueError, match=f"at least {least} each"):
        function(drawn(5, 3), drawn(least - 1, 3))
    with pytest.raises(ValueError, match=r"not \(5, 3\) and \(5, 4\)"):
        function(drawn(5, 3), drawn(5, 4))


def test_settings_and_the_list_agree() -> None:
    allowed = typing.get_args(typing.get_args(Scoring.model_fields["distribution"].annotation)[0])
    assert set(allowed) == set(SET_METRICS) == set(Scoring().distribution)
    arrows = {column: arrow for metric in SET_METRICS.values() for column, arrow in metric.columns.items()}
    assert [name for name, arrow in arrows.items() if arrow == "↑"] == ["precision_dino", "recall_dino"]


ENTITIES, SEEDS = 4, 8


def embeddings(seed: int = 0, moved: int | None = None, seeds: int = SEEDS) -> Embeddings:
    """Two-dimensional clusters, one per entity; ``moved`` is drawn elsewhere."""
    receiver = np.repeat(np.arange(ENTITIES), seeds)
    vectors = drawn(len(receiver), 2, seed) + np.stack([10 * receiver, np.ones(len(receiver))], axis=1)
    if moved is not None:
        vectors[receiver == moved] += 50
    clip = np.stack([np.ones(len(receiver)), vectors[:, 0] / 40], axis=1).astype(np.float32)
    return Embeddings(receiver, np.tile(np.arange(42, 42 + seeds), ENTITIES), vectors.astype(np.float32), clip)


def shuffled(of: Embeddings) -> Embeddings:
    order = np.random.default_rng(5).permutation(len(of.receiver))
    assert of.clip is not None
    return Embeddings(of.receiver[order], of.seed[order], of.embedding[order], of.clip[order])


def models() -> list[tuple[ModelId, Embeddings]]:
    off = embeddings()
    none = [(ModelId("objects", k, "none", 0), shuffled(off)) for k in range(ENTITIES)]
    return none + [(ModelId("objects", k, "uce", 0), embeddings(1, moved=k)) for k in range(3)]


def test_the_table_has_a_row_per_model_and_set_and_the_floor() -> None:
    off = embeddings()
    table = distribution_table("objects", off, models(), ENTITIES, NAMES)
    columns = ["fid_dino", "kid_dino", "cmmd_clip", "precision_dino", "recall_dino"]
    assert list(table.columns) == ["task", "method", "epochs", "emitter", "receivers", "images", *columns]
    assert table.groupby(["method", "receivers"]).size().to_dict() == {
        ("none", "emitter"): 4, ("none", "others"): 4, ("uce", "emitter"): 3, ("uce", "others"): 3,
        ("noise", "emitter"): 4, ("noise", "others"): 4,
    }  # fmt: skip
    images = table.groupby(["method", "receivers"])["images"].agg(["min", "max"]).to_numpy()
    assert (images[:, 0] == images[:, 1]).all() and images[:, 0].tolist() == [4, 12, 8, 24, 8, 24]  # noise, none, uce
    none = table[table["method"] == "none"]
    assert (none[["fid_dino", "cmmd_clip"]] == 0).all(axis=None) and (none["kid_dino"] < 0).all()
    assert (none[["precision_dino", "recall_dino"]] == 1).all(axis=None)
    uce = table[(table["method"] == "uce") & (table["emitter"] == 1)].set_index("receivers")
    own = off.receiver == 1
    on = embeddings(1, moved=1)
    assert uce.loc["emitter", "fid_dino"] == fid(*(vectors_of(e, "fid")[own] for e in (off, on)))
    assert uce.loc["others", "cmmd_clip"] == cmmd(*(vectors_of(e, "cmmd")[~own] for e in (off, on)))
    assert uce.loc["emitter", "precision_dino"] == 0 and uce.loc["others", "precision_dino"] > 0.5
    floor = table[(table["method"] == "noise") & (table["emitter"] == 2)].set_index("receivers")
    first, second = (vectors_of(off, "kid")[(off.receiver == 2) & part] for part in (off.seed < 46, off.seed >= 46))
    assert floor.loc["emitter", "kid_dino"] == kid(first, second)


def test_too_few_images_are_nan_and_what_is_missing_is_named() -> None:
    off = embeddings(seeds=3)
    model = ModelId("objects", 0, "uce", 0)
    table = distribution_table("objects", off, [(model, embeddings(1, seeds=3))], ENTITIES, NAMES).set_index(
        ["method", "emitter", "receivers"]
    )
    assert pd.isna(table.loc[("uce", 0, "emitter"), "precision_dino"]) and table.loc[("uce", 0, "emitter"), "fid_dino"] > 0
    assert pd.isna(table.loc[("noise", 0, "emitter"), "fid_dino"]) and table.loc[("noise", 0, "emitter"), "images"] == 1
    with pytest.raises(ValueError, match=r"objects_000_uce_000: no off image for .*\(0, 45\)"):
        distribution_table("objects", off, [(model, embeddings(1, seeds=4))], ENTITIES, NAMES)
    without = Embeddings(off.receiver, off.seed, off.embedding)
    with pytest.raises(ValueError, match="off images of objects: no 'clip', which 'cmmd'"):
        distribution_table("objects", without, [], ENTITIES, NAMES)
    assert "cmmd_clip" not in distribution_table("objects", without, [], ENTITIES, ["fid"])
    broken = Embeddings(off.receiver, off.seed, np.full_like(off.embedding, np.nan))
    with pytest.raises(ValueError, match="objects_000_uce_000: 'embedding' holds values that are not finite"):
        distribution_table("objects", off, [(model, broken)], ENTITIES, ["fid"])


def test_halves_leave_the_middle_of_an_odd_number_of_seeds_out() -> None:
    seeds, rows = np.array([5, 1, 3, 2, 4, 1]), np.array([0, 1, 2, 3, 4])
    first, second = halves(seeds, rows)
    assert seeds[first].tolist() == [1, 2] and seeds[second].tolist() == [5, 4]


def test_the_summary_is_the_mean_over_reported_emitters() -> None:
    table = distribution_table("objects", embeddings(), models(), ENTITIES, NAMES)
    summary = distribution_summary(table, exclude=[2], draws=200, seed=3).set_index(["method", "receivers"])
    own = table[(table["method"] == "uce") & (table["receivers"] == "others") & (table["emitter"] != 2)]["fid_dino"].to_numpy()
    expected = bootstrap_mean(own, 200, 0.95, 3)
    row = summary.loc[("uce", "others")]
    assert (row["fid_dino"], row["fid_dino_low"], row["fid_dino_high"]) == (expected.mean, expected.low, expected.high)
    assert row["emitters"] == 2 and row["images"] == 24 and summary.loc[("noise", "emitter"), "emitters"] == 3

"""Similarities: known answers, symmetry, diagonal and range."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lethe.core.registry import UnknownNameError
from lethe.diffusion.sources import SOURCES
from lethe.diffusion.testbed import similarity as sim
from lethe.diffusion.testbed.schema import MetadataError

VECTORS = hnp.arrays(np.float64, (4, 3), elements=st.floats(0.1, 5).map(lambda x: x if x < 3 else -x))
DOGS = [
    {"name": "a", "group": "hound", "wild": True, "height": 20.0, "ears": "round"},
    {"name": "b", "group": "hound", "wild": False, "height": 40.0, "ears": None},
    {"name": "c", "group": "mastiff", "wild": True, "height": 60.0, "ears": "stub"},
]


@settings(max_examples=40, deadline=None)
@given(VECTORS)
def test_cosine_matrices_are_symmetric_with_a_full_diagonal(vectors: np.ndarray) -> None:
    for matrix, low, top in (
        (sim.clip_similarity(vectors), 0, 100),
        (sim.dino_similarity(vectors, np.arange(4), 4), -1, 1),
        (sim.act_published(vectors), -1, 1),
    ):
        assert np.array_equal(matrix, matrix.T)
        assert np.array_equal(np.diag(matrix), np.full(4, top))
        assert matrix.min() >= low
        assert matrix.max() <= top


def test_clip_known_answer() -> None:
    matrix = sim.clip_similarity([[2, 0], [3, 3], [-1, 0]])
    assert matrix == pytest.approx(np.array([[100, 50 * math.sqrt(2), 0], [50 * math.sqrt(2), 100, 0], [0, 0, 100]]))


def test_a_vector_without_direction_is_named() -> None:
    with pytest.raises(ValueError, match="vector 1 has norm 0"):
        sim.clip_similarity([[1.0, 0], [0, 0]])
    with pytest.raises(ValueError, match="vector 0 has norm nan"):
        sim.act_published([[math.nan, 0], [1, 0]])


def test_gower_by_hand() -> None:
    matrix = sim.attr_similarity(DOGS, ["group", "wild", "height", "ears"])
    # a-b: hound = hound 1, wild 0, height 1 - 20/40 = 0.5, ears missing  -> 1.5 / 3
    # a-c: group 0, wild 1, height 1 - 40/40 = 0, ears 0                  -> 1 / 4
    # b-c: group 0, wild 0, height 0.5, ears missing                      -> 0.5 / 3
    assert matrix == pytest.approx(np.array([[1, 1 / 2, 1 / 4], [1 / 2, 1, 1 / 6], [1 / 4, 1 / 6, 1]]))
    assert sim.attr_similarity(DOGS, ["height"]).tolist() == [[1, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 1]]


def test_gower_without_shared_values() -> None:
    matrix = sim.attr_similarity(DOGS, ["ears"])
    assert np.isnan(matrix[1]).all()
    assert matrix[0, 0] == 1
    same = [{"name": n, "height": 3, "none": None} for n in "ab"]
    assert sim.attr_similarity(same, ["height", "none"]).tolist() == [[1, 1], [1, 1]]


def test_gower_errors() -> None:
    with pytest.raises(UnknownNameError, match="unknown attribute 'hight'.*did you mean 'height'"):
        sim.attr_similarity(DOGS, ["hight"])
    with pytest.raises(MetadataError, match="mixes types"):
        sim.attr_similarity([{"name": "a", "x": 1}, {"name": "b", "x": "1"}], ["x"])
    with pytest.raises(MetadataError, match="at least one"):
        sim.attr_similarity(DOGS, [])


@pytest.mark.parametrize("task", ["breeds", "people"])
def test_gower_agrees_with_the_sources_own_distance(task: str) -> None:
    """The true distance is a weighted sum over drawn attributes: rebuilt here from one Gower matrix per attribute."""
    source = SOURCES.load(f"rendered_{task}")()
    records = source.entities()
    names = [record["name"] for record in records]
    distances = {a: {b: source.attribute_distance(a, b) for b in names} for a in names}
    rebuilt = np.zeros((len(names), len(names)))
    for attribute, (weight, drawn_range) in source.DRAWN.items():
        distance = 1 - sim.attr_similarity(records, [attribute])
        if drawn_range is not None:  # the source scales by what can be drawn, Gower by what occurs
            values = [record[attribute] for record in records]
            distance *= (max(values) - min(values)) / (drawn_range[1] - drawn_range[0])
        rebuilt += weight * distance
    true = sim.true_similarity(names, distances)
    assert true == pytest.approx(1 - rebuilt)
    assert np.array_equal(np.diag(true), np.ones(len(names)))


def test_jacc_published_by_hand() -> None:
    first = {"name": "a", "index": 0, "is_unlearned": True, "n": 20, "hpi": 50.0, "ratio": 0.25, "year": 1950, "x": 1}
    second = {"name": "b", "index": 1, "is_unlearned": True, "n": 20, "hpi": 80.0, "ratio": 1.0, "year": 1960, "x": 1.0}
    matrix = sim.jacc_published([first, second])
    # name 0 (counted!), n 1, hpi 1 - 0.3, ratio 1 - 0.75; year too large, x of two types, index and is_unlearned ours.
    assert matrix[0, 1] == pytest.approx((0 + 1 + 0.7 + 0.25) / 4)
    assert np.array_equal(matrix, matrix.T)
    assert np.diag(matrix).tolist() == [1, 1]
    assert np.isnan(sim.jacc_published([{"v": math.nan}, {"v": 0.5}])[0]).all()
    assert np.isnan(sim.jacc_published([{"v": 0.5}, {"v": 50.0}])[0, 1])  # never both in one window


def test_dino_averages_seeds_before_it_normalises() -> None:
    embeddings = np.array([[1.0, 0], [0, 4.0], [3.0, 0], [0, 0.5]])
    matrix = sim.dino_similarity(embeddings, [0, 1, 1, 0], 2)
    first, second = np.array([1, 0.5]) / 2, np.array([3, 4.0]) / 2
    expected = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    assert matrix[0, 1] == pytest.approx(expected)
    with pytest.raises(ValueError, match=r"without image: \[2\]"):
        sim.dino_similarity(embeddings, [0, 1, 1, 0], 3)
    with pytest.raises(ValueError, match=r"beyond 0..0: \[1\]"):
        sim.dino_similarity(embeddings, [0, 1, 1, 0], 1)
    with pytest.raises(ValueError, match="allowed"):
        sim.dino_similarity(embeddings, [0, 1], 2)


def test_centring_removes_what_all_share() -> None:
    random = np.random.default_rng(0)
    own, shared = random.normal(size=(10, 50)), 30 * random.normal(size=50)
    published, centred = sim.act_published(own + shared), sim.act_similarity(own + shared)
    away = ~np.eye(10, dtype=bool)
    assert published[away].min() > 0.99
    assert centred == pytest.approx(sim.act_similarity(own))
    assert centred[away].mean() == pytest.approx(-1 / 9, abs=0.02)
    assert np.array_equal(np.diag(centred), np.ones(10))


def test_true_similarity_errors_and_unknown_distances() -> None:
    assert sim.true_similarity(["a", "b"], {"a": {"a": 0, "b": 0.25}, "b": {"a": 0.25, "b": 0}})[0, 1] == 0.75
    assert np.isnan(sim.true_similarity(["a"], {"a": {"a": None}})).all()
    with pytest.raises(ValueError, match="distance of 'a' and 'a' is 1.5"):
        sim.true_similarity(["a"], {"a": {"a": 1.5}})
    with pytest.raises(UnknownNameError, match="unknown entity of the true distances 'b'"):
        sim.true_similarity(["b"], {"a": {}})


def test_records_round_trip() -> None:
    matrix = np.array([[1.0, 0.25], [math.nan, 1.0]])
    records = sim.to_records(["a b", "c"], matrix)
    assert records == [{"emitter": "a b", "a b": 1.0, "c": 0.25}, {"emitter": "c", "a b": None, "c": 1.0}]
    names, back = sim.from_records(records)
    assert names == ["a b", "c"]
    assert np.array_equal(back, matrix, equal_nan=True)
    with pytest.raises(ValueError, match="allowed"):
        sim.to_records(["a"], matrix)
    with pytest.raises(UnknownNameError, match="unknown receiver of emitter 'x' 'y'"):
        sim.from_records([{"emitter": "x", "x": 1.0}, {"emitter": "y", "x": 1.0, "y": 1.0}])


def test_the_testbed_imports_no_torch() -> None:
    modules = ", ".join(f"lethe.diffusion.testbed.{m}" for m in ("names", "balance", "metadata", "splits", "similarity"))
    code = f"import sys, lethe.diffusion.testbed, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

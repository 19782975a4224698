"""Shared noise is found where it is, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from lethe.archive.corpus.pairing import similarities, some_receivers, thumbnail
from lethe.statistics.pairing import pairing
from lethe.statistics.resampling import Inference

FEW = Inference(permutations=199, bootstrap=200)


def pictures(
    draw: np.random.Generator, share: float, receivers: int = 25, seeds: int = 4, noise: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """(R, S, 48) on and off: what a prompt has in common, and what a seed adds; of a ``share`` of pairs both sides have the same."""
    common = draw.normal(0, 3, (receivers, 1, 48))
    off, other = draw.normal(0, 1, (2, receivers, seeds, 48))
    shared = draw.uniform(size=(receivers, seeds, 1)) < share
    on = np.where(shared, off, other) + draw.normal(0, noise, off.shape)
    return common + on, common + off


def test_verdicts() -> None:
    draw = np.random.default_rng(0)
    for share, verdict in ((1.0, "paired"), (0.3, "partly"), (0.0, "unpaired")):
        alike, left_out = similarities(*pictures(draw, share))
        found = pairing(alike, FEW)
        assert found.verdict(found.p, 0.05) == verdict, (share, found)
        assert left_out == 0 and found.low <= share <= found.high + 0.1


def test_seeds_that_are_shuffled_are_not_paired() -> None:
    draw = np.random.default_rng(1)
    on, off = pictures(draw, 1.0)
    shuffled = draw.permuted(np.tile(np.arange(4), (len(off), 1)), axis=1)
    together, apart = (
        pairing(similarities(on, side)[0], FEW) for side in (off, np.take_along_axis(off, shuffled[:, :, None], axis=1))
    )
    assert together.p == pytest.approx(1 / 200) and together.share == 1
    assert apart.p > 0.05 and apart.share < 0.5


def test_a_test_without_sharing_finds_it_as_often_as_it_may() -> None:
    draw = np.random.default_rng(2)
    found = [pairing(similarities(*pictures(draw, 0.0, receivers=8))[0], FEW).p for _ in range(200)]
    assert 0.005 <= np.mean(np.array(found) <= 0.05) <= 0.1


def test_equal_pictures_tell_nothing_and_are_left_out() -> None:
    on, off = pictures(np.random.default_rng(3), 1.0, receivers=5)
    on[2] = 0.0  # black under every seed
    alike, left_out = similarities(on, off)
    assert left_out == 1 and len(alike) == 4 and np.isfinite(alike).all()


def test_what_cannot_be_compared_is_refused() -> None:
    for values, said in (
        (np.ones((1, 4, 4)), "at least 2"),
        (np.ones((4, 1, 1)), "at least 2"),
        (np.full((3, 2, 2), np.nan), "not finite"),
    ):
        with pytest.raises(ValueError, match=said):
            pairing(values, FEW)


def test_receivers_are_spread_and_leave_the_emitter_out() -> None:
    assert some_receivers(100, 0, 3) == [1, 50, 99] and 7 not in some_receivers(10, 7, 100)


def test_a_thumbnail_holds_means_of_areas() -> None:
    picture = np.kron(np.arange(256, dtype=np.uint8).reshape(16, 16), np.ones((2, 2), np.uint8))[:, :, None].repeat(3, axis=2)
    assert thumbnail(picture).reshape(16, 16, 3)[3, 5].tolist() == [53.0] * 3

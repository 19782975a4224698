"""Batched metrics against independent implementations, on real pictures."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity
from tests.unit.diffusion.reference_loop import wheel_brisque

from lethe.core.registry import UnknownNameError
from lethe.diffusion.metrics.base import Classifier, MetricContext, ScoringBatch
from lethe.diffusion.metrics.brisque import FEATURE_MAX, FEATURE_MIN, Brisque
from lethe.diffusion.metrics.fidelity import Rmse, RmsePublished, Ssim, SsimPublished
from lethe.diffusion.metrics.judge import JudgeAccuracy
from lethe.diffusion.metrics.nudenet import LABELS, NudeNetCount
from lethe.diffusion.metrics.specs import spec_of

CONTEXT = MetricContext(threads=1)


def photos(side: int, names: tuple[str, ...] = ("astronaut", "coffee", "chelsea", "rocket")) -> np.ndarray:
    """(n, side, side, 3) uint8 crops of photographs."""
    crops = [getattr(skimage.data, name)()[20:270, 30:280] for name in names]
    return np.stack([cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA) for crop in crops])


def batch(images: np.ndarray, off: np.ndarray | None = None) -> ScoringBatch:
    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).permute(0, 3, 1, 2).contiguous()

    n = len(images)
    return ScoringBatch(tensor(images), np.arange(n), [f"prompt {i}" for i in range(n)], None if off is None else tensor(off))


def noisy(images: np.ndarray, sigma: float = 20) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, sigma, images.shape)
    return np.clip(images + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def brisque() -> Brisque:
    return Brisque.create(CONTEXT)


@pytest.mark.parametrize("side", [32, 33, 35, 64, 128, 256])
def test_brisque_equals_the_wheel(brisque: Brisque, side: int) -> None:
    images = noisy(photos(side), 3)  # every neighbourhood has texture
    wheel = wheel_brisque()
    expected = [wheel.score(image) for image in images]
    np.testing.assert_allclose(brisque.score(batch(images))["brisque"], expected, rtol=0, atol=1e-7)


def test_brisque_with_flat_areas_stays_near_the_wheel(brisque: Brisque) -> None:
    """The wheel's score depends on the signs of its rounding there; ours is that of exact arithmetic."""
    images = cv2.resize(skimage.data.retina(), (128, 128), interpolation=cv2.INTER_AREA)[None]
    ours = brisque.score(batch(images))["brisque"][0]
    assert 1e-6 < abs(ours - wheel_brisque().score(images[0])) < 0.5


@pytest.mark.parametrize("side", [32, 33, 64])
def test_brisque_of_a_constant_picture_is_undefined_whatever_its_colour(brisque: Brisque, side: int) -> None:
    colours = [(0, 0, 0), (255, 255, 255), (128, 128, 128), (1, 1, 1), (200, 30, 90)]
    images = np.stack([np.full((side, side, 3), colour, np.uint8) for colour in colours])
    assert np.isnan(brisque.score(batch(images))["brisque"]).all()
    images[:, 3:9, 3:9] ^= np.arange(6, dtype=np.uint8)[:, None] + 1  # some texture is enough, on any colour
    assert np.isfinite(brisque.score(batch(images))["brisque"]).all()


def test_brisque_ranges_are_those_of_the_wheel() -> None:
    wheel = wheel_brisque()
    np.testing.assert_array_equal(np.array(wheel.scale_params["min_"], dtype=float), FEATURE_MIN)
    np.testing.assert_array_equal(np.array(wheel.scale_params["max_"], dtype=float), FEATURE_MAX)


def test_brisque_ranks_damage(brisque: Brisque) -> None:
    clean = photos(128)
    scores = [brisque.score(batch(images))["brisque"].mean() for images in (clean, noisy(clean, 15), noisy(clean, 40))]
    assert scores[0] < scores[1] < scores[2]


@pytest.mark.parametrize("side", [7, 32, 45, 256])
def test_ssim_equals_skimage(side: int) -> None:
    off = photos(side)
    on = noisy(off)
    for metric, name, data_range in ((Ssim(), "ssim", 255), (SsimPublished(), "ssim_published", 4095)):
        expected = [structural_similarity(a, b, channel_axis=2, data_range=data_range) for a, b in zip(on, off, strict=True)]
        np.testing.assert_allclose(metric.score(batch(on, off))[name], expected, rtol=0, atol=1e-12)


def test_rmse_closed_form() -> None:
    off = np.full((1, 16, 16, 3), 100, np.uint8)
    on = off + np.array([0, 3, 30], np.uint8)
    assert Rmse().score(batch(on, off))["rmse"][0] == pytest.approx(11 / 255, abs=1e-15)
    assert RmsePublished().score(batch(on, off))["rmse_published"][0] == pytest.approx(11 / 4095, abs=1e-15)
    # 0 - 255 must not wrap around in uint8
    worst = batch(np.zeros((1, 8, 8, 3), np.uint8), np.full((1, 8, 8, 3), 255, np.uint8))
    assert Rmse().score(worst)["rmse"][0] == 1.0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), side=st.integers(7, 24))
def test_pair_metrics_of_equal_images_and_symmetry(seed: int, side: int) -> None:
    generator = np.random.default_rng(seed)
    a, b = generator.integers(0, 256, (2, 3, side, side, 3), dtype=np.uint8)
    for metric in (Ssim(), SsimPublished(), Rmse(), RmsePublished()):
        spec = metric.about
        same = metric.score(batch(a, a))[spec.name]
        assert (same == spec.undamaged).all(), "the no-op gate asks for exact equality"
        forth, back = metric.score(batch(a, b))[spec.name], metric.score(batch(b, a))[spec.name]
        np.testing.assert_allclose(forth, back, rtol=0, atol=1e-14)
        assert ((spec.range[0] <= forth) & (forth <= spec.range[1])).all()


def test_pair_metrics_need_off_images_and_one_shape() -> None:
    images = photos(16)
    with pytest.raises(ValueError, match="'ssim' compares with off images"):
        Ssim().score(batch(images))
    with pytest.raises(ValueError, match="a pair has one shape"):
        batch(images, images[:, :8])
    with pytest.raises(ValueError, match="uint8"):
        ScoringBatch(torch.zeros(1, 3, 8, 8), np.array([0]), ["a"])


@pytest.mark.parametrize("side", [320, 512])
def test_nudenet_equals_the_wheel(side: int) -> None:
    from nudenet import NudeDetector

    images = photos(side, ("astronaut", "chelsea"))
    images[1] = np.rot90(images[0], 2)
    ours = NudeNetCount(320).detect(batch(images).images)
    theirs = NudeDetector().detect_batch([np.ascontiguousarray(image[..., ::-1]) for image in images])  # it takes OpenCV's BGR
    assert sum(len(found) for found in ours) > 0, "a picture in which nothing is found tests nothing"
    for a, b in zip(ours, theirs, strict=True):
        assert sorted(d.label for d in a) == sorted(d["class"] for d in b)
        np.testing.assert_allclose(sorted(d.score for d in a), sorted(d["score"] for d in b), atol=0.02)


def test_nudenet_labels_small_images_and_bounds() -> None:
    import nudenet.nudenet

    assert list(LABELS) == vars(nudenet.nudenet)["__labels"]
    metric = NudeNetCount(64)
    assert metric.score(batch(photos(32)))["nudenet"].tolist() == [0, 0, 0, 0]
    assert metric.constants | {"version": ""} == {"version": "", "threshold": 0.5, "resolution": 64}
    with pytest.raises(ValueError, match="multiples of 32"):
        NudeNetCount(100)
    with pytest.raises(ValueError, match="0.25"):
        NudeNetCount(threshold=0.1)


def test_judge_asks_for_the_entity() -> None:
    def logits(images: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.one_hot(images[:, 0, 0, 0].long(), 3).float()

    metric = JudgeAccuracy(Classifier(logits, ["cat", "dog", "owl"], ["owl", "cat"]))
    images = np.zeros((2, 8, 8, 3), np.uint8)
    images[0], images[1] = 2, 1
    assert metric.score(batch(images))["judge"].tolist() == [1.0, 0.0]  # owl seen and asked; dog seen, cat asked
    with pytest.raises(UnknownNameError, match="did you mean 'owl'"):
        JudgeAccuracy(Classifier(logits, ["cat", "dog", "owl"], ["owls"]))
    with pytest.raises(IndexError, match="receiver 3"):
        metric.score(ScoringBatch(batch(images).images, np.array([3, 0]), ["a", "b"]))


def test_specs_are_the_one_place_of_directions() -> None:
    assert [spec_of(name).arrow for name in ("rmse", "dino_diff", "brisque_diff")] == ["↓", "↑", "↓"]
    assert (
        spec_of("ssim").damage(0.75) == 0.25 and spec_of("clip_diff").damage(-2.0) == 2.0 and spec_of("rmse").damage(0.5) == 0.5
    )
    assert spec_of("clip_diff").kind == "diff"
    with pytest.raises(ValueError, match="clip_diff"):
        spec_of("clip").damage(1.0)
    with pytest.raises(UnknownNameError, match="did you mean 'brisque'"):
        spec_of("briske")


def test_importing_loads_no_torch() -> None:
    code = (
        "import sys, lethe.diffusion.metrics, lethe.diffusion.metrics.embeddings, lethe.benchmarks.icare.gates, lethe.benchmarks.icare.entities\n"
        "import lethe.benchmarks.icare.noise_floor, lethe.benchmarks.icare.pairs\n"
        "assert 'torch' not in sys.modules and 'open_clip' not in sys.modules\n"
        "assert 'clip' in lethe.diffusion.metrics.METRICS"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""Every registered metric passes one suite, with small random models; the skeleton of ``lethe new metric`` stands for all new ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tests.mini_folders import write_evaluator

from lethe.core.description import description_of
from lethe.diffusion.metrics import METRICS
from lethe.diffusion.metrics.base import Metric, MetricContext, MetricDescription, ScoringBatch
from lethe.diffusion.metrics.lpips import WEIGHTS
from lethe.diffusion.pretraining.backbone import build_backbone
from lethe.diffusion.pretraining.clip import build_clip
from lethe.diffusion.pretraining.text import build_tokenizer
from lethe.settings.pretraining import BackboneSettings, ClipSettings, PretrainingSettings
from lethe.tools.new.skeletons.metric import Skeleton

CLASSES = ["cat", "owl", "house"]
PROMPTS = [f"An image of a {name}" for name in CLASSES]
WITH_WEIGHTS = {"lpips_alex": f"published weights that are not shipped: {', '.join(WEIGHTS)}"}
SKELETON = "skeleton"
NAMES = [*METRICS.names(), SKELETON]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> MetricContext:
    """All that a metric may need, small and random."""
    torch.manual_seed(0)
    root = tmp_path_factory.mktemp("evaluators")
    settings = PretrainingSettings(clip=ClipSettings(vision_layers=1, text_layers=1), backbone=BackboneSettings(depth=1))
    tokenizer = build_tokenizer(PROMPTS, settings.tokenizer)
    return MetricContext(
        clip=str(write_evaluator(root, "clip", build_clip(settings.clip, tokenizer), settings, tokenizer)),
        backbone=str(write_evaluator(root, "backbone", build_backbone(settings.backbone), settings)),
        judge=lambda images: images.float().mean((2, 3)),
        judge_classes=CLASSES,
        entities=CLASSES,
        threads=1,
    )


def load(name: str) -> type[Metric]:
    return Skeleton if name == SKELETON else METRICS.load(name)


def make(name: str, context: MetricContext) -> Metric:
    if name in WITH_WEIGHTS:
        pytest.skip(WITH_WEIGHTS[name])
    return load(name).create(context)


def pictures(seed: int) -> torch.Tensor:
    """(3, 3, 32, 32) smooth random pictures."""
    coarse = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    return (torch.nn.functional.interpolate(coarse, (32, 32), mode="bicubic").clamp(0, 1) * 255).to(torch.uint8)


def batch(rows: slice = slice(None), on: int = 1) -> ScoringBatch:
    receivers = np.arange(3)
    return ScoringBatch(pictures(on)[rows], receivers[rows], PROMPTS[rows], pictures(0)[rows])


@pytest.mark.parametrize("name", NAMES)
def test_it_describes_itself_in_literals(name: str) -> None:
    target = "lethe.tools.new.skeletons.metric:Skeleton" if name == SKELETON else METRICS.target_of(name)
    said: dict[str, Any] = description_of(target)
    assert load(name).about == MetricDescription(**said) and said["name"] == name
    assert said["label"] and said["source"] and said["version"]


@pytest.mark.parametrize("name", NAMES)
def test_a_score_is_one_number_of_its_picture_alone(name: str, context: MetricContext) -> None:
    metric = make(name, context)
    together = metric.score(batch())
    assert list(together) == [name] and together[name].shape == (3,) and together[name].dtype == np.float64
    alone = [metric.score(batch(slice(row, row + 1)))[name][0] for row in range(3)]
    np.testing.assert_allclose(alone, together[name], rtol=0, atol=1e-4)
    low, high = metric.about.range
    assert (together[name] >= (-np.inf if low is None else low)).all()
    assert (together[name] <= (np.inf if high is None else high)).all()


@pytest.mark.parametrize("name", NAMES)
def test_two_equal_pictures_are_untouched(name: str, context: MetricContext) -> None:
    """Bit for bit: the gate of the method that does nothing asks for it. A metric of one picture needs no other."""
    metric = make(name, context)
    if metric.about.kind == "image":
        alone = replace(batch(), off_images=None, _cache={})
        assert np.array_equal(metric.score(alone)[name], metric.score(batch())[name], equal_nan=True)
    else:
        same = batch(on=0)
        assert (metric.score(same)[name] == metric.about.undamaged).all()
        damage = metric.about.damage(metric.score(batch())[name])
        assert (np.asarray(damage) > 0).all(), "another picture is damage"

"""The benchmark of answer sets compares what it times, and counts what the two see differently."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lethe.diffusion.metrics.base import Classifier
from lethe.diffusion.metrics.judge import JudgeAccuracy
from lethe.diffusion.metrics.scoring import Scorer
from lethe.io.shards import index_path, write_shard
from lethe.settings.models import Settings
from lethe.tools.speed.answer_loop import LoopJudge, bench_answers
from lethe.tools.speed.jobs.canvas_plan import OBJECTS, STYLES, overlay

VALUES = ["red", "green", "blue"]
SIZE = 8


class MeanColour(nn.Module):
    """The mean of a channel, times ``sign``, is the logit of its class."""

    def __init__(self, sign: int) -> None:
        super().__init__()
        self.sign = sign
        self.mix = nn.Linear(3, 3, bias=False)
        nn.init.eye_(self.mix.weight)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.mix(self.sign * pixels.mean((2, 3)))


def shard(folder: Path, name: str, seed: int) -> tuple[Path, Path]:
    random, tar = np.random.default_rng(seed), folder / f"{name}.tar"
    pictures = random.integers(0, 60, (3, SIZE, SIZE, 3), dtype=np.uint8)
    pictures[np.arange(3), :, :, np.arange(3)] += 150
    write_shard(tar, ((f"{k}.png", picture, {"receiver": k, "seed": 1, "prompt": "x"}) for k, picture in enumerate(pictures)))
    return tar, index_path(tar)


def measured(folder: Path, sign: int) -> dict[str, object]:
    model = MeanColour(1)
    judge = JudgeAccuracy(Classifier(lambda images: model(images / 127.5 - 1), VALUES, VALUES), "colour")
    loop = {"colour": LoopJudge(partial(MeanColour, sign), SIZE, VALUES, range(3))}
    work = folder / "work"
    work.mkdir()
    shards = [shard(folder, name, seed) for seed, name in enumerate(("first", "second"))]
    return bench_answers(shards, lambda: Scorer([judge], predictions=True), loop, work)


def test_the_two_see_the_same(tmp_path: Path) -> None:
    found = measured(tmp_path, 1)
    assert (found["images"], found["other_classes"], found["classifiers"]) == (6, 0, ["colour"])
    assert found["largest_difference"] == pytest.approx(0, abs=1e-6)
    assert found["gflop_per_image"] == pytest.approx(2 * 2 * 3 * 3 / 1e9)  # two copies, nine multiplications and additions
    assert found["value"] == pytest.approx(found["loop_seconds"] / found["batched_seconds"])  # type: ignore[operator]


def test_another_classifier_is_noticed_on_every_image_and_its_copy(tmp_path: Path) -> None:
    assert measured(tmp_path, -1)["other_classes"] == 12


def test_the_overlay_of_every_concept_is_a_configuration() -> None:
    settings = Settings()
    changed = overlay("canvas", settings.unlearncanvas["canvas"])
    tasks = {"canvas": settings.tasks["canvas"].model_dump() | changed["tasks"]["canvas"]}
    canvas = {"canvas": settings.unlearncanvas["canvas"].model_dump() | changed["unlearncanvas"]["canvas"]}
    made = Settings.model_validate(
        settings.model_dump() | {"tasks": settings.model_dump()["tasks"] | tasks, "unlearncanvas": canvas}
    )
    assert made.tasks["canvas"].emitters_count == STYLES + OBJECTS == 70

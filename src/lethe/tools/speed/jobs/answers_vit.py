"""Answer sets at 224 px under judges of the size of UnlearnCanvas'."""

from __future__ import annotations

import tempfile
from functools import cache, partial
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image
from torch import nn

from lethe.diffusion.metrics.base import Classifier
from lethe.diffusion.metrics.judge import JudgeAccuracy
from lethe.diffusion.metrics.scoring import Scorer
from lethe.diffusion.metrics.transform import ImageTransform
from lethe.io.shards import index_path, write_shard
from lethe.io.tables import write_json
from lethe.tools.speed.answer_loop import LoopJudge, bench_answers

ARCHITECTURE = "vit_large_patch16_224"  # the published judges'
CLASSES = {"style": 51, "object": 20}
IMAGES, DRAWN, SIZE = 4, 512, 224  # how many; px of a drawn image, and of a judged one
HALF = (0.5, 0.5, 0.5)  # mean and deviation by which the published judges shift and scale


def measure(json: Path) -> None:
    """Write how many times faster the batched pass is. Weights are random: time does not depend on them.

    There is no target: two ways of resizing may differ by a grey level, so probabilities are reported and not compared strictly.
    """
    with tempfile.TemporaryDirectory() as folder:
        tar = _pictures(Path(folder) / "pictures.tar")
        judges = {
            name: LoopJudge(partial(_model, name), SIZE, [str(value) for value in range(classes)], range(classes))
            for name, classes in CLASSES.items()
        }
        work = Path(folder) / "work"
        work.mkdir()
        for judge in judges.values():
            judge.load()
        measured = bench_answers([(tar, index_path(tar))], _scorer, judges, work)
    result = {
        "value": measured["value"],
        "target": "reported",
        "holds": True,
        "how": f"{IMAGES} random pictures of {DRAWN} px and their JPEG copies, {len(CLASSES)} judges {ARCHITECTURE} with random weights, loaded "
        "before both: one file a call against one batched pass; seconds of one thread, loop / batched",
        "measured": measured,
    }
    write_json(json, result)


@cache  # of a published checkpoint, 1.2 GB, loading would be measured more than anything else
def _model(name: str) -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = timm.create_model(ARCHITECTURE, pretrained=False, num_classes=CLASSES[name])
    return model.eval().requires_grad_(False)


def _scorer() -> Scorer:
    return Scorer(
        [_metric(name, [str(value) for value in range(classes)]) for name, classes in CLASSES.items()], predictions=True
    )


def _metric(name: str, labels: list[str]) -> JudgeAccuracy:
    transform, model = ImageTransform(SIZE, SIZE, "squash", HALF, HALF, "bilinear"), _model(name)
    return JudgeAccuracy(Classifier(lambda images: model(transform(images)), labels, labels), name)


def _pictures(tar: Path) -> Path:
    coarse = np.random.default_rng(0).integers(0, 256, (IMAGES, 16, 16, 3), dtype=np.uint8)
    pictures = [np.asarray(Image.fromarray(image).resize((DRAWN, DRAWN), Image.Resampling.BICUBIC)) for image in coarse]
    write_shard(
        tar, ((f"{k}_0.png", picture, {"receiver": k, "seed": 0, "prompt": str(k)}) for k, picture in enumerate(pictures))
    )
    return tar

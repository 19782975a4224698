"""What a judge sees where each entity was asked for: drawn, looked at, counted. For interactive work and tuning, without files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from lethe.diffusion.delta import Delta
from lethe.diffusion.generate import SamplingLike, generate
from lethe.diffusion.metrics.base import ScoringBatch
from lethe.diffusion.metrics.judge import JudgeAccuracy
from lethe.diffusion.metrics.scoring import ImageSet
from lethe.diffusion.render import requests_of
from lethe.diffusion.testbed.receivers import Receiver
from lethe.diffusion.testbed.schema import check_known

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline

ELSE = "something else"  # column of images that the judge takes for an entity of another task


def draw_images(
    pipe: Pipeline,
    receivers: Sequence[Receiver],
    seeds: Sequence[int],
    delta: Delta,
    sampling: SamplingLike,
    *,
    world: str,
    task: str,
) -> ImageSet:
    """Every receiver with every seed, from the model ``delta`` on ``pipe``.

    Args:
        pipe: the base, from ``load_pipeline``; its weights are as before afterwards.
        receivers: what is asked for.
        seeds: one image per receiver and seed.
        delta: the unlearned model; ``NoneDelta()`` is the base.
        sampling: how images are drawn.
        world, task: part of the identity of the initial noise, which every delta shares.
    """
    requests = requests_of(receivers, seeds, delta)
    drawn = [image for _, image in generate(pipe, requests, sampling, world=world, task=task)]
    return ImageSet(
        torch.from_numpy(np.stack(drawn)).permute(0, 3, 1, 2).contiguous(),
        np.array([request.receiver for request in requests]),
        np.array([request.seed for request in requests]),
        [request.prompt for request in requests],
    )


def confusion(judge: JudgeAccuracy, images: ImageSet, names: Sequence[str]) -> pd.DataFrame:
    """Row: the entity asked for, column: the entity that the judge sees; each row of shares sums to 1.

    Args:
        judge: over the entities of the task, from ``load_judge``.
        images: from ``draw_images``.
        names: of the entities, in index order.
    """
    seen = judge.probabilities(ScoringBatch(images.images, images.receivers, images.prompts)).argmax(1)
    name_of = {judge.class_of(index): name for index, name in enumerate(names)}
    asked = pd.Categorical([names[receiver] for receiver in images.receivers], categories=list(names))
    answers = pd.Categorical([name_of.get(int(label), ELSE) for label in seen], categories=[*names, ELSE])
    return pd.crosstab(pd.Series(asked, name="asked for"), pd.Series(answers, name="seen"), normalize="index", dropna=False)


def forget_and_keep(confusion: pd.DataFrame, emitter: str, replacement: str | None = None) -> dict[str, float]:
    """The outcome of unlearning in a few numbers.

    Args:
        confusion: from ``confusion``. emitter: the entity to forget. replacement: the entity that was to take its place.

    Returns:
        ``judge_emitter``: accuracy where the emitter is asked for (lower is better); ``judge_others``: mean accuracy on the other
        entities (higher is better); with ``replacement`` also ``replaced``: how often it is seen where the emitter is asked for.

    Raises:
        UnknownNameError: for an entity that the table does not have.

    Examples:
        >>> seen = pd.DataFrame([[0.1, 0.9, 0], [0, 1, 0], [0, 0.2, 0.8]], index=["cat", "dog", "fox"], columns=["cat", "dog", "fox"])
        >>> forget_and_keep(seen, "cat", replacement="dog")
        {'judge_emitter': 0.1, 'judge_others': 0.9, 'replaced': 0.9}
    """
    for name in (emitter, *([replacement] if replacement else [])):
        check_known("entity", name, list(confusion.index))
    names = list(confusion.index)
    shares = confusion[names].to_numpy(float)
    row = names.index(emitter)
    found = {"judge_emitter": float(shares[row, row]), "judge_others": float(np.delete(shares.diagonal(), row).mean())}
    return found | ({"replaced": float(shares[row, names.index(replacement)])} if replacement else {})

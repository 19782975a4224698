"""Verdicts beside what a judge sees in the same pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.icare.verdict_agreement import Seen, agreement_table, truths
from lethe.core.device import resolve_device
from lethe.core.methods import UNCHANGED
from lethe.core.progress import progress
from lethe.core.records import ModelId
from lethe.diffusion.decoders import decoder_of
from lethe.diffusion.methods import ROLES
from lethe.diffusion.metrics.base import ScoringBatch
from lethe.diffusion.metrics.judge import JudgeAccuracy
from lethe.diffusion.metrics.run import load_judge, read_images
from lethe.diffusion.metrics.scoring import ImageSet
from lethe.diffusion.testbed.receivers import read_receivers
from lethe.io.tables import write_csv
from lethe.settings.tasks import Task

BATCH = 100  # pictures at once


def compare(
    verdicts: Path,
    tars: list[Path],
    indices: list[Path],
    judge: Path,
    receivers: Path,
    table: Path,
    models: list[str],
    task: str,
    settings: Task,
    device: str,
    decoder: Sequence[Path] = (),
) -> None:
    """Write how often verdicts and a judge agree; a method that changes nothing is left out, since it would only agree.

    Args:
        tars, indices: a shard per model.
        judge: folder of a classifier that knows the entities.
        models: names of the models.
        settings: of the task.
        decoder: the base whose VAE makes pictures of latents, where these are kept.
    """
    reads = decoder_of(decoder, device)
    asked = read_receivers(receivers)
    classifier = load_judge(judge, task, asked, resolve_device(device))
    class_of = [classifier.class_of(receiver.index) for receiver in asked]
    shards = [
        shard for shard in zip(models, tars, indices, strict=True) if ROLES.role(ModelId.parse(shard[0]).method) != UNCHANGED
    ]
    found = []
    for name, tar, index in progress(shards, len(shards), "shard", f"judge {task}"):
        model, images = ModelId.parse(name), read_images(tar, index, decoder=reads)
        told = truths(Seen(images.receivers, _labels(classifier, images)), model.index, class_of)
        found.append(told.assign(method=model.method, emitter=model.index))
    truth = pd.concat(found, ignore_index=True)
    of_pairs = pd.read_csv(verdicts, usecols=["method", "emitter", "receiver", "verdict"])
    of_pairs = of_pairs[of_pairs["method"].isin(truth["method"])]
    write_csv(table, agreement_table(of_pairs, truth, settings.tuning_emitters))


def _labels(judge: JudgeAccuracy, images: ImageSet) -> NDArray[np.int64]:
    """(n,) most probable class of every picture."""
    found = []
    for start in range(0, len(images.images), BATCH):
        part = slice(start, start + BATCH)
        batch = ScoringBatch(images.images[part], images.receivers[part], images.prompts[part])
        found.append(judge.probabilities(batch).argmax(1))
    return np.concatenate(found)

"""The models of U-LiRA: originals and retrained ones on random halves of the data, and what any of them says about every sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lethe.deepunlearn import PROVIDERS
from lethe.deepunlearn.confidence import confidence
from lethe.deepunlearn.experiment import Experiment
from lethe.deepunlearn.methods.base import Hyperparameters, Method, run
from lethe.deepunlearn.models.stack import Stack
from lethe.deepunlearn.problem import Problem
from lethe.deepunlearn.ulira_splits import LiraSplits, lira_splits
from lethe.diffusion.tensors import read_tensors, write_tensors
from lethe.io.tables import CorruptFileError
from lethe.settings.deepunlearn import BaseTraining, Lira

FORMAT = "lethe-lira-outputs"
INIT_SEED = 0  # as released: one initialisation for all models

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


def splits_of(experiment: Experiment, lira: Lira) -> LiraSplits:
    """The pinned halves and forget sets; the official test part stays out, where there is one."""
    count = len(experiment.images)
    if PROVIDERS.load(experiment.dataset).official_test:
        count -= len(experiment.splits["test"])
    return lira_splits(count, splits=lira.splits, forgets=lira.forget_sets)


def train_models(experiment: Experiment, lira: Lira, training: BaseTraining) -> tuple[Stack, Stack]:
    """Originals (S models) on all of each half, retrained models (S * K) on what each forget set leaves of it."""
    splits = splits_of(experiment, lira)
    halves, rest = torch.from_numpy(splits.train), torch.from_numpy(splits.retain).flatten(0, 1)
    device = experiment.images.device
    original = experiment.train(halves.to(device), [INIT_SEED] * len(halves), training, lira.epochs)
    retrained = experiment.train(rest.to(device), [INIT_SEED] * len(rest), training, lira.epochs)
    return original, retrained


def unlearn_models(experiment: Experiment, lira: Lira, original: Stack, method: Method[Any], config: Hyperparameters) -> Stack:
    """Every original made to forget each of its K forget sets: S * K models, split by split."""
    splits, device = splits_of(experiment, lira), experiment.images.device
    retain, forget = (torch.from_numpy(rows).flatten(0, 1).to(device) for rows in (splits.retain, splits.forget))
    models = len(forget)
    problem = Problem(
        experiment.architecture,
        original.select([m // lira.forget_sets for m in range(models)]),
        experiment.images,
        experiment.labels,
        retain,
        forget,
        torch.from_numpy(splits.val).to(device).expand(models, -1),
        seeds=range(models),
        augment=experiment.augment,
    )
    return run(method, problem, [config] * models)


def outputs(experiment: Experiment, lira: Lira, stack: Stack) -> tuple[Floats, Mask]:
    """Logit confidence (S, K, n) float32 and correctness (S, K, n) bool of all samples; originals are repeated for every k."""
    splits = splits_of(experiment, lira)
    rows = torch.arange(splits.n, device=experiment.images.device)
    empty = rows[None, :0]
    problem = Problem(experiment.architecture, stack, experiment.images, experiment.labels, empty, empty, empty, seeds=[])
    parts, most = [], experiment.architecture.at_once
    for first in range(0, len(stack), most):
        part = stack.select(range(first, min(first + most, len(stack))))
        parts.append(confidence(problem.predict(part, rows).cpu(), experiment.labels[rows].cpu()))
    phi, correct = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    if len(stack) == lira.splits:
        phi, correct = (np.repeat(array, lira.forget_sets, axis=0) for array in (phi, correct))
    shape = lira.splits, lira.forget_sets, splits.n
    return phi.reshape(shape), correct.reshape(shape)


def write_outputs(path: str | Path, phi: Floats, correct: Mask) -> None:
    """Write ``outputs``."""
    write_tensors(path, {"phi": torch.from_numpy(phi), "correct": torch.from_numpy(correct)}, {"format": FORMAT})


def read_outputs(path: str | Path) -> tuple[Floats, Mask]:
    """The inverse of ``write_outputs``; another file is a ``CorruptFileError``."""
    tensors, header = read_tensors(path)
    if header.get("format") != FORMAT:
        raise CorruptFileError(f"{path}: header says format '{header.get('format')}', expected '{FORMAT}'")
    return tensors["phi"].numpy(), tensors["correct"].numpy()

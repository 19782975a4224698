"""The models of U-LiRA: originals and retrained ones on random halves of the data, and what any of them says about every sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lethe.benchmarks.deepunlearn.ulira_splits import LiraSplits, lira_splits
from lethe.classifiers.confidence import confidence
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.methods.base import Hyperparameters, Method, run
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.core.progress import progress
from lethe.io.tensors import read_tensors, write_tensors
from lethe.settings.classifiers import BaseTraining, Lira

FORMAT = "lethe-lira-outputs"
INIT_SEED = 0  # as published: one initialisation for all models

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


def splits_of(experiment: Experiment, lira: Lira) -> LiraSplits:
    """The pinned halves and forget sets; the official test part stays out, where there is one."""
    return _splits(_count(experiment), lira.splits, lira.forget_sets)


def _count(experiment: Experiment) -> int:
    official = experiment.provider.official_test
    return len(experiment.images) - (len(experiment.splits["test"]) if official else 0)


@cache  # a second each at the size of CIFAR-10, asked for several times a job
def _splits(count: int, splits: int, forgets: int) -> LiraSplits:
    return lira_splits(count, splits=splits, forgets=forgets)


def train_originals(experiment: Experiment, lira: Lira, training: BaseTraining) -> Stack:
    """One model per split (S), trained on all of its half."""
    rows = torch.from_numpy(splits_of(experiment, lira).train).to(experiment.images.device)
    return experiment.train(rows, [INIT_SEED] * len(rows), training, lira.epochs)


def original_outputs(experiment: Experiment, lira: Lira, original: Stack) -> tuple[Floats, Mask]:
    """What the originals say: see ``unlearned_outputs``. Each is repeated for the K forget sets of its split."""
    return _outputs(experiment, lira, lambda models: original.select([m // lira.forget_sets for m in models]))


def retrained_outputs(experiment: Experiment, lira: Lira, training: BaseTraining) -> tuple[Floats, Mask]:
    """What models say that are trained on what each forget set leaves of a half: see ``unlearned_outputs``."""
    rows = torch.from_numpy(splits_of(experiment, lira).retain).flatten(0, 1).to(experiment.images.device)
    return _outputs(
        experiment, lira, lambda models: experiment.train(rows[models], [INIT_SEED] * len(models), training, lira.epochs)
    )


def unlearned_outputs(
    experiment: Experiment, lira: Lira, original: Stack, method: Method[Any], config: Hyperparameters
) -> tuple[Floats, Mask]:
    """What models say after every original was made to forget each of its K forget sets.

    Models are made, asked and dropped some at a time: 640 of them need not fit in memory.

    Returns:
        Logit confidence (S, K, n) float32 and correctness (S, K, n) bool of all n samples of the splits.
    """
    splits, device = splits_of(experiment, lira), experiment.images.device
    retain, forget = (torch.from_numpy(rows).flatten(0, 1).to(device) for rows in (splits.retain, splits.forget))

    def make(models: list[int]) -> Stack:
        problem = Problem(
            experiment.architecture,
            original.select([m // lira.forget_sets for m in models]),
            experiment.images,
            experiment.labels,
            retain[models],
            forget[models],
            torch.from_numpy(splits.val).to(device).expand(len(models), -1),
            seeds=models,
            augment=experiment.augment,
        )
        return run(method, problem, [config] * len(models))

    return _outputs(experiment, lira, make)


def _outputs(experiment: Experiment, lira: Lira, make: Callable[[list[int]], Stack]) -> tuple[Floats, Mask]:
    """Outputs of models 0..S*K-1, split by split, made by ``make`` as many at a time as their architecture likes."""
    count, models = _count(experiment), lira.splits * lira.forget_sets
    rows, parts = torch.arange(count, device=experiment.images.device), []
    empty = rows[None, :0]
    for some in progress(
        range(0, models, experiment.architecture.at_once), models, "model", "U-LiRA", experiment.architecture.at_once
    ):
        stack = make(list(range(some, min(some + experiment.architecture.at_once, models))))
        problem = Problem(experiment.architecture, stack, experiment.images, experiment.labels, empty, empty, empty, seeds=[])
        parts.append(confidence(problem.predict(stack, rows).cpu(), experiment.labels[rows].cpu()))
    phi, correct = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    shape = lira.splits, lira.forget_sets, count
    return phi.reshape(shape), correct.reshape(shape)


def write_outputs(path: str | Path, phi: Floats, correct: Mask) -> None:
    """Write what models say."""
    write_tensors(path, {"phi": torch.from_numpy(phi), "correct": torch.from_numpy(correct)}, {"format": FORMAT})


def read_outputs(path: str | Path) -> tuple[Floats, Mask]:
    """The inverse of ``write_outputs``; another file is a ``CorruptFileError``."""
    tensors, _ = read_tensors(path, FORMAT)
    return tensors["phi"].numpy(), tensors["correct"].numpy()


def read_methods(said: Sequence[Path], methods: Sequence[str]) -> dict[str, tuple[Floats, Mask]]:
    """Method -> what its models say, (S, K, n) each.

    Args:
        said: files of ``write_outputs``: the blocks of splits of the first method, in order, then of the second, ...

    Raises:
        ValueError: the methods do not all have equally many files.
    """
    blocks, rest = divmod(len(said), len(methods))
    if rest or not blocks:
        raise ValueError(f"{len(said)} files for {len(methods)} methods; allowed: the same number of blocks for each")
    found = {}
    for number, method in enumerate(methods):
        parts = [read_outputs(path) for path in said[number * blocks : (number + 1) * blocks]]
        phi, correct = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        found[method] = phi, correct
    return found

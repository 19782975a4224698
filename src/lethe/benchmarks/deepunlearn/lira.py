"""The models of U-LiRA: originals and retrained ones on random halves of the data, and what any of them says about every sample.

Split s has an original model, number s, and for each of its K forget sets a retrained and an unlearned one, number s K + k. A job makes
those of a block of splits; what it makes does not depend on the block.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lethe.benchmarks.deepunlearn.ulira_splits import LiraSplits, lira_splits
from lethe.classifiers.confidence import confidence
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.methods.base import Hyperparameters, Method, run
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.io.tables import CorruptFileError
from lethe.io.tensors import read_tensors, write_tensors
from lethe.settings.classifiers import BaseTraining, LiraDesign

FORMAT = "lethe-lira-outputs"
INIT_SEED = 0  # as published: one initialisation for all models, where it is shared
LIMIT_SEED = 123  # of the order whose first images are used where there is a limit

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


def samples_of(experiment: Experiment, lira: LiraDesign) -> Tensor:
    """Rows of the images that U-LiRA uses, (n,), ascending: all but the official test part, where there is one, or ``limit`` of these.

    Raises:
        ValueError: there are fewer than ``limit``.
    """
    count = len(experiment.images) - (len(experiment.splits["test"]) if experiment.provider.official_test else 0)
    if lira.limit > count:
        raise ValueError(
            f"deepunlearn.lira.{experiment.dataset}.limit: {lira.limit}, but there are {count} images; allowed: 0 to {count}"
        )
    if not lira.limit:
        return torch.arange(count, device=experiment.images.device)
    chosen = np.random.default_rng(LIMIT_SEED).permutation(count)[: lira.limit]
    return torch.from_numpy(np.sort(chosen)).to(experiment.images.device)


def splits_of(experiment: Experiment, lira: LiraDesign, forget_sets: int = 0) -> LiraSplits:
    """The pinned halves and forget sets, as places in ``samples_of``.

    Args:
        forget_sets: per split; 0: as configured. The first ones are the same, however many there are.
    """
    return _splits(len(samples_of(experiment, lira)), lira.splits, forget_sets or lira.forget_sets)


@cache  # a second each at the size of CIFAR-10, asked for several times a job
def _splits(count: int, splits: int, forgets: int) -> LiraSplits:
    return lira_splits(count, splits=splits, forgets=forgets)


def _starts(lira: LiraDesign, models: Sequence[int], first: int = 0) -> list[int]:
    """Seeds of the initial weights of some models; ``first``: that of model 0, where each has its own."""
    return [INIT_SEED if lira.init == "shared" else first + int(model) for model in models]


def train_originals(experiment: Experiment, lira: LiraDesign, training: BaseTraining, splits: Sequence[int]) -> Stack:
    """The models of some splits, (M,), each trained on all of its half."""
    rows = samples_of(experiment, lira)[splits_of(experiment, lira).train[list(splits)]]
    return experiment.train(rows, _starts(lira, splits), training, lira.epochs)


def train_retrained(experiment: Experiment, lira: LiraDesign, training: BaseTraining, models: Sequence[int]) -> Stack:
    """Models (M,) trained on what their forget set leaves of a half."""
    splits, forgets = np.divmod(models, lira.forget_sets)
    rows = samples_of(experiment, lira)[splits_of(experiment, lira).retain[splits, forgets]]
    return experiment.train(rows, _starts(lira, models, lira.splits), training, lira.epochs)


def train_to_tune_on(experiment: Experiment, lira: LiraDesign, training: BaseTraining, splits: Sequence[int], seed: int) -> Stack:
    """Models of some splits, (M,), trained from initialisation ``seed`` on what the forget set K leaves, which is never attacked."""
    rows = samples_of(experiment, lira)[splits_of(experiment, lira, lira.forget_sets + 1).retain[list(splits), lira.forget_sets]]
    return experiment.train(rows, [seed] * len(rows), training, lira.epochs)


def unlearn(
    experiment: Experiment,
    lira: LiraDesign,
    original: Stack,
    method: Method[Any],
    config: Hyperparameters,
    models: Sequence[int],
) -> Stack:
    """Models (M,) that were made to forget their forget set.

    Args:
        original: the original model of each, (M,).
    """
    splits, forgets = zip(*(divmod(m, lira.forget_sets) for m in models), strict=True)
    return run(method, problem_of(experiment, lira, original, splits, forgets, models), [config] * len(models))


def problem_of(
    experiment: Experiment, lira: LiraDesign, original: Stack, splits: Sequence[int], forgets: Sequence[int], seeds: Sequence[int]
) -> Problem:
    """What models (M,) have to forget: forget set ``forgets[m]`` of split ``splits[m]``.

    Args:
        original: of each. seeds: of what methods draw for each.
    """
    rows, of_splits = samples_of(experiment, lira), splits_of(experiment, lira, max(lira.forget_sets, 1 + max(forgets)))
    own = list(splits), list(forgets)
    return Problem(
        experiment.architecture,
        original,
        experiment.images,
        experiment.labels,
        rows[of_splits.retain[own]],
        rows[of_splits.forget[own]],
        rows[of_splits.val].expand(len(original), -1),
        seeds=list(seeds),
        augment=experiment.augment,
    )


def outputs_of(experiment: Experiment, lira: LiraDesign, stack: Stack) -> tuple[Floats, Mask]:
    """What models say: logit confidence (M, n) float32 and correctness (M, n) bool of all n samples of the splits."""
    rows = samples_of(experiment, lira)
    empty = rows[None, :0]
    problem = Problem(experiment.architecture, stack, experiment.images, experiment.labels, empty, empty, empty, seeds=[])
    return confidence(problem.predict(stack, rows).cpu(), experiment.labels[rows].cpu())


def write_outputs(path: str | Path, phi: Floats, correct: Mask) -> None:
    """Write what models say, arrays of one shape whose last axis is that of samples."""
    write_tensors(path, {"phi": torch.from_numpy(phi), "correct": torch.from_numpy(correct)}, {"format": FORMAT})


def join_outputs(parts: Sequence[Path], path: str | Path, repeats: int = 1, forget_sets: int = 1) -> None:
    """Write what the models of a block say, of which some (M, n) stand in each of ``parts``, as one file of (S, K, n).

    Args:
        repeats: how often each model stands for a forget set: K of an original, else 1.
        forget_sets: K.
    """
    arrays = zip(*(_read(part) for part in parts), strict=True)
    phi, correct = (np.repeat(np.concatenate(found), repeats, axis=0) for found in arrays)
    write_outputs(path, *(array.reshape(-1, forget_sets, array.shape[-1]) for array in (phi, correct)))


def read_outputs(paths: Sequence[Path]) -> tuple[Floats, Mask]:
    """What the models of all blocks say: phi (S, K, n) float32 and correct (S, K, n) bool.

    Args:
        paths: one file per block, in the order of the splits.

    Raises:
        CorruptFileError: a file is another one, or blocks do not fit together.
    """
    found = [_read(path) for path in paths]
    shapes = {path: array.shape for path, (array, _) in zip(paths, found, strict=True)}
    odd = [path for path, shape in shapes.items() if len(shape) != 3 or shape[1:] != shapes[paths[0]][1:]]
    if odd:
        raise CorruptFileError(
            f"{odd[0]}: holds {shapes[odd[0]]}, but {paths[0]} {shapes[paths[0]]}; blocks differ in splits only"
        )
    phi, correct = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return phi, correct


def read_methods(said: Sequence[Path], methods: Sequence[str]) -> dict[str, tuple[Floats, Mask]]:
    """What the models of every method say, by name: see ``read_outputs``.

    Args:
        said: all blocks of the first method, then all of the second, ...

    Raises:
        ValueError: the files are no multiple of the methods.
    """
    blocks, rest = divmod(len(said), len(methods))
    if rest or not blocks:
        raise ValueError(f"{len(said)} files for {len(methods)} methods; allowed: the same number of blocks for each")
    return {name: read_outputs(said[i * blocks : (i + 1) * blocks]) for i, name in enumerate(methods)}


def _read(path: str | Path) -> tuple[Floats, Mask]:
    tensors, _ = read_tensors(path, FORMAT)
    return tensors["phi"].numpy(), tensors["correct"].numpy()

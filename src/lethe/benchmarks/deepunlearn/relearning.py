"""Relearning: how fast a model takes up again what it forgot, and whether more comes back than it is shown.

A model that forgot exactly learns half of its forget set as a retrained model does, and no better the other half. One that only hides what
it knows is back after a few steps (arXiv 2605.11592), and where it is shown one half it remembers the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from lethe.classifiers.distance import ORIGINAL, RETRAINED
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.scores import accuracy, mean_interval
from lethe.classifiers.training import SGD, batches, data_order, fixed_global_seed
from lethe.settings.classifiers import BaseTraining

STEPS = 100  # of fine-tuning, at most
RATE = 0.1  # of the learning rate of base training, constant
TARGET = 0.95  # of the original's accuracy: what counts as back
ROWS = 500  # samples of each half at most

Floats = NDArray[np.float64]


class Curves(NamedTuple):
    """Accuracy after 0, 1, ... ``STEPS`` steps, each (M, 1 + STEPS) in [0, 1].

    Attributes:
        shown: on the half that the model is fine-tuned on.
        other: on the half that it is not shown.
    """

    shown: Floats
    other: Floats


def halves(forget: Tensor) -> tuple[Tensor, Tensor]:
    """The first and the second half of a forget set (n,), at most ``ROWS`` rows each; its order is random.

    Raises:
        ValueError: fewer than two rows.
    """
    half = min(len(forget) // 2, ROWS)
    if not half:
        raise ValueError(f"a forget set of {len(forget)}; at least 2 are needed, of which one is shown and the other not")
    return forget[:half], forget[half : 2 * half]


def relearn(problem: Problem, stack: Stack, training: BaseTraining) -> Curves:
    """Fine-tune models on one half of what they forgot, with SGD, and ask them about both halves after every step.

    Args:
        problem: of the models; all forget the same rows. stack: the models (M), left alone.
        training: base training, of which momentum, weight decay and, at most, the batch size are taken.

    Returns:
        Accuracies; of a model that diverges they go to 0.
    """
    shown, other = halves(problem.forget[0])
    tuned, order = stack.clone(), data_order()
    optimiser = SGD(tuned, RATE * training.learning_rate, training.momentum, training.weight_decay)
    size = min(training.batch_size, len(shown))
    rows = shown.expand(len(stack), -1)
    found = [_accuracies(problem, tuned, shown, other)]
    with fixed_global_seed(tuned.device):
        while len(found) <= STEPS:
            whole = [part for part in batches(rows, size, order) if part.shape[1] == size]  # batch normalisation needs several
            for part in whole[: STEPS + 1 - len(found)]:
                optimiser.step(problem.cross_entropy(tuned, part))
                found.append(_accuracies(problem, tuned, shown, other))
    return Curves(*np.moveaxis(np.array(found), 0, -1))


def _accuracies(problem: Problem, stack: Stack, *parts: Tensor) -> list[Floats]:
    logits = problem.predict(stack, torch.cat(parts)).cpu().split([len(part) for part in parts], dim=1)
    return [accuracy(values, problem.labels[part].cpu()) for values, part in zip(logits, parts, strict=True)]


def curve_rows(method: str, seeds: Sequence[int], curves: Curves) -> pd.DataFrame:
    """Curves as rows: ``method, seed, unlearning_seed, step, shown, other``.

    Args:
        seeds: (I,). curves: of J x I models, run by run (``lethe.classifiers.runs``).
    """
    models, steps = curves.shown.shape
    runs = models // len(seeds)
    return pd.DataFrame(
        {
            "method": method,
            "seed": np.repeat(np.tile(seeds, runs), steps),
            "unlearning_seed": np.repeat(np.arange(runs), len(seeds) * steps),
            "step": np.tile(np.arange(steps), models),
            "shown": curves.shown.ravel(),
            "other": curves.other.ravel(),
        }
    )


def relearning_table(curves: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """How many steps a method's models need, and what comes back unshown, against the retrained models of the same seeds.

    Args:
        curves: of ``curve_rows``, with ``retrained`` and ``original``. Several runs of a method on one model count as their mean.
        level: coverage of the intervals.

    Returns:
        ``method, seeds, back``: share of models that come back at all, which is to ``TARGET`` of the accuracy that the original of their
        seed has on the half that is shown. ``steps``: until then; of a model that does not come back one more than ``STEPS``. ``other_before``
        and ``other_after``: accuracy on the half that is not shown, before the first and after the last step. ``steps_excess`` and
        ``other_excess`` (of ``other_after``): minus those of ``retrained``, paired by seed. All with ``_low`` and ``_high``, Student's t
        over seeds.
    """
    keys = ["method", "seed", "unlearning_seed"]
    end = int(curves["step"].max())
    first, last = (curves[curves["step"] == step].set_index(keys) for step in (0, end))
    goals = _of_seeds(first["shown"], ORIGINAL)
    reached = curves[curves["shown"] >= TARGET * curves["seed"].map(goals)]
    steps = reached.groupby(keys)["step"].min().reindex(first.index)
    models = pd.DataFrame({"back": steps.notna(), "steps": steps.fillna(end + 1)})
    models["other_before"], models["other_after"] = first["other"], last["other"]
    found = models.groupby(level=["method", "seed"], sort=False).mean()
    seeds = found.index.get_level_values("seed")
    for name, column in (("steps_excess", "steps"), ("other_excess", "other_after")):
        found[name] = found[column] - seeds.map(_of_seeds(found[column], RETRAINED))
    rows = []
    for method, group in found.groupby(level="method", sort=False):
        row = {"method": method, "seeds": len(group), "back": float(group["back"].mean())}
        for name in ("steps", "steps_excess", "other_before", "other_after", "other_excess"):
            row[name], row[f"{name}_low"], row[f"{name}_high"] = mean_interval(group[name].to_numpy(float), level)
        rows.append(row)
    return pd.DataFrame(rows)


def _of_seeds(values: pd.Series[float], reference: str) -> dict[int, float]:
    """Seed -> the value of a reference, which has one model per seed; of values by method and seed."""
    rows = values[values.index.get_level_values("method") == reference]
    return dict(zip(rows.index.get_level_values("seed"), rows, strict=True))

"""What is known about a pair (emitter, receiver) before its images are drawn: the predictors of MSAM. NaN where it is not known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lethe.benchmarks.icare.templates.data import MissingDataError, TaskData

Floats = NDArray[np.float64]


def attribute_same(task: TaskData, attributes: Sequence[str]) -> dict[str, Floats]:
    """``is_{a}_same``: (N, N), 1 where both entities have the same value, NaN where one has none."""
    result = {}
    for name in attributes:
        found = task.attribute(name)
        values, missing = np.array([str(value) for value in found]), np.array([value is None for value in found])
        same = (values[:, None] == values[None, :]).astype(float)
        result[f"is_{name}_same"] = np.where(missing[:, None] | missing[None, :], np.nan, same)
    return result


def attribute_values(task: TaskData, attributes: Sequence[str]) -> dict[str, Floats]:
    """Attributes of emitter and receiver: numbers as they are, categories as 0/1 of each but the first."""
    result = {}
    for name in attributes:
        if task.attribute_kind(name) == "number":
            columns = {name: task.numbers(name)}
        else:
            labels = task.categories(name)
            known = sorted({label for label in labels if label is not None})
            columns = {
                f"{name}={value}": np.array([np.nan if label is None else float(label == value) for label in labels])
                for value in known[1:]
            }
        for column, values in columns.items():
            result[f"emitter {column}"] = np.tile(values[:, None], (1, task.size))
            result[f"receiver {column}"] = np.tile(values[None, :], (task.size, 1))
    return result


def emitter_values(name: str, values: Floats) -> dict[str, Floats]:
    """One number of the emitter for all its pairs."""
    return {name: np.tile(values[:, None], (1, len(values)))}


def predictable(x: Floats) -> NDArray[np.bool_]:
    """(N,) the entities of (N, N, predictors) of which all predictors are known: an unknown one is lacking in all pairs of its row."""
    unknown = np.asarray(~np.isfinite(x).all(axis=-1))
    np.fill_diagonal(unknown, True)
    return np.asarray(~unknown.all(axis=1))


def baseline_clip(task: TaskData) -> Floats:
    """(N,) mean CLIP score of each entity's off images."""
    if task.baseline is None or "clip" not in task.baseline.columns:
        raise MissingDataError(f"{task.task}: the baseline scores hold no 'clip'")
    return task.baseline.groupby("receiver")["clip"].mean().reindex(range(task.size)).to_numpy(float)

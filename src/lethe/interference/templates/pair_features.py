"""What is known about a pair (emitter, receiver) before its images are drawn: the predictors of MSAM."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lethe.interference.templates.data import MissingDataError, TaskData

Floats = NDArray[np.float64]


def attribute_same(task: TaskData, attributes: Sequence[str]) -> dict[str, Floats]:
    """``is_{a}_same``: (N, N), 1 where both entities have the same value."""
    result = {}
    for name in attributes:
        values = np.array([str(value) for value in task.attribute(name)])
        result[f"is_{name}_same"] = (values[:, None] == values[None, :]).astype(float)
    return result


def attribute_values(task: TaskData, attributes: Sequence[str]) -> dict[str, Floats]:
    """Attributes of emitter and receiver: numbers as they are (missing: the mean), categories as 0/1 of each but the first."""
    result = {}
    for name in attributes:
        if task.attribute_kind(name) == "number":
            values = task.numbers(name)
            columns = {name: np.where(np.isfinite(values), values, np.nanmean(values))}
        else:
            labels = task.categories(name)
            known = sorted({str(label) for label in labels})
            columns = {f"{name}={value}": np.array([float(str(label) == value) for label in labels]) for value in known[1:]}
        for column, values in columns.items():
            result[f"emitter {column}"] = np.tile(values[:, None], (1, task.size))
            result[f"receiver {column}"] = np.tile(values[None, :], (task.size, 1))
    return result


def emitter_values(name: str, values: Floats) -> dict[str, Floats]:
    """One number of the emitter for all its pairs."""
    return {name: np.tile(values[:, None], (1, len(values)))}


def baseline_clip(task: TaskData) -> Floats:
    """(N,) mean CLIP score of each entity's off images."""
    if task.baseline is None or "clip" not in task.baseline.columns:
        raise MissingDataError(f"{task.task}: the baseline scores hold no 'clip'")
    return task.baseline.groupby("receiver")["clip"].mean().reindex(range(task.size)).to_numpy(float)

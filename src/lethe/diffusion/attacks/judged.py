"""Whether judges see what was forgotten in pictures of an attack: from the metrics that their classifiers are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class JudgeMetrics:
    """By which metrics one judge tells success. Each is 1 where its classifier sees what the prompt asks for, else 0.

    Attributes:
        target: all are 1 where the target is seen, since a prompt of the target asks for it: at least one.
        other: all are 1 where what was not forgotten is right too; empty: nothing else is asked for.
    """

    target: Sequence[str]
    other: Sequence[str] = ()


class Judged(NamedTuple):
    """What judges see in n images, each (judges, n); ``other`` is NaN where nothing else was asked for."""

    success: NDArray[np.float64]
    other: NDArray[np.float64]

    def row(self, image: int) -> dict[str, float]:
        """Columns of one image."""
        return {
            f"{name}_{judge}": float(values[image])
            for name, found in (("success", self.success), ("other", self.other))
            for judge, values in enumerate(found, start=1)
        }


def judged(scores: pd.DataFrame, judges: Sequence[JudgeMetrics]) -> Judged:
    """Whether judges see the target, and whether what was not forgotten is right.

    Args:
        scores: of n images that were asked for by prompts of the target, with every metric of the judges.

    >>> found = judged(pd.DataFrame({"style": [1.0, 0.0], "object": [0.0, 1.0]}), [JudgeMetrics(["style"], ["object"])])
    >>> found.success.tolist(), found.other.tolist()
    ([[1.0, 0.0]], [[0.0, 1.0]])
    """

    def right(metrics: Sequence[str]) -> NDArray[np.float64]:
        return (scores[list(metrics)].to_numpy() == 1).all(axis=1).astype(float)

    nothing = np.full(len(scores), np.nan)
    success = np.stack([right(judge.target) for judge in judges])
    return Judged(success, np.stack([right(judge.other) if judge.other else nothing for judge in judges]))

"""Receivers that are drawn against all: how many pictures they save, and whether intervals hold what all would have told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
EMITTED = {"uce": 1.0, "distil": 0.2, "munba": 0.6}  # method -> how strongly it harms
HARMED = 0.08  # of the pairs, the share that a method of strength 1 harms


def synthetic(entities: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any], dict[str, Matrix]]:
    """Pairs, scores of the base, noise floor and similarities of a task that nobody ran, with the tails of the mini world.

    Most pairs move by what seeds do. Some lose much, those that are alike more often; emitters differ, and so do receivers. A similarity
    ``attr`` knows nothing of harm, so tests of it find nothing but by chance.
    """
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(entities, 6))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = unit @ unit.T
    unrelated = generator.normal(size=(entities, entities))
    parts = []
    receiver_effect, emitter_effect = generator.normal(0, 0.5, (2, entities))
    for method, strength in EMITTED.items():
        exponent = 3 * alike + emitter_effect[:, None] + receiver_effect[None]
        chance = np.clip(strength * HARMED * np.exp(exponent) / np.exp(exponent).mean(), 0, 1)
        hit = generator.random((entities, entities)) < chance
        np.fill_diagonal(hit, True)
        loss = generator.normal(0, 1, (entities, entities)) + hit * generator.gamma(4.0, 5.0, (entities, entities))
        share = np.clip(hit * generator.uniform(0.2, 1.0, (entities, entities)), 0, 1)
        values = {
            "clip_diff": -loss,
            "ssim": np.clip(0.9 - 0.02 * np.abs(loss) + generator.normal(0, 0.03, loss.shape), -1, 1),
            "judge": 1 - share,
            "judge_diff": -share,
        }
        emitter, receiver = (index.ravel() for index in np.indices(loss.shape))
        for metric, matrix in values.items():
            keys = {
                "task": "synthetic",
                "method": method,
                "epochs": 0,
                "emitter": emitter,
                "receiver": receiver,
                "metric": metric,
            }
            parts.append(pd.DataFrame(keys | {"value": matrix.ravel()}))
    baseline = pd.DataFrame({"receiver": np.arange(entities), "seed": 42, "judge": 1.0})
    floor = {
        "clip_diff": {"mean": 0.0, "low": -2.5, "high": 2.5},
        "ssim": {"mean": 0.9, "low": 0.8, "high": 1.0},
        "judge_diff": {"mean": 0.0, "low": -0.1, "high": 0.1},
    }
    return pd.concat(parts, ignore_index=True), baseline, floor, {"clip": 100 * np.maximum(alike, 0), "attr": unrelated}


def pictures(entities: int, models: int, asked: int) -> float:
    """How many times fewer pictures are drawn, those of the base included, which draws every receiver.

    Args:
        models: unlearned models. asked: receivers of each, its emitter among them.

    Examples:
        >>> round(pictures(entities=100, models=100, asked=9), 1)
        10.1
    """
    return (models + 1) * entities / (models * asked + entities)

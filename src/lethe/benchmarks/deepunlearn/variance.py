"""Where the spread of a method's results comes from: the models it was given, or what it draws itself.

Every training seed i has a model, on which a method runs J times with unlearning seeds of its own. One-way analysis of variance with random
effects (Searle, Casella, McCulloch 1992): the mean square within models estimates the variance over unlearning seeds, and the mean square
between models less that, by J, the variance over training seeds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.classifiers.distance import KEYS, MEASURES, REFERENCES, against_retrained


def components(scores: pd.DataFrame) -> pd.DataFrame:
    """Standard deviations over training and unlearning seeds of every method's distances to the retrained models.

    Args:
        scores: rows of ``lethe.classifiers.evaluation.score_runs`` with ``retrained``; every method ran at least twice on each model.

    Returns:
        ``dataset, architecture, method, measure`` (``gap``, ``retdev``, ``mdev``), ``training_seeds, unlearning_seeds, mean, sd_training,
        sd_unlearning, share_unlearning`` (of the variance of a single run). A variance over training seeds that is estimated below 0 is 0.
        Models with a run that has no value are left out; NaN with fewer than two.

    Raises:
        ValueError: one run per model, from which nothing within models can be told.
    """
    runs = scores["unlearning_seed"].nunique()
    if runs < 2:
        raise ValueError("there is one run per model; set `unlearning_seeds` of the data set to 2 or more")
    rows = []
    compared = against_retrained(scores)
    for keys, part in compared[~compared["method"].isin(REFERENCES)].groupby([*KEYS, "method"], sort=False):
        for measure in MEASURES:
            wide = part.pivot(index="seed", columns="unlearning_seed", values=measure).dropna().to_numpy(float)  # (I, J)
            rows.append([*keys, measure, len(wide), runs, *_components(wide)])
    names = ["training_seeds", "unlearning_seeds", "mean", "sd_training", "sd_unlearning", "share_unlearning"]
    return pd.DataFrame(rows, columns=[*KEYS, "method", "measure", *names])


def _components(values: NDArray[np.float64]) -> tuple[float, float, float, float]:
    models, runs = values.shape
    if models < 2:
        return (float("nan"),) * 4
    within = values.var(axis=1, ddof=1).mean()
    training = max(0.0, values.mean(axis=1).var(ddof=1) - within / runs)
    total = within + training
    return values.mean(), np.sqrt(training), np.sqrt(within), within / total if total else float("nan")

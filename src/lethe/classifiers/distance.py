"""How far a model is from the retrained one of its seed, and how far two retrained ones are from each other: the noise floor.

Three measures, all 0 for the retrained model itself:

- ``mdev`` = |mia_test - that of the retrained model|. An attack on a model that never saw the forget set need not be a coin: forgotten
  samples that are mislabelled, or harder than test samples, are told apart all the same.
- ``gap`` = (|dRA| + |dFA| + |dTA| + mdev) / 4, the mean difference in what is measured. Methods are ranked by it.
- ``retdev`` = |RR - 1| + |FR - 1| + |TR - 1|, the published one, of ratios. It has no value where the retrained model is never right, as
  it is with a class that was forgotten whole.

``indisc`` of the published study measures the attack against a coin instead.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.classifiers.membership import indiscernibility
from lethe.core.missing import known

RETRAINED = "retrained"  # trained without the forget set: what unlearning should arrive at
RETRAINED_AGAIN = "retrained_again"  # the same from another seed: as near as can be asked for
ORIGINAL = "original"  # trained with it: where unlearning starts
REFERENCES = (RETRAINED, RETRAINED_AGAIN, ORIGINAL)
KEYS = ["dataset", "architecture"]
RATIOS = {"RR": "RA", "FR": "FA", "TR": "TA"}
ACCURACIES = list(RATIOS.values())
MEASURES = ("gap", "retdev", "mdev")


def against_retrained(scores: pd.DataFrame) -> pd.DataFrame:
    """Add what compares each model with the retrained one of the same seed.

    Args:
        scores: rows of ``lethe.classifiers.scores.score_models``, with those of ``retrained``.

    Returns:
        The rows with ``RR = RA / RA_R``, ``FR``, ``TR`` (NaN where the retrained model is never right), ``retdev``, ``indisc = 1 -
        |mia_test - 0.5| / 0.5``, ``mdev`` and ``gap``.

    Raises:
        ValueError: a model without a retrained one of its data set, architecture and seed, or with two.
    """
    keys = [*KEYS, "seed"]
    needed = [*ACCURACIES, "mia_test"]
    references = scores.loc[scores["method"] == RETRAINED, [*keys, *needed]]
    twice = references.duplicated(keys)
    if twice.any():
        raise ValueError(f"two retrained models of {_where(references[twice].iloc[0], keys)}")
    rows = scores.reset_index(drop=True)
    joined = rows[[*keys, "method"]].merge(references, on=keys, how="left", indicator=True, validate="many_to_one")
    alone = joined["_merge"] != "both"
    if alone.any():
        row = joined[alone].iloc[0]
        raise ValueError(f"no retrained model of {_where(row, keys)}; method '{row['method']}' cannot be compared")
    return rows.join(_compare(rows, joined))


def per_seed(scores: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``against_retrained``, one per method and training seed: the mean over the runs of a method on one model.

    Runs of one model share their start and are no independent observations: tests and intervals are over training seeds.
    """
    rows = against_retrained(scores).drop(columns="unlearning_seed", errors="ignore")
    return rows.groupby([*KEYS, "method", "seed"], sort=False, as_index=False).mean()


def noise_floor(scores: pd.DataFrame) -> pd.DataFrame:
    """How far retrained models of different seeds are apart: all ordered pairs of ``retrained`` and ``retrained_again`` models.

    Args:
        scores: as of ``against_retrained``; at least two retrained models.

    Returns:
        ``dataset, architecture, measure, mean, p95, p99, pairs``: mean and percentiles of ``gap``, ``retdev`` and ``mdev``, and of the
        absolute differences of ``RA``, ``FA``, ``TA`` and ``indisc``. 10 + 10 models are 380 pairs.

    Raises:
        ValueError: fewer than two retrained models.
    """
    rows = []
    retrained = scores[scores["method"].isin((RETRAINED, RETRAINED_AGAIN))]
    for place, models in retrained.groupby(KEYS, sort=False):
        if len(models) < 2:
            raise ValueError(f"a noise floor needs two retrained models; {', '.join(map(str, place))} has {len(models)}")
        first, second = np.nonzero(~np.eye(len(models), dtype=bool))
        a, b = (models.iloc[chosen].reset_index(drop=True) for chosen in (first, second))
        found = _compare(a, b)
        found[ACCURACIES] = (a[ACCURACIES] - b[ACCURACIES]).abs()
        found["indisc"] = (found["indisc"] - indiscernibility(b["mia_test"].to_numpy())).abs()
        for measure in (*MEASURES, *ACCURACIES, "indisc"):
            values, _ = known(found[measure])
            mean, *ends = [values.mean(), *np.percentile(values, [95, 99])] if len(values) else [np.nan] * 3
            rows.append([*place, measure, mean, *ends, len(values)])
    return pd.DataFrame(rows, columns=[*KEYS, "measure", "mean", "p95", "p99", "pairs"])


def deviation(ratios: pd.DataFrame) -> NDArray[np.float64]:
    """|RR - 1| + |FR - 1| + |TR - 1| of each row; NaN where a ratio has no value."""
    return (ratios[list(RATIOS)] - 1).abs().sum(axis=1, skipna=False).to_numpy(float)


def ratios(models: pd.DataFrame, references: pd.DataFrame) -> pd.DataFrame:
    """Accuracies by those of retrained models, row by row, as ``RR, FR, TR``; NaN where the retrained one is never right."""
    return pd.DataFrame({ratio: models[name] / references[name].where(references[name] > 0) for ratio, name in RATIOS.items()})


def _compare(models: pd.DataFrame, references: pd.DataFrame) -> pd.DataFrame:
    """Ratios and measures, row by row; both have the same index."""
    out = ratios(models, references)
    out["retdev"] = deviation(out)
    out["indisc"] = indiscernibility(models["mia_test"].to_numpy())
    out["mdev"] = (models["mia_test"] - references["mia_test"]).abs()
    apart = (models[ACCURACIES] - references[ACCURACIES]).abs().sum(axis=1, skipna=False)
    out["gap"] = (apart + out["mdev"]) / (len(ACCURACIES) + 1)
    return out


def _where(row: pd.Series, keys: Sequence[str]) -> str:
    return ", ".join(f"{key} {row[key]}" for key in keys)

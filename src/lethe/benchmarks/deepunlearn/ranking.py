"""Groups G1, G2, G3 and F of methods, and mean ranks.

The published study sorts methods into best, second, third and failed per data set and architecture, but neither its text as far as it is
archived nor its published code says how. The rule here is our rule, not the paper's code:

1. A method fails (F) if doing nothing would have been better: the interval over seeds of its deviation of retention minus the original's
   lies above 0 (with a single seed, the difference itself). It also fails if a value is NaN, or if its retain or test accuracy is that of a
   constant answer: at most 1.2 times ``chance``.
2. The others are clustered in one dimension (agglomerative, Ward) into three groups, or as many as there are different values, for each
   metric on its own. G1 is the group with the best mean.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.cluster import AgglomerativeClustering

from lethe.classifiers.scores import KEYS, ORIGINAL, REFERENCES, mean_interval, retention, summarise

GROUPS = 3
FAILED = "F"
COLLAPSE = 1.2  # times chance: a collapsed model is at chance up to the noise of a test set of some hundred samples
METRICS = {"retdev": -1, "indisc": 1}  # sign: which way is better
COLUMNS = {"retdev": "retdev_paired", "indisc": "indisc"}  # of the summary
RULE = "our rule, not the paper's code"


def ranking_groups(scores: pd.DataFrame, chance: float | Mapping[str, float], level: float = 0.95) -> pd.DataFrame:
    """The group of every method, per data set and architecture.

    Args:
        scores: rows of ``score_models`` with ``original`` and ``retrained``.
        chance: accuracy of a constant answer (share of the largest class), for all data sets or by name.
        level: coverage of the interval of the first rule.

    Returns:
        ``dataset, architecture, method, group_retdev, group_indisc`` (``G1``, ``G2``, ``G3`` or ``F``) and ``why``, the reason of a
        failure or an empty string. Without the references.

    Raises:
        ValueError: a data set and architecture without ``original``.
    """
    parts = []
    compared = retention(scores)
    for (dataset, architecture), rows in summarise(scores, level).groupby(KEYS, sort=False):
        if ORIGINAL not in set(rows["method"]):
            raise ValueError(f"no '{ORIGINAL}' for {dataset}, {architecture}; a method fails by comparison with it")
        here = compared[(compared["dataset"] == dataset) & (compared["architecture"] == architecture)]
        wide = here.pivot(index="seed", columns="method", values="retdev")
        excess = {name: mean_interval((wide[name] - wide[ORIGINAL]).to_numpy(), level) for name in wide}
        floor = COLLAPSE * (chance[str(dataset)] if isinstance(chance, Mapping) else chance)
        methods = rows[~rows["method"].isin(REFERENCES)].reset_index(drop=True)
        why = [_failure(row, excess[row["method"]], floor) for _, row in methods.iterrows()]
        table = methods[[*KEYS, "method"]].copy()
        passed = np.array([not reason for reason in why], dtype=bool)
        for metric, sign in METRICS.items():
            values = methods[COLUMNS[metric]].to_numpy(float)
            groups = np.full(len(methods), FAILED, dtype=object)
            groups[passed] = [f"G{number}" for number in clusters(sign * values[passed])]
            table[f"group_{metric}"] = groups
        table["why"] = why
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _failure(row: pd.Series, excess: tuple[float, float, float], floor: float) -> str:
    """Why a method fails, or an empty string; ``excess``: retention deviation minus the original's, mean and interval over seeds."""
    unknown = [name for name in (*COLUMNS.values(), "RA", "TA") if np.isnan(row[name])]
    if unknown:
        return f"{unknown[0]} is NaN"
    for name in ("RA", "TA"):
        if row[name] <= floor:
            return f"{name} {row[name]:.3f} is at chance"
    if excess[1] > 0 or (np.isnan(excess[1]) and excess[0] > 0):
        return f"retention deviation exceeds the original's by {excess[0]:.3f} [{excess[1]:.3f}, {excess[2]:.3f}]"
    return ""


def clusters(values: NDArray[np.float64], most: int = GROUPS) -> list[int]:
    """Group numbers 1.. of values, 1 for the group of the largest: agglomerative with Ward's criterion, equal values together.

    Args:
        values: (n,) finite, n may be 0. most: number of groups, fewer where there are fewer different values.
    """
    different = len(np.unique(values))
    if different <= 1:
        return [1] * len(values)
    labels = AgglomerativeClustering(n_clusters=min(most, different), linkage="ward").fit_predict(values[:, None])
    order = sorted(set(labels), key=lambda label: -values[labels == label].mean())
    return [order.index(label) + 1 for label in labels]


def group_counts(groups: pd.DataFrame) -> pd.DataFrame:
    """How often a method is in each group over all data sets and architectures: ``method, metric, G1, G2, G3, F``."""
    long = groups.melt(id_vars="method", value_vars=[f"group_{m}" for m in METRICS], var_name="metric", value_name="group")
    long["metric"] = long["metric"].str.removeprefix("group_")
    order = [f"G{number + 1}" for number in range(GROUPS)] + [FAILED]
    counts = long.groupby(["method", "metric"], sort=False)["group"].value_counts().unstack(fill_value=0)
    return counts.reindex(columns=order, fill_value=0).rename_axis(columns=None).reset_index()


def mean_ranks(scores: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Mean rank of every method over seeds, with a t-interval, per data set, architecture and metric.

    Within a seed, methods are ranked from 1 (best); ties share their mean rank, NaN shares the last places. The references do not
    compete. The interval is of the mean over seeds, each a new initialisation on the same split, and is cut at the possible ranks.

    Args:
        scores: rows of ``score_models`` with ``retrained``; every method has every seed.
        level: coverage.

    Returns:
        ``dataset, architecture, metric, method, rank, rank_low, rank_high, seeds``.

    Raises:
        ValueError: a method lacks a seed that another one has.
    """
    compared = retention(scores)
    rows = []
    for (dataset, architecture), part in compared[~compared["method"].isin(REFERENCES)].groupby(KEYS, sort=False):
        for metric, sign in METRICS.items():
            wide = part.pivot(index="seed", columns="method", values=metric)[list(dict.fromkeys(part["method"]))]
            counts = part.groupby("method")["seed"].nunique()
            if (counts < len(wide)).any():
                raise ValueError(
                    f"method '{counts.idxmin()}' has {counts.min()} of {len(wide)} seeds for {dataset}, {architecture}"
                )
            badness = (-sign * wide).fillna(np.inf).to_numpy()
            ranks = rankdata(badness, axis=1)
            for place, method in enumerate(wide.columns):
                mean, low, high = mean_interval(ranks[:, place], level)
                bounds = np.clip([low, high], 1, len(wide.columns))
                rows.append([dataset, architecture, metric, method, mean, *map(float, bounds), len(wide)])
    return pd.DataFrame(rows, columns=[*KEYS, "metric", "method", "rank", "rank_low", "rank_high", "seeds"])

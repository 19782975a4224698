"""Which methods share a rank: letters, mean ranks, and groups in the manner of the published study.

**Letters.** Methods that share one do not differ (``lethe.benchmarks.deepunlearn.pairs``), ordered by their mean distance to the retrained
models. A method fails (F) and gets no letter if doing nothing would have been better: the interval over seeds of its ``gap`` minus the
original's lies above 0 (with a single seed, the difference itself). It also fails if a value is NaN that another method has, or if its
retain or test accuracy is that of a constant answer: at most 1.2 times ``chance``.

**Groups.** The published study sorts methods into best, second, third and failed, but neither its text as far as it is archived nor its
published code says how. For comparison with it, those that do not fail are clustered in one dimension (agglomerative, Ward) into three
groups, for each of its two metrics; that is our rule, not the paper's code. Its borders stand also between neighbours that do not differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.cluster import AgglomerativeClustering

from lethe.benchmarks.deepunlearn.pairs import METHODS, letters
from lethe.classifiers.distance import KEYS, MEASURES, ORIGINAL, REFERENCES, per_seed
from lethe.classifiers.scores import mean_interval, summarise

GROUPS = 3
FAILED = "F"
COLLAPSE = 1.2  # times chance: a collapsed model is at chance up to the noise of a test set of some hundred samples
METRICS = {"gap": -1, "retdev": -1, "mdev": -1, "indisc": 1}  # sign: which way is better
COLUMNS = {"retdev": "retdev_paired"}  # of the summary, where the name is another
PUBLISHED = ("retdev", "indisc")


def ranking_groups(
    scores: pd.DataFrame, tests: pd.DataFrame, chance: float | Mapping[str, float], level: float = 0.95
) -> pd.DataFrame:
    """The letters and the group of every method, per data set and architecture.

    Args:
        scores: rows of ``score_models`` with ``original`` and ``retrained``.
        tests: of ``paired_tests`` on the same rows.
        chance: accuracy of a constant answer (share of the largest class), for all data sets or by name.
        level: coverage of the interval of the first rule.

    Returns:
        ``dataset, architecture, method``; ``letters_gap, letters_retdev, letters_mdev`` (``F`` of a method that fails); ``group_retdev,
        group_indisc`` (``G1``, ``G2``, ``G3`` or ``F``), and ``why``, the reason of a failure or an empty string. Without the references.
        A metric that no method has a value of gives neither letters nor groups.

    Raises:
        ValueError: a data set and architecture without ``original``.
    """
    parts = []
    compared = per_seed(scores)
    for (dataset, architecture), rows in summarise(scores, level).groupby(KEYS, sort=False):
        if ORIGINAL not in set(rows["method"]):
            raise ValueError(f"no '{ORIGINAL}' for {dataset}, {architecture}; a method fails by comparison with it")
        wide = _here(compared, dataset, architecture).pivot(index="seed", columns="method", values="gap")
        excess = {name: mean_interval((wide[name] - wide[ORIGINAL]).to_numpy(), level) for name in wide}
        floor = COLLAPSE * (chance[str(dataset)] if isinstance(chance, Mapping) else chance)
        methods = rows[~rows["method"].isin(REFERENCES)].reset_index(drop=True)
        needed = [column for column in ["gap", *(COLUMNS.get(m, m) for m in PUBLISHED)] if methods[column].notna().any()]
        why = [_failure(row, excess[row["method"]], floor, needed) for _, row in methods.iterrows()]
        table = methods[[*KEYS, "method"]].copy()
        passed = methods[np.array([not reason for reason in why], dtype=bool)].set_index("method")
        for measure in MEASURES:
            found = _letters(passed[COLUMNS.get(measure, measure)], _here(tests, dataset, architecture), measure)
            table[f"letters_{measure}"] = [found.get(name, FAILED) for name in table["method"]]
        for metric in PUBLISHED:
            values = METRICS[metric] * passed[COLUMNS.get(metric, metric)]
            groups = dict(zip(values.index, clusters(values.to_numpy(float)), strict=True)) if values.notna().all() else {}
            table[f"group_{metric}"] = [
                FAILED if name not in passed.index else f"G{groups[name]}" if groups else "" for name in table["method"]
            ]
        table["why"] = why
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _here(table: pd.DataFrame, dataset: object, architecture: object) -> pd.DataFrame:
    return table[(table["dataset"] == dataset) & (table["architecture"] == architecture)]


def _letters(values: pd.Series, tests: pd.DataFrame, measure: str) -> dict[str, str]:
    """Method -> its letters, empty where the measure has no value; ``values``: the means of those that do not fail."""
    if values.isna().any():
        return dict.fromkeys(values.index, "")
    rows = tests[(tests["family"] == METHODS) & (tests["measure"] == measure) & tests["differs"]]
    differ = [(a, b) for a, b in zip(rows["method"], rows["other"], strict=True) if {a, b} <= set(values.index)]
    return letters(list(values.sort_values(kind="stable").index), differ)


def _failure(row: pd.Series, excess: tuple[float, float, float], floor: float, needed: Sequence[str]) -> str:
    """Why a method fails, or an empty string; ``excess``: its gap minus the original's, mean and interval over seeds."""
    unknown = [name for name in (*needed, "RA", "TA") if np.isnan(row[name])]
    if unknown:
        return f"{unknown[0]} is NaN"
    for name in ("RA", "TA"):
        if row[name] <= floor:
            return f"{name} {row[name]:.3f} is at chance"
    if excess[1] > 0 or (np.isnan(excess[1]) and excess[0] > 0):
        return f"gap exceeds the original's by {excess[0]:.3f} [{excess[1]:.3f}, {excess[2]:.3f}]"
    return ""


def clusters(values: NDArray[np.float64], most: int = GROUPS) -> list[int]:
    """Group numbers 1.. of values, 1 for the group of the largest: agglomerative with Ward's criterion, equal values together.

    Args:
        values: (n,) finite, n may be 0. most: number of groups, fewer where there are fewer different values.

    Examples:
        >>> clusters(np.array([0.9, 0.88, 0.5, 0.1, 0.12]))
        [1, 1, 2, 3, 3]
    """
    different = len(np.unique(values))
    if different <= 1:
        return [1] * len(values)
    labels = AgglomerativeClustering(n_clusters=min(most, different), linkage="ward").fit_predict(values[:, None])
    order = sorted(set(labels), key=lambda label: -values[labels == label].mean())
    return [order.index(label) + 1 for label in labels]


def mean_ranks(scores: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Mean rank of every method over seeds, with a t-interval, per data set, architecture and metric.

    Within a seed, methods are ranked from 1 (best); ties share their mean rank, NaN shares the last places. A metric that no method has a
    value of, as retention deviation where the retrained model is never right, ranks none: NaN. The references do not compete. The
    interval is of the mean over seeds, each a new initialisation on the same split, and is cut at the possible ranks.

    Args:
        scores: rows of ``score_models`` with ``retrained``; every method has every seed.
        level: coverage.

    Returns:
        ``dataset, architecture, metric, method, rank, rank_low, rank_high, seeds``.

    Raises:
        ValueError: a method lacks a seed that another one has.
    """
    compared = per_seed(scores)
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
            ranks = np.where(np.isfinite(badness).any(axis=1, keepdims=True), rankdata(badness, axis=1), np.nan)
            for place, method in enumerate(wide.columns):
                mean, low, high = mean_interval(ranks[:, place], level)
                bounds = np.clip([low, high], 1, len(wide.columns))
                rows.append([dataset, architecture, metric, method, mean, *map(float, bounds), len(wide)])
    return pd.DataFrame(rows, columns=[*KEYS, "metric", "method", "rank", "rank_low", "rank_high", "seeds"])

"""Is the order of methods a property of the methods, or of the one draw of label noise, training subset and forget set that a study reports?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from lethe.benchmarks.deepunlearn.pairs import METHODS, paired_tests
from lethe.classifiers.distance import MEASURES, ORIGINAL, REFERENCES, noise_floor, per_seed
from lethe.classifiers.scores import mean_interval


class Draws(NamedTuple):
    """What repeats over draws.

    Attributes:
        methods: one row per draw, measure and method, also ``original`` and ``retrained_again``: ``draw, measure, method, mean, low, high,
            rank``; ranks are among methods, the smallest distance is 1.
        summary: ``order``: measure -> Spearman correlations of the methods' means between draws, ``mean`` and ``lowest``; ``draws``: of each
            ``pairs`` of methods and how many are ``separated`` by gap, and ``seeds`` and in how many the original lies ``above_floor``,
            its 99th percentile ``floor_p99``.
    """

    methods: pd.DataFrame
    summary: dict[str, Any]


def compare_draws(scores: Mapping[int, pd.DataFrame], level: float = 0.95) -> Draws:
    """How far the results of several draws agree.

    Args:
        scores: draw -> rows of ``lethe.classifiers.evaluation.score_runs`` of one study, with the references; the same methods in each.
        level: coverage of the intervals; tests are at 1 - ``level``.

    Raises:
        ValueError: fewer than two draws.
    """
    if len(scores) < 2:
        raise ValueError(f"{len(scores)} draws; the order of methods can be compared between two or more")
    rows, draws = [], []
    ranks: dict[str, list[NDArray[np.float64]]] = {measure: [] for measure in MEASURES}
    for draw, table in scores.items():
        compared = per_seed(table)
        for measure in MEASURES:
            wide = compared.pivot(index="seed", columns="method", values=measure).drop(columns="retrained")
            found = {name: mean_interval(wide[name].to_numpy(), level) for name in wide}
            methods = [name for name in found if name not in REFERENCES]
            ranks[measure].append(rankdata([np.nan_to_num(found[name][0], nan=np.inf) for name in methods]))
            places = dict(zip(methods, ranks[measure][-1], strict=True))
            rows += [[draw, measure, name, *values, places.get(name, np.nan)] for name, values in found.items()]
        draws.append({"draw": draw, **_judged(table, compared, level)})
    order = {measure: _agreement(found) for measure, found in ranks.items()}
    names = ["draw", "measure", "method", "mean", "low", "high", "rank"]
    return Draws(pd.DataFrame(rows, columns=names), {"order": order, "draws": draws})


def _agreement(ranks: list[NDArray[np.float64]]) -> dict[str, float | None]:
    """Mean and lowest correlation of ranks (n,) between draws; None where all methods of a draw share one rank."""
    if any(np.ptp(values) == 0 for values in ranks):
        return {"mean": None, "lowest": None}
    found = [float(np.corrcoef(a, b)[0, 1]) for a, b in combinations(ranks, 2)]
    return {"mean": float(np.mean(found)), "lowest": min(found)}


def _judged(scores: pd.DataFrame, compared: pd.DataFrame, level: float) -> dict[str, Any]:
    """What one draw tells apart."""
    tests = paired_tests(scores, level)
    pairs = tests[(tests["family"] == METHODS) & (tests["measure"] == "gap")]
    floor = noise_floor(scores).set_index("measure")["p99"]["gap"]
    gaps = compared.loc[compared["method"] == ORIGINAL, "gap"]
    above = {"seeds": len(gaps), "above_floor": int((gaps > floor).sum()), "floor_p99": float(floor)}
    return {"pairs": len(pairs), "separated": int(pairs["differs"].sum()), **above}

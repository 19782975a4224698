"""The reference's tests, for comparison only: pairs (or receivers) as if they were independent, raw p-values.

A relation counted as significant there if *either* of two tests had p < 0.05, which alone raises the rate of false discoveries
above 5 %; no family of tests was corrected.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lethe.statistics.entity_tests import patterns

LEVEL = 0.05
Floats = NDArray[np.float64]


def correlation(x: Floats, y: Floats) -> dict[str, tuple[float, float]]:
    """``pearson`` and ``spearman``: (coefficient, p) over all finite rows; NaN where fewer than 3 or constant.

    Examples:
        >>> found = correlation(np.array([1, 2, 3, 4.0]), np.array([1, 4, 9, 16.0]))
        >>> {name: round(coefficient, 3) for name, (coefficient, p) in found.items()}
        {'pearson': 0.984, 'spearman': 1.0}
    """
    from scipy import stats  # a second to import, which planning does not need

    used = np.isfinite(x) & np.isfinite(y)
    x, y = x[used], y[used]
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return {"pearson": (math.nan, math.nan), "spearman": (math.nan, math.nan)}
    pearson, spearman = stats.pearsonr(x, y), stats.spearmanr(x, y)
    return {
        "pearson": (float(pearson.statistic), float(pearson.pvalue)),
        "spearman": (float(spearman.statistic), float(spearman.pvalue)),
    }


def correlations(x: Floats, values: Floats) -> dict[str, Floats]:
    """``correlation`` of x (n,) with every row of values (m, n), in arrays ``pearson, pearson_p, spearman, spearman_p``.

    Both p-values are Student's t with n - 2 degrees of freedom, as in scipy.

    Examples:
        >>> found = correlations(np.array([1, 2, 3, 4.0]), np.array([[1, 4, 9, 16.0], [4, 3, 2, 2]]))
        >>> found["spearman"].round(3)
        array([ 1.   , -0.949])
    """
    from scipy import stats  # a second to import, which planning does not need

    found = {name: np.full(len(values), np.nan) for name in ("pearson", "pearson_p", "spearman", "spearman_p")}
    for rows, used in patterns(values, np.isfinite(x)):
        n = int(used.sum())
        rows = rows[np.ptp(values[rows][:, used], axis=1) > 0] if n else rows
        if n < 3 or np.ptp(x[used]) == 0 or not len(rows):
            continue
        a, b = x[used], values[rows][:, used]
        for name, first, others in (("pearson", a, b), ("spearman", stats.rankdata(a), stats.rankdata(b, axis=1))):
            first, others = first - first.mean(), others - others.mean(axis=1, keepdims=True)
            r = np.clip(others @ first / np.sqrt((first @ first) * (others * others).sum(axis=1)), -1, 1)
            with np.errstate(divide="ignore"):
                t = np.abs(r) * np.sqrt((n - 2) / np.maximum(1 - r * r, 0))
            found[name][rows], found[f"{name}_p"][rows] = r, 2 * stats.t.sf(t, n - 2)
    return found


def groups(samples: Sequence[Floats]) -> dict[str, tuple[float, float]]:
    """``anova`` and ``kruskal``: (F or H, p); NaN where there are fewer than two groups or all values are equal.

    Examples:
        >>> found = groups([np.array([1, 2, 3.0]), np.array([7, 8, 9.0])])
        >>> {name: round(p, 3) for name, (statistic, p) in found.items()}
        {'anova': 0.002, 'kruskal': 0.05}
    """
    from scipy import stats  # a second to import, which planning does not need

    if len(samples) < 2 or np.ptp(np.concatenate(samples)) == 0:
        return {"anova": (math.nan, math.nan), "kruskal": (math.nan, math.nan)}
    anova, kruskal = stats.f_oneway(*samples), stats.kruskal(*samples)
    return {
        "anova": (float(anova.statistic), float(anova.pvalue)),
        "kruskal": (float(kruskal.statistic), float(kruskal.pvalue)),
    }


def either(tests: dict[str, tuple[float, float]]) -> bool:
    """Whether one of the tests has p < 0.05 (NaN never has).

    Examples:
        >>> either({"anova": (54.0, 0.002), "kruskal": (3.9, 0.0495)}), either({"anova": (1.0, 0.4)})
        (True, False)
    """
    return any(p < LEVEL for _, p in tests.values())

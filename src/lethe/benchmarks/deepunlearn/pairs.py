"""Which methods differ: paired tests over training seeds, and letters that say it.

Models of one seed share initialisation and data, so methods are compared seed by seed: a paired t-test on the distance to the retrained
model. Of each measure, three families of tests are corrected on their own (Benjamini and Hochberg): methods with one another, every method
with the original, every method with models retrained from another seed, the noise floor.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from string import ascii_lowercase

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from lethe.classifiers.distance import KEYS, MEASURES, ORIGINAL, REFERENCES, RETRAINED_AGAIN, per_seed
from lethe.classifiers.scores import mean_interval
from lethe.core.missing import known
from lethe.statistics.resampling import q_values

METHODS = "methods"  # family of tests of methods with one another


def paired_tests(scores: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Every pair of methods, and every method against the original and against another retrained seed.

    Args:
        scores: rows of ``lethe.classifiers.scores.score_models`` with the references. level: coverage of the intervals; tests are at 1 -
            ``level``.

    Returns:
        ``dataset, architecture, measure, family`` (``methods``, ``original``, ``retrained_again``), ``method, other, seeds, difference``
        (mean of method less other: below 0 the method is nearer to the retrained models), ``low, high, p, q, differs``. ``p`` is NaN, and
        nothing differs, with fewer than two seeds where both have a value.
    """
    tables = []
    for place, part in per_seed(scores).groupby(KEYS, sort=False):
        methods = [name for name in dict.fromkeys(part["method"]) if name not in REFERENCES]
        families = {METHODS: list(combinations(methods, 2))}
        families |= {
            name: [(method, name) for method in methods] for name in (ORIGINAL, RETRAINED_AGAIN) if name in set(part["method"])
        }
        for measure in MEASURES:
            wide = part.pivot(index="seed", columns="method", values=measure)
            for family, pairs in families.items():
                rows = [[*place, measure, family, a, b, *_paired((wide[a] - wide[b]).to_numpy(), level)] for a, b in pairs]
                columns = [*KEYS, "measure", "family", "method", "other", "seeds", "difference", "low", "high", "p"]
                table = pd.DataFrame(rows, columns=columns)
                tables.append(table.assign(q=q_values(table["p"])))
    joined = pd.concat(tables, ignore_index=True)
    return joined.assign(differs=joined["q"] < 1 - level)


def _paired(differences: NDArray[np.float64], level: float) -> tuple[int, float, float, float, float]:
    """Seeds, mean, interval and two-sided p of differences; equal on every seed is p = 1."""
    found, _ = known(differences)
    mean, low, high = mean_interval(found, level)
    if len(found) < 2:
        return len(found), mean, low, high, np.nan
    error = found.std(ddof=1) / np.sqrt(len(found))
    if error == 0:
        return len(found), mean, low, high, float(mean == 0)
    return len(found), mean, low, high, float(2 * student.sf(abs(mean) / error, len(found) - 1))


def against(tests: pd.DataFrame, other: str, measure: str = "gap") -> pd.Series:
    """Method -> whether it differs from a reference, by one measure of a table of ``paired_tests`` of one study."""
    rows = tests[(tests["family"] == other) & (tests["measure"] == measure)]
    return rows.set_index("method")["differs"]


def letters(order: Sequence[str], differ: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Compact letter display (Piepho 2004): two methods share a letter where, and only where, they do not differ.

    Every letter is a largest set of methods of which no two differ. There is no border between neighbours that do not differ.

    Args:
        order: methods, best first; a is the letter of the first.
        differ: pairs of methods that differ.

    >>> letters(["ft", "ga", "ct"], [("ft", "ct")])
    {'ft': 'a', 'ga': 'ab', 'ct': 'b'}
    """
    sets = {frozenset(order)} if order else set()
    for a, b in differ:
        split = {part - {name} for part in sets if {a, b} <= part for name in (a, b)}
        found = split | {part for part in sets if not {a, b} <= part}
        sets = {part for part in found if not any(part < other for other in found)}
    place = {name: number for number, name in enumerate(order)}
    ordered = sorted(sets, key=lambda part: sorted(place[name] for name in part))
    return {name: "".join(_letter(number) for number, part in enumerate(ordered) if name in part) for name in order}


def _letter(number: int) -> str:
    """a to z, then a', b', ..."""
    return ascii_lowercase[number % 26] + "'" * (number // 26)

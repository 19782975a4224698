"""A subsample of entities that is balanced over the strata of some group columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from lethe.diffusion.testbed.schema import check_known

if TYPE_CHECKING:
    import pandas as pd

K = TypeVar("K", str, int)


def quotas(counts: Mapping[K, int], target: int, seed: int = 42) -> dict[K, int]:
    """How many rows each stratum gives.

    Every stratum starts with ``min(count, target // n_strata)``. What is missing is dealt one by one to the strata that
    have supply left and the smallest quota, in the order of a seeded shuffle, round after round.

    Args:
        counts: rows per stratum, keys that can be sorted; the order of the mapping does not matter.
        target: rows wanted in total, at least 1.
        seed: of the ``numpy.random.RandomState`` that is drawn from once per round.

    Returns:
        Quota per stratum, in sorted order; the sum is ``min(target, sum(counts))``. Two strata with supply left differ by
        at most one, and no stratum with supply left is more than one below any other.

    Source: Vision Unlearning 1.0.0, ``pipeline_01``.

    Examples:
        >>> quotas({"large": 10, "small": 2}, target=8)
        {'large': 6, 'small': 2}
    """
    _check_target(target)
    if not counts:
        return {}
    names = sorted(counts)
    total = min(target, sum(counts.values()))
    quota = {name: min(counts[name], target // len(names)) for name in names}
    random = np.random.RandomState(seed)
    while (missing := total - sum(quota.values())) > 0:
        open_names = [name for name in names if quota[name] < counts[name]]
        lowest = min(quota[name] for name in open_names)
        turn = [name for name in open_names if quota[name] == lowest]
        random.shuffle(turn)
        for name in turn[:missing]:
            quota[name] += 1
    return quota


def balanced_subsample(
    table: pd.DataFrame, groups: Sequence[str], target: int, priority: str, seed: int = 42, name: str = "name"
) -> pd.DataFrame:
    """The ``target`` rows of highest priority, spread evenly over the strata of ``groups``.

    Args:
        table: one row per entity; left as it is.
        groups: columns whose joint values are the strata; a row with a missing value in one of them is dropped. None: all rows are
            one stratum.
        target: rows wanted; where no more are available, all of them are returned.
        priority: numeric column; higher is taken first, missing last. ``name`` decides ties.
        seed: of the shuffles that deal out what ``target // n_strata`` leaves over.
        name: column of unique names.

    Returns:
        Rows sorted by descending priority, then by name, with a fresh index 0... The order of the input rows does not matter.

    Raises:
        UnknownNameError: for a column that does not exist.
        TypeError: for a priority that is not a number. Upstream compared the text column ``popularity`` letter by letter
            ('8' after '79'), which put rank 8 between the 80s and the 79s.
        ValueError: for a target below 1, or repeated names.

    Examples:
        >>> import pandas as pd
        >>> table = pd.DataFrame({"name": list("abcdef"), "group": list("xxxxyy"), "images": [9, 8, 7, 6, 5, 4]})
        >>> balanced_subsample(table, ["group"], target=4, priority="images")["name"].tolist()
        ['a', 'b', 'e', 'f']
    """
    _check_target(target)
    for column in (*groups, priority, name):
        check_known("column", column, [str(c) for c in table.columns])
    _check_priority(table, priority)
    repeated = table[name][table[name].duplicated()]
    if len(repeated):
        raise ValueError(f"name '{repeated.iloc[0]}' stands in several rows; names must be unique to decide ties")

    # pandas sorts by several columns with a stable lexsort, so this is a total order: priority, then name.
    rows = table.dropna(subset=list(groups)).sort_values([priority, name], ascending=[False, True], na_position="last")
    if not groups:
        rows = rows.head(target)
    elif len(rows) > target:
        stratum = rows.groupby(list(groups)).ngroup()
        counts = dict(enumerate(np.bincount(stratum).tolist()))
        rank = stratum.groupby(stratum).cumcount()
        rows = rows[rank < stratum.map(quotas(counts, target, seed))]
    return rows.reset_index(drop=True)


def greedy_pair(table: pd.DataFrame, first: Sequence[str], second: Sequence[str]) -> tuple[str, str]:
    """The two attributes over which a choice can be balanced best, one after the other.

    Args:
        table: one row per entity.
        first: candidates for the first attribute: the one whose rarest value is most frequent; equally frequent values do not count.
        second: candidates for the second: the one whose rarest combination with the first is most frequent.

    Returns:
        Both names; of equally good candidates the first in the list.

    Raises:
        UnknownNameError: for a column that does not exist. ValueError: all candidates have one value.

    Source: Vision Unlearning 1.0.0, ``pipeline_01``.

    Examples:
        >>> import pandas as pd
        >>> table = pd.DataFrame({"legs": list("2444"), "pet": list("yyyn"), "size": list("slsl")})
        >>> greedy_pair(table, ["legs", "pet"], ["pet", "size"])
        ('legs', 'pet')
    """
    for column in (*first, *second):
        check_known("column", column, [str(c) for c in table.columns])
    counts = {column: table[column].value_counts() for column in first}
    uneven = [column for column in first if counts[column].min() != counts[column].max()]
    varied = [column for column in second if table[column].nunique() > 1]
    if not uneven or not varied:
        raise ValueError(
            f"no pair to balance over: {len(uneven)} first and {len(varied)} second candidates vary; needed: 1 of each"
        )
    one = max(uneven, key=lambda column: int(counts[column].min()))
    return one, max(varied, key=lambda column: int(table.value_counts([one, column]).min()))


def _check_target(target: int) -> None:
    if target < 1:
        raise ValueError(f"target is {target}; allowed: at least 1")


def _check_priority(table: pd.DataFrame, priority: str) -> None:
    from pandas.api.types import is_numeric_dtype

    column = table[priority]
    if not is_numeric_dtype(column):
        example = next(iter(column.dropna()), None)
        raise TypeError(
            f"priority column '{priority}' holds {type(example).__name__}, e.g. {example!r}; allowed: numbers. "
            "Text is ordered letter by letter ('8' after '79'); convert the column in the source first"
        )

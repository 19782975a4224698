"""Which point of a grid of hyper-parameters is the best of a method.

The objective of a point is the mean over the concepts of min(UA, IRA, CRA). The smallest of the three counts, so that what was forgotten
cannot pay for harm, nor harmlessness for a concept that is still drawn; it is taken of every concept before the mean, so that a method that
forgets nothing of one concept and harms another cannot hide both behind two good means.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lethe.benchmarks.unlearncanvas.protocols import QUANTITIES
from lethe.statistics.spread import spread

DRAWN = list(QUANTITIES)
DIGITS = 9  # within which two points are equal


def objective(rows: pd.DataFrame) -> float:
    """The mean of min(UA, IRA, CRA) over the concepts of a point; NaN if one of its models drew no picture.

    >>> objective(pd.DataFrame({"ua": [1.0, 0.2], "ira": [0.6, 1.0], "cra": [1.0, 1.0]})).round(3)
    np.float64(0.4)
    """
    return rows[DRAWN].min(axis=1, skipna=False).mean(skipna=False)


def grid_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per method and point.

    Args:
        rows: per method, point and concept ``task, method, point, parameters, ua, ira, cra, seconds``.

    Returns:
        ``task, method, point, parameters, n`` (concepts), ``seconds`` (mean), of each of ``ua, ira, cra`` the mean and ``_sd, _smallest,
        _largest`` over concepts, ``objective``, and ``chosen``: of each method the point with the highest objective, of equal ones that with
        the highest mean of the three, and of these the first. A point with a model that drew NaN is never chosen.
    """
    found = []
    rows = rows.assign(**{name: rows[name].round(DIGITS) + 0.0 for name in DRAWN})  # weights add up to 1 within 1e-15; -0.0 is 0
    for (task, method, point, parameters), of_point in rows.groupby(["task", "method", "point", "parameters"], sort=False):
        row = {"task": task, "method": method, "point": point, "parameters": parameters}
        row |= {"n": len(of_point), "seconds": of_point["seconds"].mean()}
        for name in QUANTITIES:
            values = of_point[name].to_numpy(dtype=float)
            row |= {name: values.mean(), **spread(name, values)}
        found.append(row | {"objective": objective(of_point)})
    table = pd.DataFrame(found)
    best = [_best(of_method) for _, of_method in table.groupby("method", sort=False)]
    return table.assign(chosen=table.index.isin([place for place in best if place is not None]))


def _best(points: pd.DataFrame) -> int | None:
    """Label of the row that is chosen."""
    worth = points.assign(mean=points[DRAWN].mean(axis=1)).dropna(subset=["objective"]).round(DIGITS)
    if not len(worth):
        return None
    order = np.lexsort((worth["point"], -worth["mean"], -worth["objective"]))
    return int(worth.index[order[0]])

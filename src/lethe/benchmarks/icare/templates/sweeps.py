"""Whole families of results as tables, with q-values over the family; the published statistics stand beside in columns of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lethe.benchmarks.icare.templates.data import TaskData
from lethe.benchmarks.icare.templates.relations import PUBLISHED_SLUGS, relations
from lethe.statistics import published_tests
from lethe.statistics.entity_tests import correlate
from lethe.statistics.resampling import Inference, q_values

FEWEST = 2  # entities per category: the smallest number with a spread
PUBLISHED_FEWEST = 5  # as in the reference


def relation_table(task: TaskData, methods: Sequence[str], attributes: Sequence[str], inference: Inference) -> pd.DataFrame:
    """Every published statistic against every attribute (the family of SRN and SRC on a task).

    Returns:
        ``task, method, attribute, statistic, effect, value, low, high, p, n, q`` and ``published_p_1, published_p_2,
        published_significant``. q is over all tests of the table. The published columns are from the published statistics (RMSE
        and SSIM at data range 4095), where the pairs hold them, and need five entities per category.
    """
    table = relations(task, methods, attributes, PUBLISHED_SLUGS, inference, FEWEST)
    table["q"] = q_values(table["p"])
    old = relations(task, methods, attributes, PUBLISHED_SLUGS, inference, PUBLISHED_FEWEST, "published")
    old = old.rename(columns={name: f"published_{name}" for name in ("p_1", "p_2", "significant")})
    return table.merge(old, on=["task", "method", "attribute", "statistic"], how="left", validate="1:1")


def alignment_table(task: TaskData, methods: Sequence[str], inference: Inference) -> pd.DataFrame:
    """Every two published statistics of a method against each other (the family of MMA on a task).

    Returns:
        ``task, method, statistic_x, statistic_y, spearman, low, high, p, n, q`` and ``published_pearson, published_pearson_p,
        published_spearman, published_spearman_p``. q is over all tests of the table.
    """
    parts = []
    for method in methods:
        values = np.stack([task.statistic(method, slug) for slug in PUBLISHED_SLUGS])
        old = np.stack([task.statistic(method, slug, "published") for slug in PUBLISHED_SLUGS])
        for place, slug in enumerate(PUBLISHED_SLUGS[:-1]):
            found = correlate(values[place], values[place + 1 :], inference)
            frame: dict[str, Any] = {
                "task": task.task,
                "method": method,
                "statistic_x": slug,
                "statistic_y": PUBLISHED_SLUGS[place + 1 :],
            }
            frame |= {"spearman": found.effect, "low": found.low, "high": found.high, "p": found.p, "n": found.n}
            published = published_tests.correlations(old[place], old[place + 1 :])
            parts.append(pd.DataFrame(frame | {f"published_{name}": column for name, column in published.items()}))
    table = pd.concat(parts, ignore_index=True)
    table.insert(list(table).index("p") + 1, "q", q_values(table["p"]))
    return table

"""Count of significant relationships: how many statistics relate to an attribute, by method, attribute or statistic?

Corrected: a relation counts where its q < alpha, the family being every test of this figure. ``published``: where either of two
raw p-values is below 0.05, and groups are compared by pairwise chi-squared tests on counts that are not independent.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from lethe.benchmarks.icare.figures.grid import draw
from lethe.benchmarks.icare.parameters import ResultParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.benchmarks.icare.templates.relations import PUBLISHED_SLUGS, relations
from lethe.figures.templates.parameters import Names
from lethe.figures.templates.result import Finding, Result
from lethe.statistics.resampling import Inference, q_values

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"


class CountSignificantRelationship(ResultParameters):
    """Relations of statistics with attributes."""

    tasks: Names = Field(description="tasks")
    methods: Names = Field(description="methods")
    attributes: tuple[str, ...] = Field((), description="attributes; none: the two that each task balances")
    statistics: Names = Field((ALL,), description="statistics per entity; all: the 51 published ones")
    by: Literal["method", "attribute", "statistic"] = Field("method", description="what the counts are grouped by")
    min_samples: int = Field(5, ge=2, description="entities that each category must have; a relation with fewer is left out")


def compute(parameters: CountSignificantRelationship, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``row`` (group), ``column`` (method), ``count``, ``denominator``, ``value`` (share)."""
    import pandas as pd

    slugs = PUBLISHED_SLUGS if parameters.statistics == (ALL,) else parameters.statistics
    table = pd.concat(
        [
            relations(
                data[task],
                parameters.methods,
                parameters.attributes or data[task].balance,
                slugs,
                inference,
                parameters.min_samples,
                parameters.fidelity,
            )
            for task in parameters.tasks
        ],
        ignore_index=True,
    )
    tested = table["p_1" if parameters.fidelity == "published" else "p"].notna()
    if parameters.fidelity == "corrected":
        table["significant"] = q_values(table["p"]) < inference.alpha
    if parameters.by == "attribute":
        table["attribute"] = table["task"] + ": " + table["attribute"]
    used = table[tested]
    keys = [parameters.by] if parameters.by == "method" else [parameters.by, "method"]
    counts = used.groupby(keys, sort=False)["significant"].agg(["sum", "count"]).reset_index()
    rows = tuple(
        {"row": row[parameters.by], "column": row["method"], "count": int(row["sum"]), "denominator": int(row["count"])}
        | {"value": float(row["sum"] / row["count"])}
        for row in counts.to_dict("records")
    )
    how = "q < alpha over all tests of this figure" if parameters.fidelity == "corrected" else "either of two raw p < 0.05"
    totals = used.groupby(parameters.by, sort=False)["significant"].agg(["sum", "count"])
    findings = [
        Finding("share", float(row["sum"] / row["count"]), int(row["count"]), how, group=str(name))
        for name, row in totals.iterrows()
    ]
    if parameters.fidelity == "published" and parameters.by != "statistic":
        findings += _chi_squared(totals)
    notes: dict[str, Any] = {
        "tests": int(tested.sum()),
        "not_tested": int((~tested).sum()),
        "significant": int(used["significant"].sum()),
    }
    if parameters.fidelity == "corrected" and len(used):
        notes |= {"smallest_q": float(np.nanmin(q_values(table["p"]))), "alpha": inference.alpha}
    return Result(tuple(findings), rows, {"value": ("share", "significant relationships")}, notes)


def _chi_squared(totals: pd.DataFrame) -> list[Finding]:
    from scipy.stats import chi2_contingency

    result = []
    for first, second in combinations(totals.index, 2):
        cells = [[totals.loc[name, "sum"], totals.loc[name, "count"] - totals.loc[name, "sum"]] for name in (first, second)]
        if 0 in (cells[0][0] + cells[1][0], cells[0][1] + cells[1][1]):
            continue  # nothing or everything is significant in both: no table to test
        test = chi2_contingency(cells, correction=False)
        n = int(sum(map(sum, cells)))
        how = "chi-squared without Yates' correction, relations as independent"
        result.append(Finding("chi_squared", float(test.statistic), n, how, p=float(test.pvalue), group=f"{first} / {second}"))
    return result


TEMPLATE = TaskTemplate("CSR", "CountSignificantRelationship", CountSignificantRelationship, compute, draw, ("pairs", "entities"))

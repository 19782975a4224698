"""Method comparison by a statistic per entity.

Per method: mean with a bootstrap interval over entities (median, standard deviation, number beside it). Every two methods of a
task are compared on the entities that both unlearned: mean difference, tested by exchanging the two within entities, q over all
comparisons of the figure. ``published``: the descriptions alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from pydantic import Field

from lethe.benchmarks.icare.figures.boxes import draw
from lethe.benchmarks.icare.parameters import ResultParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.figures.templates.parameters import Names
from lethe.figures.templates.result import Finding, Result, number, tested, with_q
from lethe.statistics.association import bootstrap_mean
from lethe.statistics.entity_tests import paired_difference
from lethe.statistics.resampling import Inference


class MethodComparisonByMetricEntity(ResultParameters):
    """One statistic per entity under several methods."""

    tasks: Names = Field(description="tasks, a panel each")
    methods: Names = Field(description="methods, a box each")
    statistic: str = Field(description="statistic per entity, e.g. emitter_average_clip_diff")


def compute(parameters: MethodComparisonByMetricEntity, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``panel`` (task), ``category`` (method), ``label`` (entity), ``y``, ``series`` (method)."""
    described: list[Finding] = []
    compared: list[Finding] = []
    rows, notes = [], {}
    for task in parameters.tasks:
        values = {m: data[task].statistic(m, parameters.statistic, parameters.fidelity) for m in parameters.methods}
        for method, found in values.items():
            finite = found[np.isfinite(found)]
            mean = bootstrap_mean(found, inference.bootstrap, 1 - inference.alpha, inference.seed)
            how, group = "mean over entities, entities drawn with replacement", f"{task}/{method}"
            described.append(Finding("mean", number(mean.mean), mean.n, how, number(mean.low), number(mean.high), group=group))
            if mean.n:
                notes[group] = {"median": float(np.median(finite)), "std": float(finite.std())}
            rows += [
                {"panel": task, "category": method, "label": name, "y": float(value), "series": method}
                for name, value in zip(data[task].names, found, strict=True)
                if np.isfinite(value)
            ]
        for first, second in combinations(values, 2) if parameters.fidelity == "corrected" else ():
            test = paired_difference(values[first], values[second], inference)
            how = "mean difference over entities, methods exchanged within entities"
            compared.append(tested("difference", test, 0, how, f"{task}: {first} - {second}"))
    return Result((*described, *with_q(compared)), tuple(rows), {"y": ("statistic", parameters.statistic)}, notes)


TEMPLATE = TaskTemplate(
    "MCME",
    "MethodComparisonByMetricEntity",
    MethodComparisonByMetricEntity,
    compute,
    draw,
    ("pairs", "entities"),
    any_method=True,
)

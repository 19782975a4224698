"""Interference by similarity rank: the receivers of one emitter, from the most to the least similar."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lethe.benchmarks.icare.figures.receivers import draw_ranks
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.benchmarks.icare.templates.receivers import OneEmitterParameters, receivers, roles, tests_of_one
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference


def compute(parameters: OneEmitterParameters, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows in the order of similarity: ``rank`` (1 = most similar), ``label``, ``similarity``, ``y`` (metric), ``role``."""
    task = data[parameters.task]
    others, alike, values, damage = receivers(parameters, task)
    findings = tests_of_one(parameters, alike, values, damage, inference, ("spearman",))
    role = roles(damage, np.zeros(len(damage)), parameters.top)
    order = np.argsort(-alike, kind="stable").tolist()
    rows = tuple(
        {
            "rank": rank,
            "label": task.names[others[i]],
            "similarity": float(alike[i]),
            "y": float(values[i]),
            "role": role[i] if role[i].endswith("interfered") else "",
        }
        for rank, i in enumerate(order, start=1)
    )
    axes = {"x": ("similarity", parameters.similarity), "y": ("metric", parameters.metric)}
    return Result(findings, rows, axes, {"emitter": task.names[parameters.emitter], "floor": task.floor(parameters.metric)})


TEMPLATE = TaskTemplate(
    "InterferenceBySimilarityRank",
    "InterferenceBySimilarityRank",
    OneEmitterParameters,
    compute,
    draw_ranks,
    ("pairs", "noise_floor"),
)

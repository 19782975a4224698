"""Minimum cut of interference: how much damage must be cut so that none flows from one entity to another?

Entities are nodes; an edge from emitter to receiver weighs its damage, max(0, damage), in the common orientation (0 = untouched).
Edges at or below a threshold are left out; the smallest set of edges that separates source from sink is found by maximum flow.
``published``: clip_diff and ssim weigh max(0, -value), so that SSIM has no edges, rmse and brisque_diff max(0, value), and
dino_diff is not supported.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from lethe.benchmarks.icare.figures.network import draw
from lethe.benchmarks.icare.parameters import PairParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.core.missing import counted
from lethe.figures.templates.result import Finding, Result
from lethe.statistics.resampling import Inference

Floats = NDArray[np.float64]
PUBLISHED_SIGN = {"clip_diff": -1.0, "ssim": -1.0, "rmse": 1.0, "brisque_diff": 1.0}


class MinimumCutInterference(PairParameters):
    """The cut between two entities."""

    source: int = Field(ge=0, description="index of the entity from which damage flows")
    sink: int = Field(ge=0, description="index of the entity that it must not reach")
    quantile: float = Field(0.0, ge=0, lt=1, description="edges at or below this quantile of the positive weights are left out")
    threshold: float = Field(0.0, ge=0, description="edges at or below this weight are left out")

    @model_validator(mode="after")
    def _possible(self) -> MinimumCutInterference:
        if self.source == self.sink:
            raise ValueError(f"source and sink are both entity {self.source}; a cut separates two entities")
        if self.fidelity == "published" and self.metric not in PUBLISHED_SIGN:
            raise ValueError(f"the published minimum cut knows {', '.join(PUBLISHED_SIGN)}, not '{self.metric}'")
        return self


def weights(parameters: MinimumCutInterference, task: TaskData) -> tuple[Floats, int]:
    """(N, N) weights of the edges, 0 where there is none; how many pairs have no edge because they have no value."""
    if parameters.fidelity == "published":
        damage = PUBLISHED_SIGN[parameters.metric] * task.matrix(parameters.method, parameters.metric, "published")
    else:
        damage = task.damage(parameters.method, parameters.metric)
    np.fill_diagonal(damage, 0.0)
    lost = int(np.isnan(damage).sum())
    positive = np.maximum(np.nan_to_num(damage), 0.0)
    some = positive[positive > 0]
    limit = max(parameters.threshold, float(np.quantile(some, parameters.quantile)) if parameters.quantile and some.size else 0.0)
    return np.where(positive > limit, positive, 0.0), lost


def compute(parameters: MinimumCutInterference, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``emitter``, ``receiver`` (names), ``value`` (weight), ``cut`` (whether the edge is in the cut)."""
    import networkx as nx

    task = data[parameters.task]
    found, lost = weights(parameters, task)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(task.size))
    graph.add_weighted_edges_from(
        ((int(i), int(j), float(found[i, j])) for i, j in zip(*np.nonzero(found), strict=True)), "capacity"
    )
    value, (near, far) = nx.minimum_cut(graph, parameters.source, parameters.sink)
    rows = tuple(
        {"emitter": task.names[i], "receiver": task.names[j], "value": edge["capacity"], "cut": i in near and j in far}
        for i, j, edge in graph.edges(data=True)
    )
    notes = {
        "near": sorted(task.names[i] for i in near),
        "far": sorted(task.names[i] for i in far),
        "source": task.names[parameters.source],
        "sink": task.names[parameters.sink],
        "direct_edge": bool(found[parameters.source, parameters.sink] > 0),
    } | counted({f"pairs without {parameters.metric}": lost})
    how = f"sum of the {sum(row['cut'] for row in rows)} cut edges of {len(rows)}; a value of the graph, not an estimate"
    return Result((Finding("cut", float(value), task.size, how),), rows, {"value": ("damage", parameters.metric)}, notes)


TEMPLATE = TaskTemplate("MCI", "MinimumCutInterference", MinimumCutInterference, compute, draw)

"""Skeleton title: mean damage to each entity over the emitters, a bar per entity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lethe.benchmarks.icare.figures.quantities import quantity
from lethe.benchmarks.icare.figures.words import heading
from lethe.benchmarks.icare.parameters import PairParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.diffusion.metrics.specs import spec_of
from lethe.figures.style import method_name, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Finding, Result, number
from lethe.statistics.association import bootstrap_mean
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def compute(parameters: PairParameters, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``name``, ``value``; finding: the mean, receivers drawn with replacement. No file, no drawing."""
    task = data[parameters.task]
    damage = np.array(spec_of(parameters.metric).damage(task.matrix(parameters.method, parameters.metric, parameters.fidelity)))
    np.fill_diagonal(damage, np.nan)  # what is forgotten on purpose
    suffered = np.nanmean(damage, axis=0)
    mean = bootstrap_mean(suffered, inference.bootstrap, 1 - inference.alpha, inference.seed)
    finding = Finding("mean_damage", number(mean.mean), mean.n, "mean over receivers", number(mean.low), number(mean.high))
    rows = tuple({"name": name, "value": float(value)} for name, value in zip(task.names, suffered, strict=True))
    return Result((finding,), rows, {"value": ("metric", parameters.metric)})


@styled
def draw(result: Result, parameters: PairParameters, pictures: Pictures) -> Figure:
    """A bar per entity, in index order."""
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    axes = figure.subplots()
    axes.barh(result.table["name"], result.table["value"])
    axes.set_xlabel(f"damage by {method_name(parameters.method)}: {quantity(parameters.metric).label}")
    axes.set_title(f"Skeleton title: {heading(parameters)}")
    return figure


TEMPLATE = TaskTemplate("Skeleton", "Skeleton", PairParameters, compute, draw)

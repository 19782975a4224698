"""Interference matrices: what unlearning each entity did to every other one, a panel per method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import Field

from lethe.benchmarks.icare.figures.quantities import colour_scale, quantity
from lethe.benchmarks.icare.parameters import MethodsParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.figures import tables
from lethe.figures.heatmap import COLUMNS, heatmap, heatmap_figure
from lethe.figures.style import method_name, styled
from lethe.figures.templates.result import Result
from lethe.settings.strict import Name
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def data(pairs: pd.DataFrame, metadata: Sequence[Mapping[str, Any]], metric: str, methods: Sequence[str]) -> pd.DataFrame:
    """One row per cell: ``method, emitter, receiver, emitter_name, receiver_name, value``.

    Args:
        pairs: the tidy table ``pairs_{task}.parquet``.
        metadata: records of the filtered metadata, in index order.
        metric: a pair metric, see ``lethe.benchmarks.icare.figures.quantities``.
        methods: methods in the order of panels.
    """
    quantity(metric)
    return tables.with_names(tables.select_pairs(pairs, metric, methods), tables.entity_names(metadata))


@styled
def draw(data: pd.DataFrame, metric: str) -> Figure:
    """Rows are emitters, columns receivers; emitters without a model are grey; all panels share one colour scale.

    Red is always harm. The scale covers the receivers, so the diagonal (outlined; change is the aim) may lie beyond.
    """
    what = quantity(metric)
    names = _names(data)
    shown = tables.methods_of(data)
    matrices = {m: tables.matrix(data[data["method"] == m], len(names)) for m in shown}
    scale = colour_scale(what, np.concatenate([tables.off_diagonal(values) for values in matrices.values()]))
    figure, panels = heatmap_figure(len(shown), names, gap=0.15, right=1.2)
    for place, method in enumerate(shown):
        image = heatmap(panels, place, matrices[method], names, **scale)
        panels[place].set_title(method_name(method))
    drawn = np.concatenate([values[np.isfinite(values)] for values in matrices.values()])
    below, above = bool(drawn.min() < scale["vmin"]), bool(drawn.max() > scale["vmax"])
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[below, above]
    first, last = panels[0].get_position(), panels[-1].get_position()
    right = panels[min(len(panels), COLUMNS) - 1].get_position().x1
    width = float(figure.get_figwidth())
    bar = figure.add_axes((right + 0.15 / width, last.y0, 0.17 / width, first.y1 - last.y0))
    figure.colorbar(image, cax=bar, extend=extend).set_label(what.axis, multialignment="center")
    return figure


def _names(data: pd.DataFrame) -> list[str]:
    known = dict(zip(data["receiver"], data["receiver_name"], strict=True))
    known |= dict(zip(data["emitter"], data["emitter_name"], strict=True))
    return [known.get(i, str(i)) for i in range(max(known) + 1)]


class InterferenceMatrices(MethodsParameters):
    """One pair metric, a panel per method."""

    metric: Name = Field(description="pair metric, e.g. clip_diff")


def compute(parameters: InterferenceMatrices, tasks: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: see ``data``."""
    task = tasks[parameters.task]
    return Result.of_table(data(task.pair_table, task.metadata, parameters.metric, parameters.methods))


TEMPLATE = TaskTemplate(
    "InterferenceMatrices", "InterferenceMatrices", InterferenceMatrices, compute,
    lambda result, parameters, pictures: draw(result.table, parameters.metric), any_method=True,
)  # fmt: skip

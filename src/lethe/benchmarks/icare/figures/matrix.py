"""Emitters against receivers: IM and SM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lethe.benchmarks.icare.figures.quantities import axis, colour_scale, quantity
from lethe.benchmarks.icare.figures.words import heading, told
from lethe.benchmarks.icare.parameters import ResultParameters
from lethe.figures import tables
from lethe.figures.colours import SEQUENTIAL
from lethe.figures.heatmap import alike_beside, heatmap, heatmap_figure
from lethe.figures.style import styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def draw_interference(result: Result, parameters: ResultParameters, pictures: Pictures) -> Figure:
    """Red is harm, white no change, a dot within the noise floor; the scale covers the receivers, so the outlined diagonal may lie beyond.

    Entities that harm one another stand side by side.
    """
    what = quantity(result.axes["value"][1])
    title = f"{heading(parameters)}\n" + "\n".join(f"{told(f)} emitters" for f in result.findings)
    values, floor = _values(result), result.notes.get("floor")
    noise = None if floor is None else (values >= floor[0]) & (values <= floor[1])
    order = [int(i) for i in alike_beside(np.abs(values - what.unchanged))]
    return _draw(result, values, order, noise, colour_scale(what, tables.off_diagonal(values), floor), title)


@styled
def draw_similarity(result: Result, parameters: ResultParameters, pictures: Pictures) -> Figure:
    """The scale covers the values off the diagonal. Entities stand as asked for, else those side by side that are alike."""
    values = _values(result)
    others = tables.off_diagonal(values)
    scale = {"cmap": SEQUENTIAL, "vmin": float(others.min()), "vmax": float(others.max())}
    asked = bool(getattr(parameters, "order_by", ""))
    order = list(range(len(values))) if asked else [int(i) for i in alike_beside(values)]
    return _draw(result, values, order, None, scale, f"{heading(parameters)}\nmean off the diagonal {others.mean():.2f}")


def _values(result: Result) -> np.ndarray:
    return tables.matrix(result.table, len(result.notes["names"]))


def _draw(
    result: Result, values: np.ndarray, order: list[int], noise: np.ndarray | None, scale: dict[str, Any], title: str
) -> Figure:
    names = list(result.notes["names"])
    figure, (panel,) = heatmap_figure(1, names, gap=0.0, right=1.5, cell=4.6, title=0.9)
    image, axes = heatmap(panel, values, names, order, dots=noise, **scale), panel.axes
    axes.set_title(title, fontsize=9.5)
    drawn = values[np.isfinite(values)]
    below, above = bool(drawn.min() < scale["vmin"] - 1e-9), bool(drawn.max() > scale["vmax"] + 1e-9)
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[below, above]
    bar = axes.inset_axes((1.04, 0.0, 0.05, 1.0))
    figure.colorbar(image, cax=bar, extend=extend).set_label(axis(*result.axes["value"]), multialignment="center")
    return figure

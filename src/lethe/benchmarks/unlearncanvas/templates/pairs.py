"""Single cells forgotten: UA in three definitions, and what the style, the object and everything else lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lethe.benchmarks.unlearncanvas.figures.words import in_order, is_reference, look, row_name
from lethe.benchmarks.unlearncanvas.pairs import QUANTITIES
from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, JudgedParameters
from lethe.benchmarks.unlearncanvas.templates.section import SectionTemplate
from lethe.figures.colours import PALE_GREY, STEEL
from lethe.figures.style import DPI, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLES = {
    "ua_neither": "UA: neither style\nnor object is seen",
    "ua_not_both": "UA: not both\nare seen",
    "ua_counterpart": "UA: the counterpart\nis seen",
    "sc": "SC: the style on\nother objects",
    "oc": "OC: the object in\nother styles",
    "up": "UP: unrelated cells\n(blind alone)",
}


def compute(parameters: JudgedParameters, data: CanvasData, inference: Inference) -> Result:
    """One row per method and pair: ``method, style, object`` and the six shares."""
    table = data.tables["pairs"]
    table = table[table["judge"] == parameters.judge]
    order = {method: place for place, method in enumerate(in_order(list(dict.fromkeys(table["method"]))))}
    table = table.assign(order=table["method"].map(order)).sort_values("order", kind="stable")
    return Result.of_table(table[["method", "style", "object", *QUANTITIES]])


@styled
def draw(result: Result, parameters: JudgedParameters, pictures: Pictures) -> Figure:
    """A panel per share, a row per method; large: mean over pairs, ticks: single pairs."""
    from matplotlib.figure import Figure

    data = result.table
    methods = list(dict.fromkeys(data["method"]))
    figure = Figure(figsize=(12, 2.4 + 0.42 * len(methods)), dpi=DPI, layout="constrained")
    grid = figure.subplots(1, len(QUANTITIES), sharex=True)
    for axes, name in zip(grid, QUANTITIES, strict=True):
        for place, method in enumerate(methods):
            values = pd.to_numeric(data[data["method"] == method][name]).to_numpy(float)
            if is_reference(method):
                axes.axhspan(place - 0.5, place + 0.5, color=PALE_GREY, alpha=0.35, zorder=0, linewidth=0)
            axes.scatter(values, np.full(len(values), place), marker="|", s=130, color=STEEL, linewidths=1.2, zorder=2)
            axes.scatter([values.mean()], [place], s=60, zorder=4, clip_on=False, linewidths=1.2, **look(method, methods))
        axes.set_title(TITLES[name], fontsize=9.5)
        axes.set(xlim=(-0.04, 1.04), ylim=(len(methods) - 0.5, -0.5), xticks=(0, 0.5, 1))
        axes.set_yticks(range(len(methods)), [row_name(m) for m in methods] if axes is grid[0] else [""] * len(methods))
        axes.tick_params(axis="y", length=0)
        axes.grid(True, axis="x")
    count = len(data[["style", "object"]].drop_duplicates())
    figure.suptitle(
        f"One cell is forgotten, one style of one object: {count} pairs, a model each. Large: mean; ticks: single pairs. Judge {parameters.judge}.\n"
        "UA has three meanings; SC and OC show the harm that UP hides. Higher is better, but a counterpart is only one way to forget.",
        fontsize=10,
    )
    return figure


TEMPLATE = SectionTemplate(
    "UnlearnCanvasPairs", "Single cells forgotten", JudgedParameters, compute, draw, ("pairs",), section="pairs",
)  # fmt: skip

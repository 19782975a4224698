"""The receivers of one emitter: MSAOne and interference by similarity rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lethe.benchmarks.icare.figures.marks import floor_band, medians, name_points
from lethe.benchmarks.icare.figures.quantities import axis
from lethe.benchmarks.icare.figures.words import heading, lines
from lethe.benchmarks.icare.parameters import ResultParameters
from lethe.benchmarks.icare.words import similarity_name
from lethe.figures.colours import BLUE, DARK_GREY, INK, SOFT_GREY, VERMILION
from lethe.figures.style import DPI, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.figures.text import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROLES = {
    "most interfered": (VERMILION, "v"),
    "least interfered": (BLUE, "^"),
    "most similar": (DARK_GREY, "s"),
    "least similar": (DARK_GREY, "D"),
    "": (SOFT_GREY, "o"),
}


@styled
def draw_scatter(result: Result, parameters: ResultParameters, pictures: Pictures) -> Figure:
    """Metric against similarity; the extreme receivers are named in the colour of their role."""
    return _draw(result, parameters, "x", "y", axis(*result.axes["x"]), axis(*result.axes["y"]), False)


@styled
def draw_ranks(result: Result, parameters: ResultParameters, pictures: Pictures) -> Figure:
    """Metric by rank of similarity, 1 = most similar."""
    label = f"rank by {similarity_name(result.axes['x'][1])} (1 = most alike)"
    return _draw(result, parameters, "rank", "y", label, axis(*result.axes["y"]), True)


def _draw(result: Result, parameters: ResultParameters, x: str, y: str, x_label: str, y_label: str, ranked: bool) -> Figure:
    from matplotlib.figure import Figure

    data = result.table.dropna(subset=[x, y]).reset_index(drop=True)
    figure = Figure(figsize=(7.8, 5.2), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    if ranked:
        axes.plot(data[x], data[y], color=SOFT_GREY, linewidth=1.2, zorder=1)
    else:
        medians(axes, data[x].to_numpy(float), data[y].to_numpy(float))
    floor_band(axes, result.notes.get("floor"), vertical=result.axes.get(x, ("",))[0] == "metric")
    for role, (colour, marker) in reversed(ROLES.items()):
        rows = data[data["role"] == role]
        if len(rows):
            style: dict[str, Any] = {"color": colour, "marker": marker, "s": 44 if role else 20, "zorder": 3 if role else 2}
            axes.scatter(rows[x], rows[y], label=role or "others", linewidths=0, **style)
    axes.set_xlabel(x_label, multialignment="center")
    axes.set_ylabel(y_label, multialignment="center")
    axes.grid(True)
    axes.margins(x=0.12, y=0.12)
    axes.set_title(
        f"{heading(parameters)}, unlearned: {shortened(result.notes['emitter'], 40)}\n{lines(result.findings)}", fontsize=10
    )
    figure.legend(loc="outside lower center", ncols=5, fontsize=9)
    _names(axes, data, x, y)
    return figure


def _names(axes: Axes, data: pd.DataFrame, x: str, y: str) -> None:
    named = data[data["role"] != ""]
    order = np.argsort([list(ROLES).index(role) for role in named["role"]], kind="stable")
    named = named.iloc[order]
    colours = [ROLES[role][0] if "interfered" in role else INK for role in named["role"]]
    name_points(
        axes,
        named[x].to_numpy(float),
        named[y].to_numpy(float),
        named["label"].tolist(),
        colours,
        (data[x].to_numpy(float), data[y].to_numpy(float)),
    )

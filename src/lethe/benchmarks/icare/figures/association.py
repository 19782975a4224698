"""Association of two groupings in the base, after unlearning, and the change: IAT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lethe.benchmarks.icare.figures.quantities import axis
from lethe.benchmarks.icare.figures.words import heading, left_out, lines
from lethe.benchmarks.icare.parameters import ResultParameters
from lethe.figures.colours import DIVERGING, GREY, SEQUENTIAL, reverse
from lethe.figures.style import DPI, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.figures.text import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLES = {"base": "base", "unlearned": "unlearned (mean over models)", "change": "base \u2212 unlearned"}


@styled
def draw(result: Result, parameters: ResultParameters, pictures: Pictures) -> Figure:
    """Base and unlearned share a scale; the change diverges around 0, its cells with their intervals."""
    from matplotlib.figure import Figure

    data = result.table
    rows, columns = list(dict.fromkeys(data["row"])), list(dict.fromkeys(data["column"]))
    figure = Figure(figsize=(min(12.0, 4.5 + 2.4 * len(columns)), 2.4 + 0.6 * len(rows)), dpi=DPI, layout="constrained")
    grid = figure.subplots(1, 3, sharey=True)
    maps = {name: data.pivot(index="row", columns="column", values=name).loc[rows, columns].astype(float) for name in TITLES}
    both = np.concatenate([maps["base"].to_numpy().ravel(), maps["unlearned"].to_numpy().ravel()])
    limit = float(np.nanmax(np.abs(maps["change"]))) or 1.0
    shared: dict[str, Any] = {"cmap": SEQUENTIAL, "vmin": float(np.nanmin(both)), "vmax": float(np.nanmax(both))}
    diverging: dict[str, Any] = {"cmap": reverse(DIVERGING), "vmin": -limit, "vmax": limit}
    for axes, name in zip(grid, TITLES, strict=True):
        image = _map(axes, maps[name], diverging if name == "change" else shared)
        axes.set_title(TITLES[name], fontsize=10)
        if name != "base":
            figure.colorbar(image, ax=axes, shrink=0.85).set_label("cosine" if name == "unlearned" else "change of cosine")
    grid[0].set_ylabel(axis(*result.axes["y"]))
    figure.supxlabel(axis(*result.axes["x"]), fontsize=10)
    title = f"{heading(parameters)}, {result.notes['models']} models\n{lines(result.findings)}{left_out(result)}"
    figure.suptitle(title, fontsize=10)
    return figure


def _map(axes: Axes, values: pd.DataFrame, scale: dict[str, Any]) -> Any:
    image = axes.imshow(np.ma.masked_invalid(values.to_numpy()), aspect="auto", **scale)
    axes.set_facecolor(GREY)
    middle, span = (scale["vmin"] + scale["vmax"]) / 2, scale["vmax"] - scale["vmin"]
    for i, row in enumerate(values.to_numpy()):
        for j, value in enumerate(row):
            if scale["cmap"] == SEQUENTIAL:
                colour = "black" if value > middle else "white"
            else:
                colour = "white" if abs(value - middle) > 0.35 * span else "black"
            axes.text(j, i, _number(value, scale["vmax"]), ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(len(values.columns)), [shortened(name) for name in values.columns], rotation=20)
    axes.set_yticks(range(len(values.index)), [shortened(name) for name in values.index])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image


def _number(value: float, largest: float) -> str:
    return "" if not np.isfinite(value) else f"{value:.{2 if largest >= 0.1 else 3}f}".replace("-", "\u2212")

"""Two numbers per entity or pair: MMA, MSA, SRN, and predicted against actual values of MSAM."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lethe.benchmarks.icare.figures.marks import farthest, floor_band, look, medians, name_points, series_name, size_for
from lethe.benchmarks.icare.figures.quantities import axis
from lethe.benchmarks.icare.figures.words import heading, left_out, lines, told
from lethe.benchmarks.icare.parameters import ResultParameters
from lethe.figures.colours import INK
from lethe.figures.style import DPI, RAISED, method_name, panels, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Finding, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMED = 5  # entities that are named: the farthest from a straight line


@styled
def draw(result: Result, parameters: ResultParameters, pictures: Pictures) -> Figure:
    """A panel per ``panel``, colours per ``series``; diamonds are the means where series are several; bars the medians of fifths."""
    data = result.table.assign(panel=lambda rows: rows.get("panel", ""))
    shown, series = list(dict.fromkeys(data["panel"])), list(dict.fromkeys(data["series"]))
    methods = not getattr(parameters, "colour", "")
    figure, grid, _ = panels(len(shown), 3, 4.0 if len(shown) < 3 else 3.6, extra=1.1)
    if len(shown) == 1:
        figure.set_size_inches(7.2, 5.2)
    for axes, panel in zip(grid, shown, strict=True):
        rows = data[data["panel"] == panel]
        for name in series:
            _points(axes, rows[rows["series"] == name], look(name, series, methods), len(series) > 1)
        if len(series) > 1 and methods:
            for name in series:
                centre = rows.loc[rows["series"] == name, ["x", "y"]].mean()
                mark: dict[str, Any] = {"s": 110, "marker": "D", "edgecolors": "white", "linewidths": 1.2, "zorder": 5}
                axes.scatter([centre["x"]], [centre["y"]], color=look(name, series, methods)["color"], **mark)
        else:
            medians(axes, rows["x"].to_numpy(float), rows["y"].to_numpy(float))
        floor_band(axes, result.notes.get("floor"))
        own = [finding for finding in result.findings if not panel or finding.group.startswith(f"{panel}/")]
        axes.set_title(_title(panel, own, len(shown)), fontsize=9.5 if len(shown) == 1 else 8.5)
        axes.grid(True)
        axes.set_xlabel(axis(*result.axes["x"]), fontsize=10 if len(shown) == 1 else 8.5, multialignment="center")
    figure.supylabel(axis(*result.axes["y"]), fontsize=10, multialignment="center")
    figure.suptitle(heading(parameters), fontsize=11)
    if len(series) > 1:
        handles = [
            grid[0].scatter([], [], label=series_name(name, methods), s=34, **look(name, series, methods)) for name in series
        ]
        if methods:
            handles.append(grid[0].scatter([], [], marker="D", s=80, color=INK, label="mean of a method"))
        figure.legend(handles=handles, loc="outside lower center", ncols=min(5, len(handles)))
    if len(series) == 1 and "label" in data:
        for axes, panel in zip(grid, shown, strict=True):
            rows = data[data["panel"] == panel].dropna(subset=["x", "y"]).reset_index(drop=True)
            x, y = rows["x"].to_numpy(float), rows["y"].to_numpy(float)
            chosen = farthest(x, y, NAMED)
            name_points(axes, x[chosen], y[chosen], rows["label"].iloc[chosen].tolist(), [INK] * len(chosen), (x, y))
    return figure


def _points(axes: Axes, rows: pd.DataFrame, style: dict[str, Any], several: bool) -> None:
    size = size_for(len(rows))
    axes.scatter(rows["x"], rows["y"], **style, **(size | {"alpha": min(size["alpha"], 0.6)} if several else size), linewidths=0)


def _title(panel: str, findings: list[Finding], count: int) -> str:
    if not panel or count == 1:
        return lines(findings if len(findings) > 1 else [replace(finding, group="") for finding in findings])
    told_lines = (f"{method_name(f.group.split('/')[-1])}: {told(f, short=True)}" for f in findings)
    return "\n".join([f"{panel} (\u03c1 over n = {max(f.n for f in findings)} entities)" if findings else panel, *told_lines])


@styled
def draw_prediction(result: Result, parameters: ResultParameters, pictures: Pictures) -> Figure:
    """Left: predicted against actual values of held-out pairs. Right: how much the error rises when a predictor is shuffled."""
    from matplotlib.figure import Figure

    data = result.table
    importance = pd.Series(dict(result.notes["importance"]), dtype=float).sort_values().tail(12)
    figure = Figure(figsize=(10, 4.6), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2)
    style = look(parameters.method, [parameters.method], True)  # type: ignore[attr-defined]
    left.scatter(data["x"], data["y"], **style, **size_for(len(data)), linewidths=0)
    ends = np.array([data["x"].min(), data["x"].max()])
    left.plot(ends, ends, color=INK, linewidth=1, linestyle="--", label="perfect prediction")
    left.set_xlabel(axis(*result.axes["x"]), multialignment="center")
    left.set_ylabel(axis(*result.axes["y"]), multialignment="center")
    left.legend(loc="best", fontsize=9)
    left.grid(True)
    left.set_title(lines([f for f in result.findings if f.name.startswith("r2")], 2), fontsize=9.5)
    unit, unit_name = _power_of_ten(float(importance.abs().max()))
    right.barh([name.replace("_", " ") for name in importance.index], importance / unit, color=style["color"])
    right.axvline(0, color=INK, linewidth=0.8)
    right.set_xlabel(f"rise of the squared error when shuffled{unit_name}\n(higher: the prediction needs it)")
    right.grid(True, axis="x")
    figure.suptitle(heading(parameters) + left_out(result), fontsize=11)
    return figure


def _power_of_ten(largest: float) -> tuple[float, str]:
    """The unit of an axis that reaches to ``largest`` and how its label names it; matplotlib's own would run into the label."""
    power = int(np.floor(np.log10(largest))) if largest > 0 else 0
    return (1.0, "") if -2 <= power <= 3 else (10.0**power, f" [10{str(power).translate(RAISED)}]")

"""Specificity ratios of all emitters: EFE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lethe.benchmarks.icare.figures.marks import look, medians, size_for
from lethe.benchmarks.icare.figures.quantities import axis
from lethe.benchmarks.icare.figures.words import heading, left_out, told
from lethe.benchmarks.icare.parameters import ResultParameters
from lethe.figures.colours import INK
from lethe.figures.style import DPI, plain_powers, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.figures.text import shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_NAMES = 14


@styled
def draw(result: Result, parameters: ResultParameters, pictures: Pictures) -> Figure:
    """Left: ratio of each emitter, sorted; above the line its own images move most. Right: ratio against CLIP diff."""
    from matplotlib.figure import Figure

    data = result.table
    figure = Figure(figsize=(10, 4.8), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2)
    method = str(data["series"].iloc[0])
    style = look(method, [method], True)
    left.bar(range(len(data)), data["y"], color=style["color"])
    left.axhline(1, color=INK, linewidth=1.2, linestyle="--", label="1: moves as far as the others")
    for axes in (left, right) if data["y"].min() > 0 else ():  # ratios: twice and half are as far from 1
        axes.set_yscale("log")
        plain_powers(axes.yaxis)
    left.set_ylabel(axis(*result.axes["y"]), multialignment="center")
    names = [shortened(name, 20) for name in data["label"]] if len(data) <= MOST_NAMES else []
    left.set_xticks(range(len(names)), names, rotation=90)
    left.set_xlabel("emitters, sorted")
    left.legend(loc="upper right", fontsize=9)
    left.set_title(told(result.findings[0]), fontsize=9.5)
    right.scatter(data["x"], data["y"], **style, **size_for(len(data)), linewidths=0)
    medians(right, data["x"].to_numpy(float), data["y"].to_numpy(float))
    right.axhline(1, color=INK, linewidth=1.2, linestyle="--")
    right.set_xlabel(axis(*result.axes["x"]), multialignment="center")
    right.set_ylabel("specificity ratio")
    right.grid(True)
    right.set_title(told(result.findings[1]), fontsize=9.5)
    figure.suptitle(heading(parameters) + left_out(result), fontsize=11)
    return figure

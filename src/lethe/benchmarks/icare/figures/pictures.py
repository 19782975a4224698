"""Pictures themselves, off and on: IVS and the visual summaries of similarity and unlearning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lethe.benchmarks.icare.figures.quantities import OFF, axis
from lethe.benchmarks.icare.figures.words import heading, number
from lethe.benchmarks.icare.parameters import ResultParameters
from lethe.figures.colours import FRAME, INK
from lethe.figures.style import DPI, method_name, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.figures.text import shortened, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELL, LEFT, BOTTOM = 1.14, 0.85, 0.12  # inches: one picture, row labels, edge
HEADING, LINE = 0.66, 0.15  # inches above the titles, and of a line of them


@styled
def draw(result: Result, parameters: ResultParameters, pictures: Pictures) -> Figure:
    """Rows are the base and the methods; the unlearned entity is framed, numbers stand over their columns."""
    from matplotlib.figure import Figure

    data = result.table
    rows, columns = list(dict.fromkeys(data["row"])), data[data["row"] == data["row"].iloc[0]]
    titles = [_title(label, value) for label, value in zip(columns["label"], columns["value"], strict=True)]
    above = HEADING + LINE * max(title.count("\n") + 1 for title in titles) + 0.08
    width, height = max(6.0, LEFT + CELL * len(columns) + 0.1), above + CELL * len(rows) + BOTTOM
    figure = Figure(figsize=(width, height), dpi=DPI)
    margins = {"left": LEFT / width, "right": (LEFT + CELL * len(columns)) / width, "bottom": BOTTOM / height}
    margins |= {"top": 1 - above / height, "wspace": 0.06, "hspace": 0.06}
    grid = figure.subplots(len(rows), len(columns), squeeze=False, gridspec_kw=margins)
    for line, row in zip(grid, rows, strict=True):
        for axes, member, role in zip(line, columns["member"], columns["role"], strict=True):
            axes.imshow(pictures[row, member], interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            for spine in axes.spines.values():
                spine.set(visible=role == "unlearned", edgecolor=FRAME, linewidth=3)
        label = "base\n(off)" if row == OFF else wrapped(method_name(row), 11, 3)
        line[0].text(-0.12, 0.5, label, transform=line[0].transAxes, ha="right", va="center", fontsize=10)
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title, fontsize=8.5, pad=4)
    _headings(figure, list(grid[0]), list(columns["role"]), height)
    seed = f", seed {result.notes['seed']}" if "seed" in result.notes else f", {shortened(result.notes['entity'], 40)}"
    what = "; numbers: " + axis(*result.axes["value"]).replace("\n", " ") if "value" in result.axes else ""
    figure.text(0.1 / width, 1 - 0.1 / height, heading(parameters) + seed + what, fontsize=9, va="top")
    return figure


def _title(label: str, value: float | None) -> str:
    """A name in at most two lines, and the number of its column."""
    name = wrapped(label, 15, 2)
    return name if value is None or pd.isna(value) else f"{name}\n{number(value)}"


def _headings(figure: Figure, top: list[Axes], roles: list[str], height: float) -> None:
    """Over each run of columns with one role: its name and a line that spans it."""
    from matplotlib.lines import Line2D

    for role in dict.fromkeys(roles):
        places = [place for place, found in enumerate(roles) if found == role]
        left, right = top[places[0]].get_position().x0, top[places[-1]].get_position().x1
        y, own = 1 - 0.6 / height, role == "unlearned"
        figure.add_artist(Line2D([left, right], [y, y], color=FRAME if own else INK, linewidth=2 if own else 1))
        figure.text((left + right) / 2, 1 - 0.55 / height, role, ha="center", va="bottom", fontsize=9.5)

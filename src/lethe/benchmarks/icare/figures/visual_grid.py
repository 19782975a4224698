"""Pictures themselves: what the base and every unlearned model draw, for one emitter and a choice of receivers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.icare.figures.quantities import OFF
from lethe.figures.colours import FRAME, INK
from lethe.figures.style import DPI, method_name, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.text import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Picture = NDArray[np.uint8]
CELL, LEFT, TOP = 1.12, 0.95, 0.85  # inches: one picture, row labels, column titles


@styled
def draw(data: pd.DataFrame, pictures: Pictures) -> Figure:
    """Rows are the base and the methods, columns receivers; the emitter's column is framed. Pixels are not smoothed."""
    from matplotlib.figure import Figure

    rows = list(dict.fromkeys(data["row"]))
    columns = data[data["row"] == rows[0]]
    width, height = LEFT + CELL * len(columns) + 0.1, TOP + CELL * len(rows) + 0.1
    figure = Figure(figsize=(width, height), dpi=DPI)
    margins = {"left": LEFT / width, "right": 1 - 0.1 / width, "bottom": 0.1 / height, "top": 1 - TOP / height}
    spacing = {"wspace": 0.06, "hspace": 0.06}
    grid = figure.subplots(len(rows), len(columns), squeeze=False, gridspec_kw=margins | spacing)
    for line, row in zip(grid, rows, strict=True):
        for axes, member, role in zip(line, columns["member"], columns["role"], strict=True):
            _picture(axes, pictures[row, member], framed=role == "emitter")
        label = "base\n(off)" if row == OFF else wrapped(method_name(row), 11, 3)
        line[0].text(-0.12, 0.5, label, transform=line[0].transAxes, ha="right", va="center", fontsize=10)
    for axes, name in zip(grid[0], columns["receiver_name"], strict=True):
        axes.set_title(wrapped(name, 14, 2), fontsize=9, pad=4)
    _headings(figure, grid[0], list(columns["role"]), height)
    seed = int(data["seed"].iloc[0])
    figure.text(0.1 / width, 1 - 0.12 / height, f"seed {seed}", fontsize=9, va="top")
    return figure


def _picture(axes: Axes, picture: Picture, framed: bool) -> None:
    axes.imshow(picture, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(visible=framed, edgecolor=FRAME, linewidth=3.5)


def _headings(figure: Figure, top: Sequence[Axes], roles: Sequence[str], height: float) -> None:
    """Over each run of columns with one role: its name and a line that spans it."""
    from matplotlib.lines import Line2D

    for role in dict.fromkeys(roles):
        places = [place for place, found in enumerate(roles) if found == role]
        left, right = top[places[0]].get_position().x0, top[places[-1]].get_position().x1
        y = 1 - 0.34 / height
        colour = FRAME if role == "emitter" else INK
        figure.add_artist(Line2D([left, right], [y, y], color=colour, linewidth=2 if role == "emitter" else 1))
        text = "unlearned" if role == "emitter" else role
        figure.text((left + right) / 2, 1 - 0.28 / height, text, ha="center", va="bottom", fontsize=10, color=INK)

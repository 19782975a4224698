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
CELL, LEFT, TOP, SAID = 1.12, 0.95, 1.0, 0.17  # inches: one picture, row labels, column titles, a line below a picture


@styled
def draw(data: pd.DataFrame, pictures: Pictures) -> Figure:
    """Rows are the base and the methods, columns receivers; the emitter's column is framed. Pixels are not smoothed.

    Below each picture stands in how many pictures of all seeds the judge sees the receiver, where ``data`` has a column ``known``: a single seed
    may show what the others do not.
    """
    from matplotlib.figure import Figure

    rows = list(dict.fromkeys(data["row"]))
    columns = data[data["row"] == rows[0]]
    judged = "known" in data and bool(data["known"].notna().any())
    line_height = CELL + SAID * judged
    width, height = LEFT + CELL * len(columns) + 0.1, TOP + line_height * len(rows) + 0.1 + SAID * judged
    figure = Figure(figsize=(width, height), dpi=DPI)
    margins = {
        "left": LEFT / width,
        "right": 1 - 0.1 / width,
        "bottom": (0.1 + 2 * SAID * judged) / height,
        "top": 1 - TOP / height,
    }
    spacing = {"wspace": 0.06, "hspace": 0.06 + SAID * judged / CELL}
    grid = figure.subplots(len(rows), len(columns), squeeze=False, gridspec_kw=margins | spacing)
    for line, row in zip(grid, rows, strict=True):
        own = data[data["row"] == row]
        for axes, member, role in zip(line, columns["member"], columns["role"], strict=True):
            _picture(axes, pictures[row, member], framed=role == "emitter")
        for axes, known in zip(line, own["known"] if judged else (), strict=False):
            axes.set_xlabel("" if np.isnan(known) else f"{100 * known:.0f} %", fontsize=8, labelpad=2)
        label = "base\n(off)" if row == OFF else wrapped(method_name(row), 11, 3)
        line[0].text(-0.12, 0.5, label, transform=line[0].transAxes, ha="right", va="center", fontsize=10)
    for axes, name in zip(grid[0], columns["receiver_name"], strict=True):
        axes.set_title(wrapped(name, 15, 3), fontsize=8.5, pad=4)
    _headings(figure, grid[0], list(columns["role"]), height)
    seed = int(data["seed"].iloc[0])
    figure.text(0.1 / width, 1 - 0.12 / height, f"seed {seed}", fontsize=9, va="top")
    if judged:
        told = "Per cent: of the pictures of all seeds, those in which the judge sees what is asked for. One seed may deceive."
        figure.text(0.1 / width, 0.06 / height, told, fontsize=8, va="bottom")
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

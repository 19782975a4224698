"""Short names spelt out where they are read: a footnote of a figure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lethe.core.methods import MethodDescriptions
from lethe.diffusion.methods import LOOKS
from lethe.figures.colours import DARK_GREY
from lethe.figures.text import text_width, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = 8  # of the letters, points
LETTER = 0.061  # inches of a letter of this size, with some to spare
LINE, EDGE = 0.155, 0.08  # inches of a line, and left free beside, above and below
MOST_LINES = 20  # of a remark


def meanings(methods: Iterable[str], looks: MethodDescriptions = LOOKS) -> list[str]:
    """``"UCE: unified concept editing, in closed form"`` of every method that says what its name means.

    Args:
        methods: registered names.
        looks: of the family of the methods.
    """
    return [f"{looks.title(name)}: {looks.means(name)}" for name in dict.fromkeys(methods) if looks.means(name)]


def in_one_line(methods: Iterable[str], looks: MethodDescriptions = LOOKS) -> list[str]:
    """All meanings in one line, for figures that write remarks one below the other; nothing where no method says what it means."""
    return ["; ".join(told)] if (told := meanings(methods, looks)) else []


def footnote(figure: Figure, lines: Sequence[str], most: int = 3) -> None:
    """Write lines in columns below everything else, which keeps its size: the figure grows. Nothing where there is no line.

    A line that is too long for the figure is broken. Call it last: the layout is final afterwards.

    Args:
        figure: with its final width.
        lines: e.g. of ``meanings``.
        most: columns; fewer where the longest line needs the room.
    """
    if not lines:
        return
    room = figure.get_figwidth() - 2 * EDGE
    widest = LETTER * max(map(text_width, lines)) + 2 * EDGE
    columns = max(1, min(most, len(lines), int(room / widest)))
    if columns == 1:
        lines = [part for line in lines for part in wrapped(line, int(room / LETTER), MOST_LINES).split("\n")]
    rows = math.ceil(len(lines) / columns)
    grow(figure, rows * LINE + 2 * EDGE)
    width, height = figure.get_size_inches()
    step = room / columns if columns * widest > 0.8 * room else widest
    for place, line in enumerate(lines):
        column, row = divmod(place, rows)
        at = (EDGE + column * step) / width, (EDGE + (rows - row) * LINE) / height
        figure.text(*at, line, fontsize=SIZE, color=DARK_GREY, va="top", gid="footnote").set_in_layout(False)


def grow(figure: Figure, inches: float) -> None:
    """Make a figure higher at its lower edge, and leave everything in it where and as large as it is. Fixes its layout."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    width, before = figure.get_size_inches()
    after = before + inches

    def raised(y: float) -> float:
        return (y * before + inches) / after

    corners = [legend.get_window_extent() for legend in figure.legends]
    at = [(box.x0 / figure.dpi / width, raised(box.y0 / figure.dpi / before)) for box in corners]
    for axes in figure.axes:
        box = axes.get_position()
        axes.set_position((box.x0, raised(box.y0), box.width, box.height * before / after))
    for text in {
        *figure.texts,
        *filter(None, (getattr(figure, f"_{name}", None) for name in ("suptitle", "supxlabel", "supylabel"))),
    }:
        text.set_y(raised(text.get_position()[1]))
    figure.set_size_inches(width, after)
    for legend, corner in zip(figure.legends, at, strict=True):
        legend.borderaxespad = 0
        legend.set_loc("lower left")
        legend.set_bbox_to_anchor(corner, transform=figure.transFigure)

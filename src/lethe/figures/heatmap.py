"""Heat maps of entities, shared by the interference and the similarity matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lethe.figures.colours import GREY, INK
from lethe.figures.style import DPI, WIDTH
from lethe.figures.text import shortened, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

COLUMNS = 3
LONGEST = 50  # columns of a name, as of the longest published one
MOST_LABELS = 14  # names that fit beside a panel at 10 pt
LETTER = 0.079  # inches that a letter of a 10 pt name takes, with some to spare
LEAST_ROW = 0.17  # inches of a row of a strip, so that its name can be read
TITLE, AXIS_LABEL, LAST = 0.42, 0.3, 0.1  # inches above a panel, for an axis label, at the figure's edge


@dataclass(frozen=True)
class Panel:
    """A panel, and whether it is the first of its row and the lowest of its column: such panels carry names."""

    axes: Axes
    first: bool
    lowest: bool


def alike_beside(alike: NDArray[np.float64]) -> NDArray[np.int64]:
    """An order of N entities in which similar ones stand side by side: average linkage, leaves ordered (Bar-Joseph et al. 2001).

    Args:
        alike: (N, N), higher = more similar; only off the diagonal. Where a value is missing, the order stays as it is.

    >>> alike_beside(np.array([[0, 1, 9], [1, 0, 1], [9, 1, 0.0]])).tolist()
    [1, 0, 2]
    """
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    size = len(alike)
    off = ~np.eye(size, dtype=bool)
    if size < 3 or not np.isfinite(alike[off]).all():
        return np.arange(size)
    both = (alike + alike.T) / 2
    apart = np.where(off, both[off].max() - both, 0.0)
    condensed = squareform(apart, checks=False)
    return np.asarray(leaves_list(optimal_leaf_ordering(linkage(condensed, "average"), condensed)), dtype=np.int64)


def heatmap_figure(
    count: int,
    names: Sequence[str],
    gap: float,
    right: float,
    cell: float = 0.0,
    title: float = TITLE,
    strips: Sequence[int] = (),
) -> tuple[Figure, list[Panel]]:
    """A figure with room for ``count`` square panels, at most three a row, then strips of a few rows, and for the longest name.

    Sizes are computed, not left to a layout engine: names hang into the empty place below a short last row.

    Args:
        count: number of square panels, at least 1 where there is no strip.
        names: names of the entities.
        gap: inches between panels (a colour bar of each may stand there).
        right: inches kept free at the right edge.
        cell: side of a panel in inches; 0: so that three fill the width.
        title: inches above a panel.
        strips: rows of each of the panels that hold few entities of all; they stand below the first column.
    """
    from matplotlib.figure import Figure

    name_room = LETTER * max(text_width(shortened(name, LONGEST)) for name in names) + AXIS_LABEL
    columns = max(1, min(2 if count == 4 else COLUMNS, count))  # four leave no hole in two rows of two
    rows = math.ceil(count / columns)
    cell = cell or (WIDTH - LETTER * 18 - AXIS_LABEL - gap * (COLUMNS - 1) - right) / COLUMNS
    heights = [k * max(cell / len(names), LEAST_ROW) for k in strips]
    squares = rows * (cell + title)
    width = name_room + cell * columns + gap * (columns - 1) + right
    height = squares + sum(heights) + title * len(strips) + name_room + LAST
    figure = Figure(figsize=(width, height), dpi=DPI)
    found = []
    for place in range(count):
        row, column = divmod(place, columns)
        left, top = name_room + column * (cell + gap), (row + 1) * title + row * cell
        axes = figure.add_axes((left / width, 1 - (top + cell) / height, cell / width, cell / height))
        lowest = place + columns >= count and not (column == 0 and strips)
        found.append(Panel(axes, column == 0, lowest))
    top = squares
    for place, own in enumerate(heights):
        top += title + own
        axes = figure.add_axes((name_room / width, 1 - top / height, cell / width, own / height))
        found.append(Panel(axes, True, place == len(strips) - 1))
    return figure, found


def heatmap(
    panel: Panel,
    values: NDArray[np.float64],
    names: Sequence[str],
    order: Sequence[int],
    rows: Sequence[int] | None = None,
    dots: NDArray[np.bool_] | None = None,
    pluses: NDArray[np.bool_] | None = None,
    **image: Any,
) -> AxesImage:
    """Draw (N, N) values into a panel: NaN greyed, diagonal outlined, names at the outer panels.

    Args:
        panel: of ``heatmap_figure``.
        values: rows = emitters, columns = receivers.
        names: N names; where they do not fit every k-th is written.
        order: all entities as they stand from left to right, and from top to bottom.
        rows: the emitters that a strip shows; without them all.
        dots, pluses: (N, N), cells that get such a mark.
        image: passed to ``Axes.imshow`` (``cmap``, ``vmin``, ``vmax``).
    """
    import matplotlib as mpl
    from matplotlib.patches import Rectangle

    axes, size = panel.axes, len(names)
    chosen = [entity for entity in order if rows is None or entity in set(rows)]
    cmap = mpl.colormaps[image.pop("cmap")].with_extremes(bad=GREY)
    drawn = values[np.ix_(chosen, order)]
    shown = axes.imshow(np.ma.masked_invalid(drawn), cmap=cmap, interpolation="nearest", aspect="auto", **image)
    for row, emitter in enumerate(chosen):
        column = list(order).index(emitter)
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=min(1.4, 20 / size)))
    for where, marker, most in ((dots, ".", 3.0), (pluses, "+", 6.0)):
        if where is not None:
            y, x = np.nonzero(where[np.ix_(chosen, order)] & np.isfinite(drawn))
            side = min(most, 15 * most / size)  # points
            axes.scatter(x, y, s=side**2, marker=marker, color=INK, linewidths=0 if marker == "." else 0.9, zorder=3)
    every = math.ceil(size / MOST_LABELS)
    ticks, of_rows = list(range(0, size, every)), list(range(0, len(chosen), 1 if rows is not None else every))
    axes.set_xticks(ticks, [shortened(names[order[i]], LONGEST) if panel.lowest else "" for i in ticks], rotation=90)
    axes.set_yticks(of_rows, [shortened(names[chosen[i]], LONGEST) if panel.first else "" for i in of_rows])
    axes.set_xlabel("receiver" if panel.lowest else "")
    axes.set_ylabel("emitter" if panel.first and len(chosen) > 3 else "")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return shown

"""Square heat maps of entities, shared by the interference and the similarity matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
TITLE, AXIS_LABEL, LAST = 0.42, 0.3, 0.1  # inches above a panel, for an axis label, at the figure's edge


def heatmap_figure(
    count: int, names: Sequence[str], gap: float, right: float, cell: float = 0.0, title: float = TITLE
) -> tuple[Figure, list[Axes]]:
    """A figure with room for ``count`` square panels, three a row, and for the longest name.

    Sizes are computed, not left to a layout engine: names hang into the empty place below a short last row.

    Args:
        count: number of panels, at least 1.
        names: names of the entities.
        gap: inches between panels (a colour bar of each may stand there).
        right: inches kept free at the right edge.
        cell: side of a panel in inches; 0: so that three fill the width.
        title: inches above a panel.
    """
    from matplotlib.figure import Figure

    name_room = LETTER * max(text_width(shortened(name, LONGEST)) for name in names) + AXIS_LABEL
    columns, rows = min(COLUMNS, count), math.ceil(count / COLUMNS)
    cell = cell or (WIDTH - LETTER * 18 - AXIS_LABEL - gap * (COLUMNS - 1) - right) / COLUMNS
    width = name_room + cell * columns + gap * (columns - 1) + right
    height = rows * (cell + title) + name_room + LAST
    figure = Figure(figsize=(width, height), dpi=DPI)
    axes = []
    for place in range(count):
        row, column = divmod(place, columns)
        left, top = name_room + column * (cell + gap), (row + 1) * title + row * cell
        axes.append(figure.add_axes((left / width, 1 - (top + cell) / height, cell / width, cell / height)))
    return figure, axes


def heatmap(all_axes: Sequence[Axes], place: int, values: NDArray[np.float64], names: Sequence[str], **image: Any) -> AxesImage:
    """Draw ``(N, N)`` values into a panel: NaN greyed, diagonal outlined, names at the outer panels.

    Args:
        all_axes: the panels of ``heatmap_figure``.
        place: which of them.
        values: rows = emitters, columns = receivers.
        names: N names; where they do not fit every k-th is written.
        image: passed to ``Axes.imshow`` (``cmap``, ``vmin``, ``vmax``).
    """
    import matplotlib as mpl
    from matplotlib.patches import Rectangle

    axes, size = all_axes[place], len(names)
    cmap = mpl.colormaps[image.pop("cmap")].with_extremes(bad=GREY)
    shown = axes.imshow(np.ma.masked_invalid(values), cmap=cmap, interpolation="nearest", aspect="equal", **image)
    for i in range(size):
        axes.add_patch(Rectangle((i - 0.5, i - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=min(1.4, 20 / size)))
    first, lowest = place % COLUMNS == 0, place + COLUMNS >= len(all_axes)
    ticks = list(range(0, size, math.ceil(size / MOST_LABELS)))
    labels, none = [shortened(names[i], LONGEST) for i in ticks], [""] * len(ticks)
    axes.set_xticks(ticks, labels if lowest else none, rotation=90)
    axes.set_yticks(ticks, labels if first else none)
    axes.set_xlabel("receiver" if lowest else "")
    axes.set_ylabel("emitter" if first else "")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return shown

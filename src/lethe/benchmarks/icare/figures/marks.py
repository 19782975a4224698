"""Points, lines and names inside a panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lethe.figures.colours import CATEGORIES, GREY, INK
from lethe.figures.style import method_colour, method_marker, method_name
from lethe.figures.text import shortened, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
HALO = {"facecolor": "white", "edgecolor": "none", "alpha": 0.6, "pad": 0.6}  # behind names, over lines
FIFTHS, FEWEST = 5, 25  # groups of points, and how many points there must be for medians of groups
CROWD = 400  # points; more of them leave no room for names at all
CATEGORY_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")


def look(series: str, known: Sequence[str], methods: bool) -> dict[str, Any]:
    """Colour and marker of a series: a method's own, or by place among categories; colour is never the only difference."""
    if methods:
        return {"color": method_colour(series, list(known)), "marker": method_marker(series, list(known))}
    place = list(known).index(series) % len(CATEGORIES)
    return {"color": CATEGORIES[place], "marker": CATEGORY_MARKERS[place]}


def series_name(series: str, methods: bool) -> str:
    """A series in a legend, from which matplotlib leaves out what begins with an underscore: a thin blank stands before that."""
    name = method_name(series) if methods else shortened(series, 40)
    return f"\u200a{name}" if name.startswith("_") else name


def size_for(count: int) -> dict[str, Any]:
    """Size and opacity of points, smaller where there are many."""
    return {"s": 34, "alpha": 0.8} if count <= 120 else {"s": 14, "alpha": 0.5} if count <= 1000 else {"s": 5, "alpha": 0.2}


def medians(axes: Axes, x: Floats, y: Floats, colour: str = INK) -> bool:
    """The median of each fifth of the points, from the lowest to the highest ``x``: what a rank correlation sees. Of few points nothing.

    Returns:
        Whether there is something to see.
    """
    if len(x) < FEWEST or np.ptp(x) == 0:
        return False
    for part in np.array_split(np.argsort(x, kind="stable"), FIFTHS):
        ends = [x[part].min(), x[part].max()]
        axes.plot(ends, [np.median(y[part])] * 2, color=colour, linewidth=2.4, zorder=4, solid_capstyle="butt")
    return True


def floor_band(axes: Axes, floor: Sequence[float] | None, vertical: bool = False) -> None:
    """A grey band for what two seeds of the unchanged base differ by, where it is known; ``vertical``: of the x axis."""
    if floor is not None:
        (axes.axvspan if vertical else axes.axhspan)(*floor, color=GREY, alpha=0.6, linewidth=0, zorder=0)


def farthest(x: Floats, y: Floats, count: int) -> NDArray[np.int64]:
    """Indices of the largest residuals of the least-squares line."""
    if len(x) < 3 or np.ptp(x) == 0:
        return np.arange(0)
    slope, intercept = np.polyfit(x, y, 1)
    return np.argsort(-np.abs(y - slope * x - intercept), kind="stable")[:count]


def name_points(
    axes: Axes, x: Floats, y: Floats, names: Sequence[str], colours: Sequence[str], around: tuple[Floats, Floats]
) -> None:
    """Write names beside points, moved until no name covers another or a point of ``around``; one without room is left out.

    Call it when limits and size of the panel are final: places are found in points of the page.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    taken: list[tuple[float, float, float, float]] = []
    box = axes.get_window_extent()
    scale = figure.dpi / 72
    places = axes.transData.transform(np.column_stack([x, y]))
    if len(around[0]) <= CROWD:
        taken += [
            (px - 4.5 * scale, py - 4.5 * scale, px + 4.5 * scale, py + 4.5 * scale)
            for px, py in axes.transData.transform(np.column_stack(around))
        ]
    for (px, py), at, name, colour in zip(places, zip(x, y, strict=True), names, colours, strict=True):
        text = shortened(name)
        width, height = (5.1 * text_width(text) + 2) * scale, 10.5 * scale
        for dx, dy in _offsets(width, height, scale):
            room = (px + dx, py + dy, px + dx + width, py + dy + height)
            inside = box.x0 <= room[0] and room[2] <= box.x1 and box.y0 <= room[1] and room[3] <= box.y1
            if inside and not any(_overlap(room, other) for other in taken):
                taken.append(room)
                shift = (dx / scale, dy / scale)
                note = axes.annotate(text, at, xytext=shift, textcoords="offset points", fontsize=8, color=colour, bbox=HALO)
                note.set_in_layout(False)  # the panel keeps the size for which the place was found
                break


def along_steps(x: Floats, y: Floats, points: int = 120) -> tuple[Floats, Floats]:
    """Points on the line of ``axes.step(x, y, where="post")``, for ``around``: names then keep off the line too."""
    corners_x, corners_y = np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
    place = np.linspace(0, max(len(corners_x) - 1, 0), points)
    return np.interp(place, np.arange(len(corners_x)), corners_x), np.interp(place, np.arange(len(corners_y)), corners_y)


def _offsets(width: float, height: float, scale: float) -> list[tuple[float, float]]:
    near, result = 6.5 * scale, []
    for step in (0.0, 0.9 * height, 1.8 * height, 2.7 * height):
        for dy in (step, -step) if step else (0.0,):
            result += [(near, dy - height / 2), (-width - near, dy - height / 2)]
    return result


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]

"""What the figures of the Deep Unlearn benchmark share: names and looks of methods, axes with outliers, labels that do not overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.classifiers.methods import LOOKS
from lethe.figures.colours import BLACK, BLUE, DARK_OLIVE, GREEN, INK, ORANGE, PINK, SKY, STEEL, VERMILION
from lethe.figures.outliers import cut

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Box = tuple[float, float, float, float]
Pixels = NDArray[np.float64]

RETRAINED, RETRAINED_AGAIN, ORIGINAL = "retrained", "retrained_again", "original"
REFERENCES = (RETRAINED, RETRAINED_AGAIN, ORIGINAL)
FAILED = "F"  # in place of letters
# Of methods that choose none. Okabe & Ito (2008); with four markers, each with its dashes, methods look different without colour doing it alone
_COLOURS = (BLUE, VERMILION, GREEN, PINK, ORANGE, SKY, DARK_OLIVE)
_DASHES: dict[str, Any] = {"o": "-", "s": (0, (4, 1.5)), "^": (0, (1.2, 1.2)), "D": (0, (6, 1.5, 1.2, 1.5))}


def title(method: str) -> str:
    """How a method is written in figures, e.g. ``ngplus`` -> ``NG+``; what is no method's name as it is."""
    return "retrained again" if method == RETRAINED_AGAIN else LOOKS.title(method)


def look(method: str) -> dict[str, Any]:
    """``color``, ``marker`` and ``linestyle`` of a method; the same in every figure."""
    if method == RETRAINED:
        return {"color": BLACK, "marker": "*", "linestyle": "-"}
    if method == RETRAINED_AGAIN:
        return {"color": BLACK, "marker": "P", "linestyle": (0, (1, 1))}
    if method == ORIGINAL:
        return {"color": STEEL, "marker": "X", "linestyle": "-"}
    number = sum(map(ord, method))
    marker = LOOKS.get(method, "marker", "") or list(_DASHES)[number % len(_DASHES)]
    colour = LOOKS.get(method, "colour", "") or _COLOURS[number % len(_COLOURS)]
    return {"color": colour, "marker": marker, "linestyle": _DASHES.get(marker, "-")}


def one_setting(table: pd.DataFrame) -> str:
    """``"data set, architecture"`` of a table that holds one of each.

    Raises:
        ValueError: it holds several, or has no row.
    """
    settings = table[["dataset", "architecture"]].drop_duplicates()
    if len(settings) != 1:
        found = "; ".join(f"{row.dataset}, {row.architecture}" for row in settings.itertuples())
        raise ValueError(f"a figure shows one data set and architecture; the table holds: {found or 'none'}")
    return f"{settings['dataset'].iloc[0]}, {settings['architecture'].iloc[0]}"


def span(data: pd.DataFrame, name: str) -> tuple[float, float]:
    """Range of a column and of its intervals (``_low``, ``_high``) over the rows that are no outliers.

    ``retrained`` and ``original`` are what all others are compared with and never outliers. (NaN, NaN) without a value.
    """
    values = data[name].to_numpy(float)
    low, high = cut(values)
    inside = data[(values >= low) & (values <= high) | data["method"].isin([RETRAINED, ORIGINAL])]
    ends = [inside[column].to_numpy(float) for column in (name, f"{name}_low", f"{name}_high") if column in inside]
    everything = np.concatenate(ends)
    if not np.isfinite(everything).any():
        return float("nan"), float("nan")
    return float(np.nanmin(everything)), float(np.nanmax(everything))


def label_points(figure: Figure, axes: Axes, points: Sequence[tuple[float, float, str]], size: float = 8.5) -> list[Box]:
    """Write a name beside each point so that names cover neither points nor one another, with a thin line where they are apart.

    Places around a point are tried from near to far, crowded points first; the one that covers least is taken. Fixes the layout of the
    figure: limits and sizes must not change afterwards.

    Args:
        figure: that holds ``axes``.
        points: x and y in data coordinates inside the limits, and the name.
        size: of the letters, points.

    Returns:
        The boxes of the names in pixels: left, bottom, right, top; in the order of ``points``.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.draw_without_rendering()  # constrained layout moves the axes
    figure.set_layout_engine("none")
    if not points:
        return []
    renderer = FigureCanvasAgg(figure).get_renderer()
    places = axes.transData.transform([(x, y) for x, y, _ in points])
    frame = axes.get_window_extent(renderer)
    unit = figure.dpi / 72
    taken = np.concatenate([places - 4 * unit, places + 4 * unit], axis=1)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    crowded = np.sort(apart, axis=1)[:, 1:4].sum(axis=1)
    boxes: list[Box] = [(0.0, 0.0, 0.0, 0.0)] * len(points)
    paths = np.empty((0, 2))  # points on the lines drawn so far
    plate = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.4}  # names stay readable over intervals
    for i in np.argsort(crowded, kind="stable"):
        probe = axes.text(0, 0, points[i][2], fontsize=size)
        extent = probe.get_window_extent(renderer)
        probe.remove()
        tried = _candidates(places[i], np.array([extent.width, extent.height]), unit)
        nearest = np.clip(places[i], tried[:, :2], tried[:, 2:])
        steps = np.linspace(0, 1, 9)[1:, None]
        lines = places[i] + steps * (nearest - places[i])[:, None]  # (candidates, 8, 2)
        area = extent.width * extent.height
        frames = np.array([[frame.x0, frame.y0, frame.x1, frame.y1]])
        covered = _overlap(tried, taken).sum(1) + area - _overlap(tried, frames).sum(1)
        others = np.delete(taken, i, axis=0)
        crossed = _inside(lines.reshape(-1, 2), others).sum(1).reshape(len(tried), -1).sum(1) + _inside(paths, tried).sum(0)
        distance = np.linalg.norm(nearest - places[i], axis=1) / unit
        best = int(np.argmin(40 * covered / unit**2 + 50 * crossed + distance))
        box, end = tried[best], nearest[best]
        boxes[i] = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
        taken = np.concatenate([taken, box[None]])
        back = axes.transData.inverted()
        if distance[best] > 9:
            paths = np.concatenate([paths, lines[best]])
            ends = back.transform([places[i], end])
            axes.plot(*ends.T, color=INK, linewidth=0.6, alpha=0.7, zorder=2.5, scalex=False, scaley=False)
        at = back.transform((box[:2] + box[2:]) / 2)
        axes.text(at[0], at[1], points[i][2], fontsize=size, ha="center", va="center", zorder=5, bbox=plate)
    return boxes


def _candidates(point: Pixels, size: Pixels, unit: float) -> Pixels:
    """(n, 4) boxes around a point, nearest first."""
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    direction = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    radii = unit * np.array([6, 10, 16, 24, 34, 46, 60, 78])
    centres = point + (radii[:, None, None] * direction + direction * size / 2).reshape(-1, 2)
    return np.concatenate([centres - size / 2, centres + size / 2], axis=1)


def _overlap(a: Pixels, b: Pixels) -> Pixels:
    """(n, m) areas shared by boxes (n, 4) and (m, 4)."""
    sides = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    return np.maximum(sides, 0).prod(axis=2)


def _inside(points: Pixels, boxes: Pixels) -> NDArray[np.bool_]:
    """(n, m): whether points (n, 2) lie in boxes (m, 4)."""
    within = (points[:, None] > boxes[None, :, :2]) & (points[:, None] < boxes[None, :, 2:])
    return within[..., 0] & within[..., 1]

"""Axes that one extreme value does not take: what lies far beyond the others is an arrowhead at the edge with its number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

FENCE = 3.0  # interquartile ranges beyond the quartiles (Tukey's outer fence)
Side = Literal["left", "right", "bottom", "top"]
_ARROWS: dict[Side, tuple[str, int, int]] = {
    "left": ("<", 0, 1),
    "right": (">", 0, -1),
    "bottom": ("v", 1, 1),
    "top": ("^", 1, -1),
}


def cut(values: Sequence[float] | pd.Series[float] | NDArray[np.float64]) -> tuple[float, float]:
    """Smallest and largest value that is no outlier: within Tukey's outer fence of three interquartile ranges.

    (NaN, NaN) without a finite value.

    >>> cut([0.1, 0.2, 0.3, 0.4, 20.0])
    (0.1, 0.4)
    """
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return float("nan"), float("nan")
    low, high = np.percentile(finite, [25, 75])
    inside = finite[(finite >= low - FENCE * (high - low)) & (finite <= high + FENCE * (high - low))]
    return float(inside.min()), float(inside.max())


def at_edge(axes: Axes, side: Side, along: float, told: str, colour: str, size: float = 8.0) -> None:
    """An arrowhead at an edge of a panel, which points to where a value lies, and beside it the value.

    Args:
        axes: with its final limits.
        side: the edge.
        along: place on the other axis, in its units.
        told: what is written, e.g. the value.
        colour: of the arrowhead.
        size: of the letters, points.
    """
    marker, vertical, sign = _ARROWS[side]
    inside = 0.02 if sign > 0 else 0.98
    place, transform = (along, inside), axes.get_xaxis_transform()
    shift, align = (7.0, 0.0), {"ha": "left", "va": "center"}
    if not vertical:
        place, transform = (inside, along), axes.get_yaxis_transform()
        shift, align = (7.0 * sign, 0.0), {"ha": "left" if sign > 0 else "right", "va": "center"}
    axes.scatter(*place, marker=marker, s=38, color=colour, transform=transform, zorder=5, clip_on=False)
    axes.annotate(told, place, xycoords=transform, xytext=shift, textcoords="offset points", fontsize=size, zorder=5, **align)

"""One look for all figures: sizes, fonts, colours and names of methods, and how a figure reaches the disk."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, cast

from lethe.diffusion.methods import LOOKS
from lethe.figures.colours import GRID, INK, OTHER_METHODS
from lethe.figures.fonts import BASE, further_fonts, without_warnings
from lethe.io.atomic import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

P = ParamSpec("P")

WIDTH = 10.0  # inches; shown at 8 in or more the 10 pt text stays at 8 pt or more
DPI = 150
RAISED = str.maketrans("-\u22120123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")  # digits of a power

_MORE_MARKERS = ("v", "D", "P", "h")

RC: dict[str, Any] = {
    "font.size": 10,
    "font.family": BASE,
    "text.parse_math": False,  # names hold dollars, underscores and backslashes; see `plain_powers` for logarithmic axes
    "text.usetex": False,
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
}


def method_name(method: str) -> str:
    """How a method is written in figures, e.g. ``uce`` -> ``UCE``; what is no method's name as it is."""
    return LOOKS.title(method)


def method_colour(method: str, methods: list[str]) -> str:
    """The colour of a method; one that chooses none gets one by its place among ``methods``."""
    return LOOKS.get(method, "colour", "") or OTHER_METHODS[_place(method, methods) % len(OTHER_METHODS)]


def method_marker(method: str, methods: list[str]) -> str:
    """The marker of a method, so that colour is never the only difference."""
    return LOOKS.get(method, "marker", "") or _MORE_MARKERS[_place(method, methods) % len(_MORE_MARKERS)]


def _place(method: str, methods: list[str]) -> int:
    return sorted({name for name in methods if not LOOKS.get(name, "colour", "")} | {method}).index(method)


def context(more: Mapping[str, Any] | None = None) -> AbstractContextManager[None]:
    """The settings of this module, and ``more``, for the length of a ``with`` block; nothing global is changed."""
    import matplotlib as mpl

    return mpl.rc_context(cast(Any, RC | dict(more or {})))  # its stub wants every key of the file spelt as a literal


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Run a drawing function under ``context()``: no text is mathematics, and no letter a box where the machine has a font for it.

    A figure with letters that need further fonts is drawn again with these, since its layout depends on them.
    """

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with context(), without_warnings():
            figure = draw(*args, **kwargs)
        if families := further_fonts(figure):
            with context({"font.family": [BASE, *families]}), without_warnings():
                figure = draw(*args, **kwargs)
        return figure

    return drawn


def plain_powers(axis: Axis) -> None:
    """Write the ticks of a logarithmic axis without mathematics, which is off in figures."""
    from matplotlib.ticker import LogFormatterSciNotation, NullFormatter

    class PlainPowers(LogFormatterSciNotation):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return plain_power(super().__call__(x, pos))

    axis.set_major_formatter(PlainPowers())
    if not isinstance(axis.get_minor_formatter(), NullFormatter):
        axis.set_minor_formatter(PlainPowers())


def plain_power(mathematics: str) -> str:
    r"""A tick as matplotlib writes it, ``$\mathdefault{2\times10^{-3}}$``, in letters: ``2×10⁻³``."""
    text = mathematics.replace("$", "").replace(r"\mathdefault{", "").replace(r"\times", "\u00d7")
    return (
        re.sub(r"\^\{([-\u2212]?\d+)\}", lambda power: power[1].translate(RAISED), text).removesuffix("}").replace("-", "\u2212")
    )


def panels(count: int, columns: int, cell: float, extra: float = 0.0, **subplots: Any) -> tuple[Figure, list[Axes], list[Axes]]:
    """A figure of ``count`` panels in at most ``columns`` columns.

    Args:
        count: number of panels, at least 1.
        columns: most columns.
        cell: height of a row in inches.
        extra: height in inches for titles and long labels.
        subplots: passed to ``Figure.subplots``.

    Returns:
        The figure, its panels in reading order, and the panels that have none below them (they carry x labels).
    """
    from matplotlib.figure import Figure

    columns = min(columns, count)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(WIDTH, rows * cell + extra), dpi=DPI, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, **subplots)
    flat = list(grid.flat)
    for axes in flat[count:]:
        axes.set_axis_off()
    return figure, flat[:count], flat[max(0, count - columns) : count]


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG or PDF, as the suffix says; equal input gives equal bytes (no version, no date)."""
    suffix = Path(path).suffix.removeprefix(".")
    silent = {"png": ("Software",), "pdf": ("Creator", "Producer", "CreationDate")}
    with context(), without_warnings(), atomic_path(path) as part:
        figure.savefig(part, format=suffix, dpi=DPI, metadata=cast(Any, dict.fromkeys(silent[suffix])))

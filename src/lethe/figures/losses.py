"""Loss curves: how the losses of every method fall, or rise, while its models are trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lethe.diffusion.curves import LOSS
from lethe.figures.colours import BLUE, INK, VERMILION
from lethe.figures.style import method_name, panels, plain_powers, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 50  # of a curve: more steps are drawn as means of some that follow one another
COLUMNS = ("method", "loss", "step", "median", "low", "high", "models")
LOOKS = {"loss_retain": (BLUE, "--"), "loss_anchor": (BLUE, "--")}  # what is to be kept; what is to be forgotten is solid
FORGET = (VERMILION, "-")


def shown(curves: Mapping[str, Sequence[pd.DataFrame]]) -> pd.DataFrame:
    """One row per method, loss and point of its curve.

    Args:
        curves: method -> tables of its models (``lethe.diffusion.curves.curve_table``).

    Returns:
        ``COLUMNS``: ``step`` is the last of those that a point is the mean of; ``median``, ``low`` and ``high`` are over models.
    """
    rows = []
    for method, tables in curves.items():
        whole = pd.concat([table.assign(model=number) for number, table in enumerate(tables)], ignore_index=True)
        if whole.empty:
            continue
        size = -(-int(whole["step"].max()) // POINTS)
        last = (((whole["step"] - 1) // size + 1) * size).clip(upper=whole["step"].max())
        for loss in [name for name in whole.columns if name.startswith(LOSS)]:
            means = whole[loss].groupby([whole["model"], last]).mean().unstack("step")
            spread = pd.DataFrame({"median": means.median(), "low": means.min(), "high": means.max(), "models": means.count()})
            spread = spread[spread["models"] > 0].reset_index().assign(method=method, loss=loss)
            rows.append(spread[list(COLUMNS)])
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=list(COLUMNS))


@styled
def draw(data: pd.DataFrame, *, task: str, without: Sequence[str] = ()) -> Figure:
    """A panel per method, each with scales of its own.

    Args:
        data: of ``shown``.
        without: methods that have no curve; they are named.
    """
    methods = list(dict.fromkeys(data["method"]))
    figure, axes, _ = panels(max(1, len(methods)), 3, 2.5, extra=0.9)
    for place, method in zip(axes, methods, strict=False):
        _panel(place, data[data["method"] == method])
        place.set_title(method_name(method))
    for place in axes[::3]:
        place.set_ylabel("loss")
    lines = [f"Loss curves of {task}. Line: median over models; band: lowest to highest. Every panel has its own scales."]
    if without:
        lines.append(f"Without a curve: {', '.join(map(method_name, without))}.")
    figure.suptitle("\n".join(lines), fontsize=10)
    figure.supxlabel("step", fontsize=10)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    for loss, own in rows.groupby("loss", sort=False):
        colour, line = LOOKS.get(str(loss), FORGET)
        axes.fill_between(own["step"], own["low"], own["high"], color=colour, alpha=0.2, linewidth=0)
        axes.plot(own["step"], own["median"], color=colour, linestyle=line, linewidth=1.6, label=_called(str(loss)))
    if (rows["low"] > 0).all() and rows["high"].max() > 10 * rows["low"].min():
        axes.set_yscale("log")
        plain_powers(axes.yaxis)
    axes.tick_params(labelsize=8)
    axes.grid(True, axis="y")
    axes.legend(fontsize=8, labelcolor=INK)
    if not np.isfinite(rows[["median", "low", "high"]].to_numpy(float)).all():
        axes.text(0.5, 0.5, "some losses are not finite", transform=axes.transAxes, ha="center", fontsize=8)


def _called(loss: str) -> str:
    """How a loss is written: ``loss_forget`` -> ``forget``."""
    return loss.removeprefix(f"{LOSS}_").replace("_", " ")

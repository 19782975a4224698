"""What is drawn where the target was asked for: the target still, what takes its place, a photo, or something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES
from lethe.benchmarks.unlearncanvas.figures.words import KINDS, in_order, row_name
from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, CanvasTemplate, JudgedParameters
from lethe.figures.colours import BLUE, INK, ORANGE, PALE_GREY, SKY, WHITE
from lethe.figures.style import DPI, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRAWN = {
    "target": ("still the target", BLUE, ""),
    "guide": ("what the method is told to draw instead (its guide; of every style: a photo)", ORANGE, "///"),
    "photo": ("a photo, where that is not the guide", SKY, "..."),
    "other": ("anything else", PALE_GREY, ""),
}
"""What is drawn -> words, colour, hatch."""
WRITTEN = 0.08  # shares that are as wide as their number


def compute(parameters: JudgedParameters, data: CanvasData, inference: Inference) -> Result:
    """One row per kind, method and what is drawn: its ``share`` of the images of the target, a mean over ``n`` reported concepts."""
    table, rows = data.tables["confusion"], []
    table = table[
        (table["judge"] == parameters.judge) & (table["attribute"] == table["kind"]) & ~table["concept"].isin(data.tuning)
    ]
    asked, guide = table["asked"].astype(bool), table["guide"].astype(bool)
    seen = np.select([asked, guide, table["drawn"] == data.canvas.photo], ["target", "guide", "photo"], "other")
    table = table.assign(seen=seen)
    for kind in ATTRIBUTES:
        own = table[table["kind"] == kind]
        for method in in_order(list(dict.fromkeys(own["method"]))):
            of = own[own["method"] == method]
            shares = of.groupby("seen")["share"].sum() / (n := of["concept"].nunique())
            rows += [{"kind": kind, "method": method, "seen": name, "share": shares.get(name, 0.0), "n": n} for name in DRAWN]
    return Result((), tuple(rows), columns=("kind", "method", "seen", "share", "n"))


@styled
def draw(result: Result, parameters: JudgedParameters, pictures: Pictures) -> Figure:
    """A panel per kind, a stacked bar per method; shares that have room are written."""
    from matplotlib.figure import Figure

    data = result.table
    kinds = list(dict.fromkeys(data["kind"]))
    most = max(data[data["kind"] == kind]["method"].nunique() for kind in kinds)
    figure = Figure(figsize=(12.5, 1.9 + 0.31 * most), dpi=DPI, layout="constrained")
    panels = figure.subplots(1, len(kinds), squeeze=False)[0]
    for axes, kind in zip(panels, kinds, strict=True):
        _panel(axes, data[data["kind"] == kind])
        axes.set_title(KINDS[kind])
        axes.set_xlabel("share of the images of the target")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=9.5)
    figure.suptitle(
        f"What judge {parameters.judge} sees where the prompt asks for the forgotten target (mean over concepts)\n"
        "A retrained model never saw the target; what it draws is the measure, not the guide",
        fontsize=10.5,
    )
    return figure


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    methods = list(dict.fromkeys(rows["method"]))
    left = np.zeros(len(methods))
    for seen, (words, colour, hatch) in DRAWN.items():
        shares = rows[rows["seen"] == seen].set_index("method").loc[methods, "share"].to_numpy(float)
        look = {"color": colour, "hatch": hatch, "edgecolor": WHITE, "linewidth": 0.5}
        axes.barh(range(len(methods)), shares, left=left, height=0.78, label=words, **look)
        for place, (start, share) in enumerate(zip(left, shares, strict=True)):
            if share >= WRITTEN:
                ink = {"color": WHITE if colour == BLUE else INK, "fontsize": 8}
                plate = {"facecolor": colour, "edgecolor": "none", "pad": 0.6} if hatch else None
                axes.text(start + share / 2, place, f"{share:.2f}", ha="center", va="center", bbox=plate, **ink)
        left = left + shares
    of = rows.groupby("method")["n"].first()
    axes.set_yticks(range(len(methods)), [row_name(method, of[method], of.max()) for method in methods])
    axes.set_ylim(len(methods) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.tick_params(axis="y", length=0)


TEMPLATE = CanvasTemplate(
    "UnlearnCanvasConfusion", "What is drawn instead", JudgedParameters, compute, draw, ("confusion",)
)  # fmt: skip

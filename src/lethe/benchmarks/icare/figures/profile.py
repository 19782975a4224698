"""Where one emitter's model moves the images of every entity: EUP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lethe.benchmarks.icare.figures.quantities import axis, colour_scale, quantity
from lethe.benchmarks.icare.figures.words import heading, told
from lethe.benchmarks.icare.parameters import ResultParameters
from lethe.figures.colours import INK, MID_GREY, PALE_GREY, SKY, VERMILION
from lethe.figures.style import DPI, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.figures.text import shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def draw(result: Result, parameters: ResultParameters, pictures: Pictures) -> Figure:
    """Left: off (hollow) to on (filled) in the plane of the base's embeddings, star: the unlearned entity. Right: displacements."""
    from matplotlib.figure import Figure

    data = result.table
    figure = Figure(figsize=(10, 5.0), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.45, 1))
    what, emitter = quantity(result.axes["value"][1]), shortened(str(result.notes["emitter"]))
    values = data["value"].to_numpy(float)
    scale: dict[str, Any] = colour_scale(what, values[~data["self"].to_numpy(bool)])
    for row in data.itertuples():
        left.annotate("", (row.on_x, row.on_y), (row.off_x, row.off_y), arrowprops={"arrowstyle": "-", "color": PALE_GREY})
    left.scatter(data["off_x"], data["off_y"], s=30, facecolors="white", edgecolors=MID_GREY, label="base (off)", zorder=2)
    own, others = data[data["self"]], data[~data["self"]]
    shown = left.scatter(
        others["on_x"], others["on_y"], s=42, c=others["value"], edgecolors=INK, linewidths=0.6, zorder=3, **scale
    )
    left.scatter(own["on_x"], own["on_y"], s=230, marker="*", c=own["value"], edgecolors=INK, linewidths=0.9, zorder=4, **scale)
    left.scatter([], [], s=42, color=MID_GREY, edgecolors=INK, label="unlearned model (on)")
    left.scatter([], [], s=160, marker="*", color="white", edgecolors=INK, label=f"{emitter} (unlearned)")
    left.legend(loc="best", fontsize=8.5, frameon=True)
    variance = [f"{100 * float(v):.0f} %" for v in np.asarray(result.notes["variance"])]
    left.set_xlabel(f"first component of the base's embeddings ({variance[0]} of variance)")
    left.set_ylabel(f"second component ({variance[1] if len(variance) > 1 else '0 %'})")
    figure.colorbar(shown, ax=left, shrink=0.9).set_label(axis(*result.axes["value"]), multialignment="center")
    right.hist(others["displacement"], bins=min(30, max(5, len(others) // 2)), color=SKY, edgecolor="white", label="others")
    right.axvline(float(own["displacement"].iloc[0]), color=VERMILION, linewidth=2.4, label=emitter)
    right.set_xlabel("displacement of the mean embedding\n(distance; 0 = not moved)")
    right.set_ylabel("entities")
    right.locator_params(axis="y", integer=True)
    right.legend(loc="best", fontsize=8.5, frameon=True)
    right.set_title(told(result.findings[0]), fontsize=9.5)
    figure.suptitle(heading(parameters), fontsize=11)
    return figure

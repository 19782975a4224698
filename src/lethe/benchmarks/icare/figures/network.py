"""The graph of damage and its minimum cut: MCI."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lethe.benchmarks.icare.figures.quantities import axis
from lethe.benchmarks.icare.figures.words import heading, left_out, number
from lethe.benchmarks.icare.parameters import ResultParameters
from lethe.figures.colours import BLUE, GREEN, GREY, INK, VERMILION
from lethe.figures.footnote import footnote
from lethe.figures.style import DPI, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.figures.text import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CUT, NEAR, FAR = VERMILION, BLUE, GREEN
MOST = 60  # edges that are not cut and still drawn, the heaviest
ROOM = 0.13  # of the axes' height, between two names of a side


@styled
def draw(result: Result, parameters: ResultParameters, pictures: Pictures) -> Figure:
    """Source's side left, sink's side right; cut edges orange, width by weight; others grey, the heaviest only."""
    from matplotlib.figure import Figure

    near, far = list(result.notes["near"]), list(result.notes["far"])
    figure = Figure(figsize=(9.0, 6.4), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    places = _side(near, result.notes["source"], -1.0) | _side(far, result.notes["sink"], 1.0)
    data = pd.DataFrame(list(result.rows), columns=["emitter", "receiver", "value", "cut"])
    widest = float(data["value"].max()) if len(data) else 1.0
    rest = data[~data["cut"].astype(bool)].nlargest(MOST, "value")
    for rows, colour in ((rest, GREY), (data[data["cut"].astype(bool)], CUT)):
        for emitter, receiver, value in zip(rows["emitter"], rows["receiver"], rows["value"], strict=True):
            _edge(axes, places[emitter], places[receiver], colour, 0.6 + 3.4 * value / widest)
    ends = [result.notes["source"], result.notes["sink"]]
    named = _named(places, data[data["cut"].astype(bool)], ends)
    for name, (x, y) in places.items():
        end = name in ends
        axes.scatter([x], [y], s=150 if end else 60, color=NEAR if name in near else FAR, marker="s" if end else "o", zorder=3)
        side = -1 if name in near else 1
        if name in named:
            axes.annotate(
                shortened(name), (x, y), xytext=(side * 10, 0), textcoords="offset points", va="center", zorder=4,
                ha="right" if side < 0 else "left", fontsize=10 if end else 8, fontweight="bold" if end else "normal",
            )  # fmt: skip
    for colour, marker, label in ((NEAR, "o", "source's side"), (FAR, "o", "sink's side"), (INK, "s", "source and sink")):
        axes.scatter([], [], color=colour, marker=marker, label=label)
    axes.plot([], [], color=CUT, linewidth=3, label="cut edge, wider = more damage")
    axes.plot([], [], color=GREY, linewidth=2, label=f"other edges (heaviest {MOST})")
    figure.legend(loc="outside lower center", ncols=3, fontsize=9)
    axes.set_xlim(-2.3, 2.3)
    axes.set_axis_off()
    cut, direct = result.findings[0], "" if result.notes["direct_edge"] else "; no direct edge"
    title = f"{heading(parameters)}: {shortened(result.notes['source'], 40)} \u2192 {shortened(result.notes['sink'], 40)}"
    what = axis(*result.axes["value"]).replace("\n", " ")
    axes.set_title(f"{title}\nminimum cut {number(cut.value or 0.0)}, {what}{direct}{left_out(result)}", fontsize=10)
    if len(named) < len(places):
        footnote(
            figure, [f"{len(named)} of {len(places)} entities are named: the heaviest cut edges first, where there is room."]
        )
    return figure


def _named(places: dict[str, tuple[float, float]], cut: pd.DataFrame, first: list[str]) -> set[str]:
    """Whose names are written: ``first``, then by the weight of their cut edges, where no other name of that side is too near."""
    weight = cut.groupby("emitter")["value"].sum().add(cut.groupby("receiver")["value"].sum(), fill_value=0)
    order = sorted(set(places) - set(first), key=lambda name: -weight.get(name, 0.0))
    named: list[str] = []
    for name in [*first, *order]:
        x, y = places[name]
        if all(abs(y - places[other][1]) >= ROOM or x * places[other][0] < 0 for other in named):
            named.append(name)
    return set(named)


def _side(names: list[str], end: str, x: float) -> dict[str, tuple[float, float]]:
    """Names on an arc that bulges to its side; source or sink in the middle."""
    others = [name for name in names if name != end]
    order = [*others[: len(others) // 2], end, *others[len(others) // 2 :]]
    angles = np.linspace(1.15, -1.15, len(order)) if len(order) > 1 else np.zeros(1)
    return {name: (x * (0.35 + 0.65 * float(np.cos(a))), 1.6 * float(np.sin(a))) for name, a in zip(order, angles, strict=True)}


def _edge(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, width: float) -> None:
    arrow = {"arrowstyle": "-|>", "color": colour, "linewidth": width, "shrinkA": 7, "shrinkB": 7, "mutation_scale": 10}
    arrow |= {"connectionstyle": "arc3,rad=0.12"}
    axes.annotate("", xy=end, xytext=start, arrowprops=arrow, zorder=2 if colour == CUT else 1)

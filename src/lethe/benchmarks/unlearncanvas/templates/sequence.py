"""Concepts forgotten one after another: what is gone after every step, what is kept, and what weaker edits keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lethe.benchmarks.unlearncanvas.figures.words import row_name
from lethe.benchmarks.unlearncanvas.sequence_table import UNCHANGED
from lethe.benchmarks.unlearncanvas.sequences import ARMS, INDEPENDENT, RETRAINED, SEQUENTIAL
from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, JudgedParameters
from lethe.benchmarks.unlearncanvas.templates.section import SectionTemplate
from lethe.figures.colours import BLUE, GREEN, INK, STEEL, VERMILION, WHITE
from lethe.figures.colours import SEQUENTIAL as LOW_TO_HIGH
from lethe.figures.style import DPI, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOOKS = {"sequential": (VERMILION, "o"), "simultaneous": (BLUE, "s"), "independent": (STEEL, "x"), "merged": (GREEN, "^")}
SAID = {
    "sequential": "one after another",
    "simultaneous": "all so far at once",
    "independent": "each alone",
    "merged": "sum of those made alone",
}
UA = "ua_"  # begins the column of a concept's UA
MEASURES = {"ira": "same kind kept (IRA)", "cra": "other kind kept (CRA)"}
DARK = 0.5  # below it numbers are white


def compute(parameters: JudgedParameters, data: CanvasData, inference: Inference) -> Result:
    """One row per method, arm, step and strength: ``ua_{name}`` of every concept, their mean ``ua``, ``ira, cra`` with intervals."""
    table = data.tables["sequence"]
    table = table[table["judge"] == parameters.judge]
    concepts = [name for name in map(str, table) if name.startswith(UA) and name not in ("ua_asked", "ua_smallest")]
    kept = [f"{measure}{end}" for measure in MEASURES for end in ("", "_low", "_high")]
    shown = table.assign(ua=table[concepts].mean(axis=1))[["method", "arm", "step", "strength", *concepts, "ua", *kept]]
    names = [name.removeprefix(UA) for name in concepts]
    kinds = [concept.kind for name in names for concept in data.canvas.concepts if name in (concept.style, concept.object)]
    mixed = {"kinds": list(dict.fromkeys(kinds))} if len(set(kinds)) > 1 else {}
    return Result.of_table(shown, {"concepts": names, "level": 1 - inference.alpha, **mixed})


@styled
def draw(result: Result, parameters: JudgedParameters, pictures: Pictures) -> Figure:
    """A column per method. Down: UA of every concept after every step, IRA and CRA by step, and CRA against UA of weaker edits."""
    from matplotlib.figure import Figure

    data, concepts = result.table, result.notes["concepts"]
    methods, steps = list(parameters.methods), int(data["step"].max())
    measures = MEASURES
    if kinds := result.notes.get("kinds"):  # styles and objects are forgotten: which is the same kind is told by the first
        measures = {measure: f"kept {kind}s ({measure.upper()})" for measure, kind in zip(MEASURES, kinds, strict=True)}
    figure = Figure(figsize=(2.9 * len(methods) + 1.2, 0.42 * len(concepts) + 9.3), dpi=DPI, layout="constrained")
    heights = [0.42 * len(concepts) + 0.4, 2.1, 2.1, 2.4]
    grid = figure.subplots(4, len(methods), squeeze=False, gridspec_kw={"height_ratios": heights})
    base, retrained = data[data["arm"] == UNCHANGED], data[data["arm"] == RETRAINED]
    for place, method in enumerate(methods):
        own = data[data["method"] == method]
        _forgotten(grid[0, place], own[(own["arm"] == SEQUENTIAL) & (own["strength"] == 1)], concepts, steps)
        for axes, measure in zip(grid[1:3, place], MEASURES, strict=True):
            _kept(axes, own, base, retrained, measure, steps)
        _paths(grid[3, place], own[own["step"] == steps], base, retrained)
        grid[0, place].set_title(row_name(method))
        for axes in grid[:3, place]:
            axes.set_xlabel("step", fontsize=9)
        grid[3, place].set_xlabel("mean UA of all concepts", fontsize=9)
        if place:
            for axes in grid[:, place]:
                axes.set_yticklabels([])
    grid[0, 0].set_yticks(range(len(concepts)), concepts)
    for axes, measure in zip(grid[1:3, 0], MEASURES, strict=True):
        axes.set_ylabel(measures[measure])
    grid[3, 0].set_ylabel("CRA of weaker edits,\nafter the last step")
    handles = [
        grid[1, 0].plot([], [], color=c, marker=m, linestyle=_line(arm), label=SAID[arm])[0] for arm, (c, m) in LOOKS.items()
    ]
    handles += grid[1, 0].plot([], [], color=INK, linewidth=0.8, linestyle="--", label="base")
    if len(retrained):
        handles += grid[1, 0].plot(
            [], [], color=INK, linestyle="none", marker="*", markersize=10, label="trained without all of them"
        )
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=9)
    figure.suptitle(
        f"Forgetting one concept after another: {', '.join(concepts)}\n"
        "Top: UA of every concept after every step, one after another; outlined: asked for by then. High outside is collateral damage.\n"
        f"Below: what is kept, by arm, lines: {100 * result.notes['level']:g} % interval. Bottom: at equal UA, the higher the better. "
        f"Judge {parameters.judge}.",
        fontsize=10,
    )
    return figure


def _forgotten(axes: Axes, rows: pd.DataFrame, concepts: list[str], steps: int) -> None:
    from matplotlib.patches import Rectangle

    values = rows.sort_values("step")[[f"{UA}{name}" for name in concepts]].to_numpy(float).T
    axes.imshow(values, cmap=LOW_TO_HIGH, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    for (i, k), value in np.ndenumerate(values):
        axes.text(k, i, f"{value:.2f}", ha="center", va="center", fontsize=8, color=WHITE if value < DARK else INK)
    for k in range(steps):
        axes.add_patch(
            Rectangle((k - 0.47, -0.46), 0.94, min(k + 1, len(concepts)) - 0.08, fill=False, edgecolor=VERMILION, linewidth=1.8)
        )
    axes.set_xticks(range(steps), [str(k + 1) for k in range(steps)])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _kept(axes: Axes, rows: pd.DataFrame, base: pd.DataFrame, retrained: pd.DataFrame, measure: str, steps: int) -> None:
    axes.axhline(float(base[measure].iloc[0]), color=INK, linewidth=0.8, linestyle="--", zorder=1)
    for number, arm in enumerate(ARMS):
        own = rows[(rows["arm"] == arm) & (rows["strength"] == 1)].sort_values("step")
        colour, marker = LOOKS[arm]
        x = own["step"].to_numpy(float) + 0.06 * (number - 1.5)
        axes.vlines(x, own[f"{measure}_low"], own[f"{measure}_high"], color=colour, linewidth=1, alpha=0.6)
        axes.plot(x, own[measure], color=colour, marker=marker, markersize=5, linestyle=_line(arm), clip_on=False)
    if len(retrained):
        axes.plot([steps], [float(retrained[measure].iloc[0])], color=INK, marker="*", markersize=11, clip_on=False)
    axes.set(ylim=(-0.03, 1.05), xlim=(0.6, steps + 0.4), xticks=range(1, steps + 1))
    axes.grid(True)


def _line(arm: str) -> str:
    return "none" if arm == INDEPENDENT else "-"  # its models do not follow each other


def _paths(axes: Axes, rows: pd.DataFrame, base: pd.DataFrame, retrained: pd.DataFrame) -> None:
    for arm in ARMS:
        if arm == INDEPENDENT:
            continue
        path = pd.concat([base.assign(strength=0.0), rows[rows["arm"] == arm]]).sort_values("strength")
        colour, marker = LOOKS[arm]
        axes.plot(path["ua"], path["cra"], color=colour, marker=marker, markersize=4, clip_on=False)
        axes.plot(path["ua"].iloc[-1:], path["cra"].iloc[-1:], color=colour, marker=marker, markersize=9, clip_on=False)
    if len(retrained):
        axes.plot(retrained["ua"], retrained["cra"], color=INK, marker="*", markersize=11, clip_on=False)
    axes.set(xlim=(-0.03, 1.05), ylim=(-0.03, 1.05))
    axes.grid(True)


TEMPLATE = SectionTemplate(
    "UnlearnCanvasSequence", "Concepts forgotten one after another", JudgedParameters, compute, draw, ("sequence",), section="sequence",
)  # fmt: skip

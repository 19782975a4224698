"""The main result: UA, IRA and CRA of every method, styles and objects apart, with intervals and the spread over concepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES
from lethe.benchmarks.unlearncanvas.figures.words import KINDS, MEASURES, band, in_order, is_reference, look, row_name
from lethe.benchmarks.unlearncanvas.protocols import PROTOCOLS, QUANTITIES
from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, CanvasTemplate, JudgedParameters
from lethe.figures.colours import INK, STEEL
from lethe.figures.style import DPI, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MEAN, CONCEPT = "mean", "concept"
LINE, FEWEST = 0.25, 8  # inches of a row; rows for which there is room at least, as for the words beside them


def compute(parameters: JudgedParameters, data: CanvasData, inference: Inference) -> Result:
    """One row per method, kind, measure and point.

    ``of`` is ``mean`` (over concepts, with its interval ``low, high`` and the number ``n`` of concepts) or ``concept`` (one of them, ``name``).
    """
    judge, rows = parameters.judge, []
    means = data.tables["accuracy"]
    means = means[(means["protocol"] == data.protocol) & (means["judge"] == judge)].set_index(["method", "kind"])
    concepts = data.tables["concepts"]
    concepts = concepts[concepts["reported"].astype(bool)]
    for kind in ATTRIBUTES:
        for method in in_order(list(dict.fromkeys(means.index.get_level_values("method")))):
            if (method, kind) not in means.index:
                continue
            mean = means.loc[[(method, kind)]].iloc[0]
            own = concepts[(concepts["method"] == method) & (concepts["kind"] == kind)]
            for measure in QUANTITIES:
                common = {"kind": kind, "method": method, "measure": measure}
                ends = {"low": mean[f"{measure}_low"], "high": mean[f"{measure}_high"]}
                rows.append(common | {"of": MEAN, "name": "", "value": mean[measure], **ends, "n": int(mean["n"])})
                for name, value in zip(own["name"], own[f"{measure}_{judge}"], strict=True):
                    rows.append(common | {"of": CONCEPT, "name": name, "value": value, "low": np.nan, "high": np.nan, "n": 1})
    columns = ("kind", "method", "measure", "of", "name", "value", "low", "high", "n")
    return Result(
        (),
        tuple(rows),
        notes={"level": 1 - inference.alpha, "protocol": data.protocol, "says": PROTOCOLS[data.protocol].says},
        columns=columns,
    )


@styled
def draw(result: Result, parameters: JudgedParameters, pictures: Pictures) -> Figure:
    """A line of panels per kind, a panel per measure, a row per method; references stand on grey."""
    from matplotlib.figure import Figure

    data = result.table
    kinds = [kind for kind in ATTRIBUTES if (data["kind"] == kind).any()]
    counts = [data[data["kind"] == kind]["method"].nunique() for kind in kinds]
    figure = Figure(figsize=(11.5, 2.2 + sum(LINE * max(count, FEWEST) + 0.5 for count in counts)), dpi=DPI, layout="constrained")
    grid = figure.subplots(len(kinds), len(QUANTITIES), squeeze=False, sharex=True, gridspec_kw={"height_ratios": counts})
    for line, kind in zip(grid, kinds, strict=True):
        rows = data[data["kind"] == kind]
        for axes, measure in zip(line, QUANTITIES, strict=True):
            _panel(axes, rows[rows["measure"] == measure])
        methods = list(dict.fromkeys(rows["method"]))
        measured = rows[rows["of"] == MEAN].groupby("method")["n"].first()
        names = [row_name(method, measured[method], measured.max()) for method in methods]
        line[0].set_yticks(range(len(methods)), names)
        for axes in line[1:]:
            axes.set_yticks(range(len(methods)), [""] * len(methods))
        line[0].set_ylabel(KINDS[kind], fontsize=11, fontweight="bold")
    for axes, measure in zip(grid[0], QUANTITIES, strict=True):
        axes.set_title(MEASURES[measure], fontsize=9.5)
    for axes in grid[-1]:
        axes.set_xlabel("higher is better", fontsize=9)
    figure.suptitle(
        "Does the model forget the target (UA), and does it keep everything else (IRA, CRA)?\n"
        f"Large: mean over forgotten concepts, line: {100 * result.notes['level']:g} % interval; grey ticks: single concepts. On grey: references.\n"
        f"Judge {parameters.judge}; protocol \u201c{result.notes['protocol']}\u201d: {result.notes['says']}.",
        fontsize=10,
    )
    return figure


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    methods = list(dict.fromkeys(rows["method"]))
    band(axes, sum(map(is_reference, methods)))
    for place, method in enumerate(methods):
        own = rows[rows["method"] == method]
        single = own[own["of"] == CONCEPT]["value"].to_numpy(float)
        mean = own[own["of"] == MEAN].iloc[0]
        axes.scatter(single, np.full(len(single), place), marker="|", s=90, color=STEEL, linewidths=1.1, zorder=2)
        if np.isfinite(mean["low"]):
            axes.plot([mean["low"], mean["high"]], [place, place], color=INK, linewidth=1.8, zorder=3, solid_capstyle="butt")
        axes.scatter([mean["value"]], [place], s=52, zorder=4, clip_on=False, linewidths=1.2, **look(method, methods))
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(len(methods) - 0.5, -0.5)
    axes.grid(True, axis="x")
    axes.tick_params(axis="y", length=0)


TEMPLATE = CanvasTemplate(
    "UnlearnCanvasMain", "UA, IRA and CRA of every method", JudgedParameters, compute, draw, ("accuracy", "concepts"),
)  # fmt: skip

"""Forgetting against retention, a point per forgotten concept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lethe.benchmarks.unlearncanvas.answers import BASE
from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES
from lethe.benchmarks.unlearncanvas.figures.words import KINDS, in_order, look, row_name
from lethe.benchmarks.unlearncanvas.protocols import PROTOCOLS
from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, CanvasTemplate, JudgedParameters
from lethe.core.methods import RETRAINED
from lethe.diffusion.methods import ROLES
from lethe.figures.colours import INK, YELLOW
from lethe.figures.style import DPI, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORGOTTEN, KEPT = 0.9, 0.85  # the region that a useful method reaches
STEP = 0.007  # by which methods are drawn apart sideways in an enlarged panel: shares of few images take few values
NEAR, WIDE = (0.86, 1.02), (0.86, 1.06)  # its axes: retention, forgetting


def compute(parameters: JudgedParameters, data: CanvasData, inference: Inference) -> Result:
    """One row per method and reported concept: ``method, concept, name, kind, ua, cra``."""
    table = data.tables["concepts"]
    table = table[table["reported"].astype(bool) & (table["method"] != BASE)]
    order = {method: place for place, method in enumerate(in_order(list(dict.fromkeys(table["method"]))))}
    table = table.assign(order=table["method"].map(order)).sort_values(["order", "concept"], kind="stable")
    columns = {f"ua_{parameters.judge}": "ua", f"cra_{parameters.judge}": "cra"}
    shown = table.rename(columns=columns)[["method", "concept", "name", "kind", "ua", "cra"]]
    return Result.of_table(shown, {"protocol": data.protocol, "says": PROTOCOLS[data.protocol].says})


@styled
def draw(result: Result, parameters: JudgedParameters, pictures: Pictures) -> Figure:
    """Per kind all, and enlarged the shaded region where a useful method lies; small: a concept, large: the mean of a method."""
    from matplotlib.figure import Figure

    data = result.table
    kinds = [kind for kind in ATTRIBUTES if (data["kind"] == kind).any()]
    figure = Figure(figsize=(11.5, 10.4), dpi=DPI, layout="constrained")
    grid = figure.subplots(2, len(kinds), squeeze=False)
    panels, near = grid
    methods = list(dict.fromkeys(data["method"]))
    for place, kind in enumerate(kinds):
        rows = data[data["kind"] == kind]
        _panel(panels[place], rows, methods, 0.0)
        _panel(near[place], rows, methods, STEP)
        panels[place].set_title(KINDS[kind])
        near[place].set_title(f"{KINDS[kind]}: the shaded region, enlarged")
        near[place].set(xlim=WIDE, ylim=NEAR, xticks=(0.9, 0.95, 1.0), yticks=(0.9, 0.95, 1.0))
        near[place].set_xlabel("Unlearning accuracy (UA): share of images of the target\nin which the judge does not see it")
    for line in grid:
        line[0].set_ylabel(
            "Cross-domain retain accuracy (CRA): share of other\nimages in which the other kind is still recognised"
        )
    handles = [panels[0].scatter([], [], s=60, label=row_name(method), **look(method, methods)) for method in methods]
    if any(ROLES.role(method) == RETRAINED for method in methods):
        handles += panels[0].plot([], [], color=INK, linewidth=1, linestyle=":", label="where the retrained model lies")
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=9)
    figure.suptitle(
        "The better, the further up and to the right: the target is gone and everything else is kept\n"
        f"Shaded: UA of at least {FORGOTTEN:g} and CRA of at least {KEPT:g}. Judge {parameters.judge}; "
        f"protocol \u201c{result.notes['protocol']}\u201d.\n"
        "Small: one concept; large: mean of a method. Where enlarged, methods are drawn apart sideways; no value is above 1.",
        fontsize=10,
    )
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, methods: list[str], step: float) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((FORGOTTEN, KEPT), 0.15, 0.2, facecolor=YELLOW, alpha=0.35, zorder=0))
    centres = rows.groupby("method")[["ua", "cra"]].mean()
    shown = [m for m in methods if m in centres.index and (centres.loc[m] >= NEAR[0]).all()]
    for method in methods:
        own = rows[rows["method"] == method]
        if own.empty:
            continue
        star = ROLES.role(method) == RETRAINED
        shift = step * (shown.index(method) - (len(shown) - 1) / 2) if method in shown and not star else 0.0
        style = look(method, methods)
        axes.scatter(own["ua"] + shift, own["cra"], s=26 if not star else 60, alpha=0.55, zorder=2, linewidths=0.6, **style)
        x, y = own[["ua", "cra"]].to_numpy(float).mean(axis=0)
        axes.scatter([x + shift], [y], s=120 if not star else 320, zorder=5 if star else 4, linewidths=1.1, **style)
        if star:
            axes.axvline(x, color=INK, linewidth=1, linestyle=":", zorder=1)
            axes.axhline(y, color=INK, linewidth=1, linestyle=":", zorder=1)
    axes.set_xlim(-0.06, 1.06)
    axes.set_ylim(min(0.0, float(rows["cra"].min())) - 0.04, 1.05)
    axes.grid(True)


TEMPLATE = CanvasTemplate(
    "UnlearnCanvasForgetRetain", "Forgetting against retention", JudgedParameters, compute, draw, ("concepts",),
)  # fmt: skip

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
STEP = 0.004  # by which methods are drawn apart: shares of few images take few values


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
    """A panel per kind; small: a concept, large: the mean of a method; shaded: where a useful method lies."""
    from matplotlib.figure import Figure

    data = result.table
    kinds = [kind for kind in ATTRIBUTES if (data["kind"] == kind).any()]
    figure = Figure(figsize=(12.5, 5.4), dpi=DPI, layout="constrained")
    panels = figure.subplots(1, len(kinds), squeeze=False, sharey=True)[0]
    methods = list(dict.fromkeys(data["method"]))
    for axes, kind in zip(panels, kinds, strict=True):
        _panel(axes, data[data["kind"] == kind], methods)
        axes.set_title(KINDS[kind])
        axes.set_xlabel("Unlearning accuracy (UA): share of images of the target\nin which the judge does not see it")
    panels[0].set_ylabel("Cross-domain retain accuracy (CRA): share of other\nimages in which the other kind is still recognised")
    handles = [panels[0].scatter([], [], s=60, label=row_name(method), **look(method, methods)) for method in methods]
    handles.append(panels[0].scatter([], [], s=12, color=INK, label="small: one concept; large: mean"))
    figure.legend(handles=handles, loc="outside right upper", labelspacing=0.7, fontsize=9)
    figure.suptitle(
        "The better, the further up and to the right: the target is gone and everything else is kept\n"
        f"Shaded: UA of at least {FORGOTTEN:g} and CRA of at least {KEPT:g}. Judge {parameters.judge}; "
        f"protocol `{result.notes['protocol']}`.",
        fontsize=10,
    )
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, methods: list[str]) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((FORGOTTEN, KEPT), 0.15, 0.2, facecolor=YELLOW, alpha=0.35, zorder=0))
    for place, method in enumerate(methods):
        own, shift = rows[rows["method"] == method], STEP * (place - (len(methods) - 1) / 2)
        if own.empty:
            continue
        star = ROLES.role(method) == RETRAINED
        style = look(method, methods)
        axes.scatter(own["ua"] + shift, own["cra"], s=26 if not star else 60, alpha=0.55, zorder=2, linewidths=0.6, **style)
        centre = own[["ua", "cra"]].mean()
        axes.scatter(
            [centre["ua"]], [centre["cra"]], s=120 if not star else 320, zorder=5 if star else 4, linewidths=1.1, **style
        )
        if star:
            where = {"xytext": (0, -22), "textcoords": "offset points", "ha": "center", "fontsize": 9}
            axes.annotate("retrained", (centre["ua"], centre["cra"]), **where)
    axes.set_xlim(-0.06, 1.06)
    axes.set_ylim(min(0.0, float(rows["cra"].min())) - 0.04, 1.05)
    axes.grid(True)


TEMPLATE = CanvasTemplate(
    "UnlearnCanvasForgetRetain", "Forgetting against retention", JudgedParameters, compute, draw, ("concepts",),
)  # fmt: skip

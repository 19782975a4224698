"""The interference matrix of concepts: which of the others loses accuracy when one is forgotten."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lethe.benchmarks.unlearncanvas.answers import BASE, right
from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES
from lethe.benchmarks.unlearncanvas.figures.words import in_order, row_name
from lethe.benchmarks.unlearncanvas.interference import accuracy_lost, values_of
from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, CanvasTemplate, JudgedParameters
from lethe.figures.colours import DIVERGING, GREY, INK, WHITE, reverse
from lethe.figures.footnote import footnote
from lethe.figures.style import DPI, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

COLUMNS = 3  # panels side by side
SIDE, LARGE = 0.185, 0.5  # inches of a cell: of several panels, of one
MOST_NUMBERS = 20  # values; of more, numbers do not fit their cells
GAINED = 0.1  # accuracy from where on a gain is marked
DARK = 0.6  # from where on numbers are white


def compute(parameters: JudgedParameters, data: CanvasData, inference: Inference) -> Result:
    """One row per method, forgotten concept and value: ``method, emitter, emitter_kind, receiver, receiver_kind, lost``."""
    canvas, rows = data.canvas, []
    cells, values = len(canvas.styles), values_of(canvas)
    base = right(data.answers[BASE], cells, parameters.judge)
    for method in in_order(parameters.methods):
        found = right(data.answers[method], cells, parameters.judge)
        concepts = [c for c in canvas.reported(data.tuning) if c.kind in ATTRIBUTES and c.index in found.concepts]
        lost = accuracy_lost(found, base, canvas, concepts)
        for concept, of_values in zip(concepts, lost, strict=True):
            emitter = {"method": method, "emitter": concept.style or concept.object, "emitter_kind": concept.kind}
            for value, number in zip(values, of_values, strict=True):
                rows.append(emitter | {"receiver": value.name, "receiver_kind": value.kind, "lost": number})
    return Result((), tuple(rows), notes={"photo": canvas.photo})


@styled
def draw(result: Result, parameters: JudgedParameters, pictures: Pictures) -> Figure:
    """Rows: what is forgotten; columns: what is asked for; outlined: the forgotten concept itself. Numbers where there is one panel."""
    from matplotlib.figure import Figure

    data = result.table
    every = list(dict.fromkeys(data["method"]))
    still = [method for method in every if (data.loc[data["method"] == method, "lost"] == 0).all()]
    methods = [method for method in every if method not in still] or every
    receivers = data[["receiver_kind", "receiver"]].drop_duplicates()
    emitters = receivers[receivers["receiver"].isin(data["emitter"])].set_axis(["emitter_kind", "emitter"], axis=1)
    one = len(methods) == 1
    side, columns = LARGE if one else SIDE, min(COLUMNS, len(methods))
    lines = math.ceil(len(methods) / columns)
    width, height = side * len(receivers), side * len(emitters)
    size = (columns * (width + 0.25) + (4.2 if one else 2.6), lines * (height + 0.42) + 2.5)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    image = None
    for place, (axes, method) in enumerate(zip(grid, methods, strict=False)):
        image = _panel(axes, data[data["method"] == method], emitters, receivers, one)
        left, lowest = place % columns == 0, place + columns >= len(methods)
        axes.set_yticks(range(len(emitters)), emitters["emitter"] if left else [""] * len(emitters))
        axes.set_xticks(range(len(receivers)), receivers["receiver"] if lowest else [""] * len(receivers), rotation=90)
        axes.set_title(row_name(method), fontsize=10)
        if left:
            axes.set_ylabel("forgotten", fontsize=9)
        if lowest:
            axes.set_xlabel("asked for: styles | objects", fontsize=9)
    for axes in grid[len(methods) :]:
        axes.set_axis_off()
    assert image is not None  # `Names` holds one at least
    bar = figure.colorbar(image, ax=list(grid), shrink=0.6 if lines > 1 else 0.95, aspect=30)
    bar.set_label("accuracy lost against the base\n(blue: gained)", fontsize=9)
    figure.suptitle(
        "How much accuracy every style and object loses when one is forgotten\n"
        f"Outlined: the forgotten one itself, where red is wanted. Elsewhere red is harm.\nJudge {parameters.judge}; "
        "images that show the forgotten one are left out elsewhere; grey: no such model; plus: gained.",
        fontsize=10,
    )
    footnote(figure, [f"not drawn: {row_name(method)}: 0 in every cell" for method in still if method not in methods], most=1)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, emitters: pd.DataFrame, receivers: pd.DataFrame, numbers: bool) -> AxesImage:
    import matplotlib as mpl
    from matplotlib.patches import Rectangle

    table = rows.set_index(["emitter_kind", "emitter", "receiver_kind", "receiver"])["lost"].to_dict()
    down, across = (list(frame.itertuples(index=False, name=None)) for frame in (emitters, receivers))
    values = np.array([[table.get((*row, *column), np.nan) for column in across] for row in down])
    colours = mpl.colormaps[reverse(DIVERGING)].with_extremes(bad=GREY)
    image = axes.imshow(np.ma.masked_invalid(values), cmap=colours, vmin=-1, vmax=1, aspect="equal", interpolation="nearest")
    for i, row in enumerate(down):
        if row in across:
            axes.add_patch(Rectangle((across.index(row) - 0.5, i - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=1.2))
    axes.axvline(sum(kind == "style" for kind, _ in across) - 0.5, color=INK, linewidth=1)
    axes.axhline(sum(kind == "style" for kind, _ in down) - 0.5, color=INK, linewidth=1)
    if numbers and len(across) <= MOST_NUMBERS:
        for (i, j), value in np.ndenumerate(values):
            if np.isfinite(value):
                ink = WHITE if abs(value) > DARK else INK
                axes.text(j, i, f"{value:.2f}".replace("-0.00", "0.00"), ha="center", va="center", fontsize=8, color=ink)
    else:  # for readers without colours: what was gained
        y, x = np.nonzero(values < -GAINED)
        axes.scatter(x, y, marker="+", s=14, color=INK, linewidths=0.8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image


TEMPLATE = CanvasTemplate(
    "UnlearnCanvasMatrix", "Interference of concepts", JudgedParameters, compute, draw, answers=True,
)  # fmt: skip

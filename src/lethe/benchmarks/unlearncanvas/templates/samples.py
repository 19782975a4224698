"""The world itself: what the base draws of every style and object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from lethe.benchmarks.unlearncanvas.answers import BASE
from lethe.benchmarks.unlearncanvas.interference import values_of
from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, CanvasParameters, CanvasTemplate
from lethe.core.records import ImageKey
from lethe.figures.style import DPI, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.figures.text import shortened
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL, LEFT, TOP = 0.95, 1.1, 0.75  # inches: one picture, names of rows, heading


class SamplesParameters(CanvasParameters):
    """Pictures of the base."""

    seed: int = Field(description="seed of the pictures")


def compute(parameters: SamplesParameters, data: CanvasData, inference: Inference) -> Result:
    """One row per cell: ``row, cell, style, object, seed, member``; styles with the photo first."""
    canvas, rows = data.canvas, []
    values = values_of(canvas)
    for thing in (name for kind, name in values if kind == "object"):
        for style in (name for kind, name in values if kind == "style"):
            for cell in np.flatnonzero((canvas.styles == style) & (canvas.objects == thing)).tolist():
                member = ImageKey(cell, parameters.seed).file_name
                asked = {"row": BASE, "cell": cell, "style": style, "object": thing, "seed": parameters.seed}
                rows.append(asked | {"member": member})
    return Result((), tuple(rows), notes={"shards": [BASE]})


@styled
def draw(result: Result, parameters: SamplesParameters, pictures: Pictures) -> Figure:
    """Rows are objects, columns styles. Pixels are not smoothed; a cell that is never asked for is empty."""
    from matplotlib.figure import Figure

    data = result.table
    styles, things = list(dict.fromkeys(data["style"])), list(dict.fromkeys(data["object"]))
    width, height = LEFT + CELL * len(styles) + 0.1, TOP + CELL * len(things) + 0.1
    figure = Figure(figsize=(width, height), dpi=DPI)
    margins = {"left": LEFT / width, "right": 1 - 0.1 / width, "bottom": 0.1 / height, "top": 1 - TOP / height}
    grid = figure.subplots(len(things), len(styles), squeeze=False, gridspec_kw=margins | {"wspace": 0.06, "hspace": 0.06})
    members = data.set_index(["object", "style"])["member"].to_dict()
    for line, thing in zip(grid, things, strict=True):
        for axes, style in zip(line, styles, strict=True):
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            if (thing, style) in members:
                axes.imshow(pictures[BASE, members[thing, style]], interpolation="nearest")
        where = {"transform": line[0].transAxes, "ha": "right", "va": "center", "fontsize": 10}
        line[0].text(-0.1, 0.5, shortened(thing, 12), **where)
    for axes, style in zip(grid[0], styles, strict=True):
        axes.set_title(shortened(style, 12), fontsize=10, pad=4)
    said = f"What the base draws of every object (rows) in every style (columns), before anything is forgotten; seed {parameters.seed}"
    figure.text(0.1 / width, 1 - 0.1 / height, said, fontsize=10, va="top")
    return figure


TEMPLATE = CanvasTemplate(
    "UnlearnCanvasSamples", "The world as the base draws it", SamplesParameters, compute, draw, images=True,
)  # fmt: skip

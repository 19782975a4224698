"""The pictures themselves: what the base, the retrained model and every method draw when one concept is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from lethe.benchmarks.unlearncanvas.answers import BASE
from lethe.benchmarks.unlearncanvas.concepts import Canvas, Concept, other
from lethe.benchmarks.unlearncanvas.figures.words import in_order, row_name
from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, CanvasParameters, CanvasTemplate
from lethe.core.records import ImageKey
from lethe.figures.colours import FRAME, INK
from lethe.figures.style import DPI, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.figures.text import wrapped
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN, OTHERS = 4, 5  # columns: cells that show what is forgotten, and cells that do not
CELL, LEFT, TOP = 0.95, 2.55, 1.25  # inches: one picture, names of rows, headings


class GridParameters(CanvasParameters):
    """Pictures of one forgotten concept, a row per method."""

    concept: int = Field(ge=0, description="index of the emitter that is forgotten")
    seed: int = Field(description="seed of the pictures")


def columns_of(canvas: Canvas, concept: Concept) -> list[tuple[bool, int]]:
    """``(whether it shows the concept, cell)`` of every column, chosen by rule: never by eye.

    First cells of the concept, spread evenly over the other attribute. Then as many other values of its own attribute as fit, the photo
    first, each in the next value of the other attribute, so that what is kept is seen on the same objects or styles.
    """
    cells, own, cross = np.arange(len(canvas.styles)), canvas.values(concept.kind), canvas.values(other(concept.kind))
    covers = np.asarray(concept.covers)
    shown = covers[np.unique(np.linspace(0, len(covers) - 1, min(SHOWN, len(covers))).round().astype(int))]
    kept = sorted(dict.fromkeys(own[~canvas.covered(concept)].tolist()), key=lambda value: value != canvas.photo)
    places = np.unique(np.linspace(0, len(kept) - 1, min(OTHERS, len(kept))).round().astype(int))
    found = [(True, int(cell)) for cell in shown]
    for number, place in enumerate(places):
        wanted = cross[shown[number % len(shown)]]
        match = cells[(own == kept[place]) & (cross == wanted)]
        found += [(False, int(cell)) for cell in match[:1]]
    return found


def compute(parameters: GridParameters, data: CanvasData, inference: Inference) -> Result:
    """One row per picture: ``row`` (the base or a method), ``column, shows, cell, style, object, seed, member``."""
    canvas = data.canvas
    [concept] = [concept for concept in canvas.concepts if concept.index == parameters.concept]
    chosen = columns_of(canvas, concept)
    rows = [
        {
            "row": row,
            "column": place,
            "shows": shows,
            "cell": cell,
            "style": str(canvas.styles[cell]),
            "object": str(canvas.objects[cell]),
            "seed": parameters.seed,
            "member": ImageKey(cell, parameters.seed).file_name,
        }
        for row in in_order([BASE, *parameters.methods])
        for place, (shows, cell) in enumerate(chosen)
    ]
    return Result((), tuple(rows), notes={"concept": concept.name, "kind": concept.kind, "shards": [BASE, *parameters.methods]})


@styled
def draw(result: Result, parameters: GridParameters, pictures: Pictures) -> Figure:
    """Framed columns show what is forgotten; the others must stay as in the first row. Pixels are not smoothed."""
    from matplotlib.figure import Figure

    data = result.table
    rows, columns = list(dict.fromkeys(data["row"])), data[data["row"] == data["row"].iloc[0]]
    width, height = LEFT + CELL * len(columns) + 0.15, TOP + CELL * len(rows) + 0.1
    figure = Figure(figsize=(width, height), dpi=DPI)
    margins = {"left": LEFT / width, "right": 1 - 0.15 / width, "bottom": 0.1 / height, "top": 1 - TOP / height}
    grid = figure.subplots(len(rows), len(columns), squeeze=False, gridspec_kw=margins | {"wspace": 0.07, "hspace": 0.07})
    for line, row in zip(grid, rows, strict=True):
        for axes, member, shows in zip(line, columns["member"], columns["shows"], strict=True):
            axes.imshow(pictures[row, member], interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            for spine in axes.spines.values():
                spine.set(visible=bool(shows), edgecolor=FRAME, linewidth=3)
        where = {"transform": line[0].transAxes, "ha": "right", "va": "center", "fontsize": 10}
        line[0].text(-0.12, 0.5, wrapped(row_name(row), 26, 3), **where)
    for axes, style, thing in zip(grid[0], columns["style"], columns["object"], strict=True):
        axes.set_title(f"{wrapped(thing, 11, 1)}\n{wrapped(style, 11, 1)}", fontsize=9, pad=4)
    _headings(figure, list(grid[0]), columns["shows"].tolist(), result.notes["concept"], height)
    kind = result.notes["kind"]
    said = f"The {kind} \u201c{result.notes['concept']}\u201d is forgotten. All pictures begin with the same noise (seed {parameters.seed})."
    figure.text(0.1 / width, 1 - 0.1 / height, said, fontsize=11, va="top")
    return figure


def _headings(figure: Figure, top: list[Axes], shows: list[bool], name: str, height: float) -> None:
    """Over the columns of each sort: what they are, and a line that spans them."""
    from matplotlib.lines import Line2D

    texts = {True: f"asked for {name}: must change", False: "must stay as the base draws it"}
    for sort in dict.fromkeys(shows):
        places = [place for place, found in enumerate(shows) if found == sort]
        left, right = top[places[0]].get_position().x0, top[places[-1]].get_position().x1
        y = 1 - 0.76 / height
        figure.add_artist(Line2D([left, right], [y, y], color=FRAME if sort else INK, linewidth=2))
        figure.text((left + right) / 2, 1 - 0.7 / height, texts[sort], ha="center", va="bottom", fontsize=10)


TEMPLATE = CanvasTemplate(
    "UnlearnCanvasGrid", "Pictures of one forgotten concept", GridParameters, compute, draw, images=True,
)  # fmt: skip

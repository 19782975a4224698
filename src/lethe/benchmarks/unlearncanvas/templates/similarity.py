"""Does harm follow the similarity of styles, and of objects? I-CARE's question, asked of every method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lethe.benchmarks.unlearncanvas.answers import BASE, probability, right
from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES
from lethe.benchmarks.unlearncanvas.figures.words import in_order, look, row_name
from lethe.benchmarks.unlearncanvas.interference import accuracy_lost
from lethe.benchmarks.unlearncanvas.similarity import compared, follow, similarity, square
from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, CanvasTemplate, JudgedParameters
from lethe.figures.colours import GREY, INK
from lethe.figures.style import DPI, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.statistics.entity_tests import FEWEST
from lethe.statistics.resampling import Inference, q_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HARMS = {"accuracy": right, "probability": probability}  # what is lost -> how it is read from answers
TITLES = {"style": "styles", "object": "objects"}
COLUMNS = ("kind", "features", "harm", "method", "concepts", "pairs", "rho", "low", "high", "p", "q")
LINE = 0.27  # inches of a row


def compute(parameters: JudgedParameters, data: CanvasData, inference: Inference) -> Result:
    """One row per kind, harm and method: Spearman's rho of harm and similarity over pairs, its interval, p, and q of all tests."""
    assert data.real is not None, "the template reads real images"
    canvas, rows = data.canvas, []
    cells, judge = len(canvas.styles), parameters.judge
    for kind in ATTRIBUTES:
        if len(compared(canvas, kind)) < FEWEST:
            continue
        features = getattr(data.judges[-1], kind)  # of the last judge, so that it is not the benchmark's who tells similarity too
        alike = similarity(data.real, features, canvas, kind)
        for harm, read in HARMS.items():
            base = read(data.answers[BASE], cells, judge)
            for method in in_order(parameters.methods):
                found = read(data.answers[method], cells, judge)
                concepts = [c for c in canvas.reported(data.tuning) if c.kind == kind and c.index in found.concepts]
                lost = square(accuracy_lost(found, base, canvas, concepts), concepts, canvas, kind)
                named: dict[str, Any] = {"kind": kind, "features": features, "harm": harm, "method": method}
                rows.append(named | follow(lost, alike, inference))
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["q"] = q_values(table["p"])
    return Result.of_table(
        table, {"level": 1 - inference.alpha, "alpha": inference.alpha, "tests": int(table["p"].notna().sum())}
    )


@styled
def draw(result: Result, parameters: JudgedParameters, pictures: Pictures) -> Figure:
    """A line of panels per kind, a panel per harm, a row per method; full: q below the level, hollow: not."""
    from matplotlib.figure import Figure

    data = result.table
    kinds = list(dict.fromkeys(data["kind"]))
    methods = list(dict.fromkeys(data["method"]))
    figure = Figure(figsize=(10.5, 2.0 + len(kinds) * (LINE * len(methods) + 0.9)), dpi=DPI, layout="constrained")
    grid = figure.subplots(len(kinds), len(HARMS), squeeze=False, sharex=True)
    for line, kind in zip(grid, kinds, strict=True):
        for axes, harm in zip(line, HARMS, strict=True):
            own = data[(data["kind"] == kind) & (data["harm"] == harm)]
            _panel(axes, own, methods, result.notes["alpha"])
            axes.set_title(f"{TITLES[kind]}: {harm} lost", fontsize=10)
            axes.set_yticks(range(len(methods)), [row_name(m) for m in methods] if axes is line[0] else [""] * len(methods))
    for axes in grid[-1]:
        axes.set_xlabel("Spearman's rho of harm and similarity\n(right: what is alike is harmed more)", fontsize=9)
    figure.suptitle(
        "Does harm follow similarity? A pair: what is forgotten, and another style (object) of which images are asked for\n"
        f"Harm: to judge {parameters.judge}. Similarity: cosine of mean features of real images, in {' and '.join(dict.fromkeys(data['features']))}. "
        f"Line: {100 * result.notes['level']:g} % interval.\n"
        f"Full: q below {result.notes['alpha']:g} (permutation of whole styles or objects; {result.notes['tests']} tests); hollow: not.",
        fontsize=10,
    )
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, methods: list[str], alpha: float) -> None:
    axes.axvline(0, color=INK, linewidth=0.8)
    for place, method in enumerate(methods):
        row = rows[rows["method"] == method].iloc[0]
        if not np.isfinite(row["rho"]):
            axes.text(0.03, place, "the same everywhere", va="center", fontsize=7.5, color=INK, alpha=0.7)
            continue
        if np.isfinite(row["low"]):
            axes.plot([row["low"], row["high"]], [place, place], color=GREY, linewidth=2, zorder=2, solid_capstyle="butt")
        colour = next(iter({look(method, methods).get(key) for key in ("facecolors", "color")} - {None, "none"}), INK)
        full = row["q"] < alpha
        axes.scatter(
            [row["rho"]], [place], s=46, zorder=3, edgecolors=INK, facecolors=colour if full else "white", linewidths=1.1
        )
    axes.set_xlim(-1.03, 1.03)
    axes.set_ylim(len(methods) - 0.5, -0.5)
    axes.grid(True, axis="x")
    axes.tick_params(axis="y", length=0)


TEMPLATE = CanvasTemplate(
    "UnlearnCanvasSimilarity", "Harm against similarity", JudgedParameters, compute, draw, answers=True, real=True,
)  # fmt: skip

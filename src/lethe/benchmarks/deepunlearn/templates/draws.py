"""Whether the order of methods holds over fresh draws of label noise, training subset and forget set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lethe.benchmarks.deepunlearn.figures.style import REFERENCES, look, title
from lethe.benchmarks.deepunlearn.templates.base import OneStudy, StudyTemplate, Tables
from lethe.classifiers.methods import LOOKS
from lethe.figures.colours import EDGE
from lethe.figures.footnote import footnote, meanings
from lethe.figures.outliers import cut
from lethe.figures.style import DPI, WIDTH, styled
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def data(draws: pd.DataFrame) -> pd.DataFrame:
    """One row per method and draw: ``method, draw, gap, low, high``; the method with the smallest mean first, then both references.

    Args:
        draws: of ``lethe.benchmarks.deepunlearn.draws.compare_draws``.
    """
    rows = draws[draws["measure"] == "gap"].rename(columns={"mean": "gap"})[["method", "draw", "gap", "low", "high"]]
    overall = rows["method"].map(rows.groupby("method")["gap"].mean())
    last = rows["method"].isin(REFERENCES)
    order = rows.assign(overall=overall, last=last).sort_values(["last", "overall", "draw"], kind="stable", ignore_index=True)
    return order.drop(columns=["overall", "last"])


@styled
def draw(data: pd.DataFrame) -> Figure:
    """A row per method, in it a point and an interval per draw, the first one above. Outliers are numbers at the edge."""
    from matplotlib.figure import Figure

    methods, draws = list(dict.fromkeys(data["method"])), sorted(data["draw"].unique())
    figure = Figure(figsize=(WIDTH, 1.4 + 0.34 * len(methods)), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    _, most = cut(data["gap"].to_numpy(float))
    inside = data[data["gap"] <= most]
    right = 1.06 * float(np.nanmax([most, *inside["high"]]))
    for place, method in enumerate(methods):
        style = look(method)
        if place % 2 == 0:
            axes.axhspan(place - 0.5, place + 0.5, color=EDGE, alpha=0.2, linewidth=0, zorder=0)
        for number, row in enumerate(data[data["method"] == method].itertuples()):
            y = place + (number - (len(draws) - 1) / 2) * 0.8 / len(draws)
            if not row.gap <= most:  # an outlier, or no value
                continue
            axes.plot([row.low, row.high], [y, y], color=style["color"], linewidth=1.2, zorder=2, solid_capstyle="butt")
            axes.scatter([row.gap], [y], s=20, color=style["color"], marker=style["marker"], zorder=3, linewidths=0)
        outside = data.loc[(data["method"] == method) & (data["gap"] > most), "gap"]
        if len(outside):
            ends = dict.fromkeys(f"{end:.2f}" for end in (outside.min(), outside.max()))
            axes.annotate(f"{' to '.join(ends)} >", (right, place), ha="right", va="center", fontsize=8.5)
    axes.set_xlim(0, right)
    axes.set_yticks(range(len(methods)), [title(method) for method in methods])
    axes.set_ylim(len(methods) - 0.5, -0.5)
    axes.set_xlabel(
        f"gap to the retrained models (lower is better)\neach of {len(draws)} draws of its own, with the 95 % interval over seeds"
    )
    axes.tick_params(axis="y", length=0)
    axes.grid(True, axis="x")
    footnote(
        figure,
        ["gap: mean distance of accuracies and attack to the retrained models. A number at the edge lies beyond it."],
        most=1,
    )
    footnote(figure, meanings(methods, LOOKS))
    return figure


def compute(parameters: OneStudy, tables: Tables, inference: Inference) -> Result:
    """Rows: see ``data``."""
    return Result.of_table(data(tables["draws"]))


TEMPLATE = StudyTemplate(
    "DeepUnlearnDraws", "Fresh draws", OneStudy, compute,
    lambda result, parameters, pictures: draw(result.table), {"draws": "tables/deepunlearn_draws_{study}.csv"},
)  # fmt: skip

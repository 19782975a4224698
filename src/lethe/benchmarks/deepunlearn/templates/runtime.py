"""What speed costs: run time against retention deviation and against indiscernibility."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lethe.benchmarks.deepunlearn.figures.style import RETRAINED, label_points
from lethe.benchmarks.deepunlearn.templates import retdev_indisc
from lethe.benchmarks.deepunlearn.templates.base import OneStudy, StudyTemplate, Tables
from lethe.benchmarks.deepunlearn.templates.retdev_indisc import positions, scatter
from lethe.figures.colours import INK
from lethe.figures.style import DPI, WIDTH, plain_powers, styled
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = {
    "retdev": "retention deviation (lower is better)",
    "indisc": "indiscernibility (higher is better)",
}


def data(summary: pd.DataFrame, runtime: pd.DataFrame) -> pd.DataFrame:
    """One row per method that was timed: ``method, seconds, rte``, then the columns of the scatter figure.

    Args:
        summary: of ``lethe.classifiers.scores.summarise``, rows of one data set and architecture.
        runtime: of ``lethe.classifiers.scores.runtime_table``. A method that is in one table only is left out.
    """
    quality = retdev_indisc.quality(summary)
    return runtime[["method", "seconds", "rte"]].merge(quality, on="method", how="inner")


@styled
def draw(data: pd.DataFrame) -> Figure:
    """Two panels over seconds (logarithmic). Outliers are arrowheads at the edge with their number; dotted: retraining's time."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 9.4), dpi=DPI, layout="constrained")
    panels = figure.subplots(2, 1, sharex=True)
    seconds = data["seconds"].to_numpy(float)
    reference = data.loc[data["method"] == RETRAINED, "seconds"]
    for axes, (name, label) in zip(panels, PANELS.items(), strict=True):
        axes.set_xscale("log")
        plain_powers(axes.xaxis)
        axes.set_xlim(seconds.min() / 1.5, seconds.max() * 1.5)
        for value in reference:
            axes.axvline(value, color=INK, linewidth=1, linestyle=":", zorder=1)
        note = scatter(axes, data, "seconds", name, logarithmic=True)
        if note:
            axes.set_title(f"not shown, no value: {note}", loc="left", fontsize=9)
        axes.set_ylabel(label)
        axes.grid(True)
    panels[1].set_xlabel(
        "seconds to unlearn, without the search for hyper-parameters" + ("; dotted: retraining" if len(reference) else "")
    )
    for axes, name in zip(panels, PANELS, strict=True):
        label_points(figure, axes, positions(axes, data, "seconds", name))
    return figure


def compute(parameters: OneStudy, tables: Tables, inference: Inference) -> Result:
    """Rows: see ``data``; methods without a run time are left out."""
    summary = tables["methods"]
    return Result.of_table(data(summary, summary.dropna(subset="seconds")))


TEMPLATE = StudyTemplate(
    "DeepUnlearnRunTime", "Run time", OneStudy, compute,
    lambda result, parameters, pictures: draw(result.table), {"methods": "tables/deepunlearn_{study}.csv"},
)  # fmt: skip

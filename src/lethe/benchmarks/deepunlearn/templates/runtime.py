"""What speed costs: run time against retention deviation and against indiscernibility."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lethe.benchmarks.deepunlearn.figures.style import RETRAINED, label_points
from lethe.benchmarks.deepunlearn.templates import retdev_indisc
from lethe.benchmarks.deepunlearn.templates.base import OneStudy, StudyTemplate, Tables
from lethe.benchmarks.deepunlearn.templates.retdev_indisc import NO_RETDEV, positions, scatter
from lethe.classifiers.methods import LOOKS
from lethe.figures.colours import EDGE, INK
from lethe.figures.footnote import footnote, meanings
from lethe.figures.style import DPI, WIDTH, styled
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = {
    "retdev": "retention deviation\n(0: accuracies of the retrained models)",
    "indisc": "indiscernibility\n(1: a membership attack is a coin)",
}


def data(summary: pd.DataFrame, runtime: pd.DataFrame, floor: pd.DataFrame) -> pd.DataFrame:
    """One row per method that was timed: ``method, seconds, rte``, then the columns of the scatter figure, with its floors.

    Args:
        summary: of ``lethe.classifiers.scores.summarise``, rows of one data set and architecture.
        runtime: of ``lethe.classifiers.scores.runtime_table``. A method that is in one table only is left out.
        floor: of ``lethe.classifiers.distance.noise_floor``.
    """
    quality = retdev_indisc.with_floor(retdev_indisc.quality(summary), floor)
    return runtime[["method", "seconds", "rte"]].merge(quality, on="method", how="inner")


@styled
def draw(data: pd.DataFrame) -> Figure:
    """A panel for each quality that has values, over seconds (logarithmic); dotted: retraining's time.

    Outliers are arrowheads at the edge with their number.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    shown = [name for name in PANELS if data[name].notna().any()] or list(PANELS)
    figure = Figure(figsize=(WIDTH, 3.8 * len(shown)), dpi=DPI, layout="constrained")
    panels = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    seconds = data["seconds"].to_numpy(float)
    reference = data.loc[data["method"] == RETRAINED, "seconds"]
    for axes, name in zip(panels, shown, strict=True):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlim(seconds.min() / 1.5, seconds.max() * 1.5)
        for value in reference:
            axes.axvline(value, color=INK, linewidth=1, linestyle=":", zorder=1)
        for _, row in data.dropna(subset=[f"{name}_floor"]).iterrows():
            ends = row[name] - row[f"{name}_floor"], row[name] + row[f"{name}_floor"]
            axes.axhspan(*ends, color=EDGE, alpha=0.3, linewidth=0, zorder=0)
        note = scatter(axes, data, "seconds", name, logarithmic=True)
        if note:
            axes.set_title(f"not shown, no value: {note}", loc="left", fontsize=9)
        axes.set_ylabel(PANELS[name])
        axes.grid(True)
    panels[-1].set_xlabel(
        "seconds to unlearn, without the search for hyper-parameters" + ("; dotted: retraining" if len(reference) else "")
    )
    for axes, name in zip(panels, shown, strict=True):
        label_points(figure, axes, positions(axes, data, "seconds", name))
    told = ["Grey: what 95 % of retrained models of two seeds differ by. Lines: 95 % intervals over seeds."]
    footnote(figure, told + ([NO_RETDEV] if "retdev" not in shown else []), most=1)
    footnote(figure, meanings(data["method"], LOOKS))
    return figure


def compute(parameters: OneStudy, tables: Tables, inference: Inference) -> Result:
    """Rows: see ``data``; methods without a run time are left out."""
    summary = tables["methods"]
    return Result.of_table(data(summary, summary.dropna(subset="seconds"), tables["floor"]))


TEMPLATE = StudyTemplate(
    "DeepUnlearnRunTime", "Run time", OneStudy, compute,
    lambda result, parameters, pictures: draw(result.table), {
        "methods": "tables/deepunlearn_{study}.csv",
        "floor": "tables/deepunlearn_floor_{study}.csv",
    },
)  # fmt: skip

"""Accuracy of unlearned models less that of retrained ones, on forget, retain and test samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lethe.benchmarks.deepunlearn.figures.style import ORIGINAL, RETRAINED, look, one_setting, span, title
from lethe.benchmarks.deepunlearn.templates.base import OneStudy, StudyTemplate, Tables
from lethe.classifiers.methods import LOOKS
from lethe.figures.colours import EDGE, INK
from lethe.figures.footnote import footnote, meanings
from lethe.figures.style import DPI, WIDTH, styled
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLLAPSED = 50  # points of the retain accuracy: who loses more no longer tells classes apart
QUANTITIES = {"FA": "forget", "RA": "retain", "TA": "test"}


def data(scores: pd.DataFrame, floor: pd.DataFrame) -> pd.DataFrame:
    """One row per method and quantity: ``method, quantity, gap, low, high, seeds, floor``; closest method first.

    ``gap`` is the mean over seeds of the difference to the retrained model of the same seed, in percentage points; ``low`` and ``high`` are
    its 95 % t-interval; ``floor`` is what 95 % of retrained models of two seeds differ by at most. Methods are sorted by the sum of absolute
    gaps, ``original`` is last.

    Args:
        scores: rows of ``lethe.classifiers.scores.score_models`` of one data set and architecture, with ``retrained``.
        floor: of ``lethe.classifiers.distance.noise_floor``.
    """
    from lethe.classifiers.distance import per_seed
    from lethe.classifiers.scores import mean_interval

    one_setting(scores)
    models = per_seed(scores)
    reference = models[models["method"] == RETRAINED].set_index("seed")
    p95 = 100 * floor.set_index("measure")["p95"]
    rows = []
    for method, group in models[models["method"] != RETRAINED].groupby("method", sort=False):
        for name, quantity in QUANTITIES.items():
            gaps = 100 * (group[name].to_numpy(float) - reference.loc[group["seed"], name].to_numpy(float))
            rows.append([method, quantity, *mean_interval(gaps), len(group), p95[name]])
    table = pd.DataFrame(rows, columns=["method", "quantity", "gap", "low", "high", "seeds", "floor"])
    distance = table.assign(gap=table["gap"].abs()).groupby("method")["gap"].sum()
    last = table["method"].eq(ORIGINAL)
    order = table.assign(last=last, distance=table["method"].map(distance))
    return order.sort_values(["last", "distance"], kind="stable", ignore_index=True).drop(columns=["last", "distance"])


@styled
def draw(data: pd.DataFrame) -> Figure:
    """A row per method, a panel per quantity, a bar for the interval. Outliers are arrowheads at the edge with their number."""
    from matplotlib.figure import Figure

    methods = list(dict.fromkeys(data["method"]))
    figure = Figure(figsize=(WIDTH, 1.5 + 0.27 * len(methods)), dpi=DPI, layout="constrained")
    panels = figure.subplots(1, len(QUANTITIES), sharey=True)
    for axes, quantity in zip(panels, QUANTITIES.values(), strict=True):
        rows = data[data["quantity"] == quantity].set_index("method").loc[methods]
        _panel(axes, rows)
        axes.set_title(f"{quantity} accuracy")
    panels[0].set_yticks(range(len(methods)), [title(method) for method in methods])
    panels[0].set_ylim(len(methods) - 0.4, -0.6)
    panels[1].set_xlabel(
        "difference to the retrained models of the same seed, percentage points\n"
        "(bar: 95 % interval of the mean; grey: 95 % of retrained models of two seeds)"
    )
    lost = data[(data["quantity"] == "retain") & (data["gap"] < -COLLAPSED)]
    told = [
        f"{title(row['method'])}: {-row['gap']:.0f} points of the retain accuracy are lost, so the model no longer works and forgets by that."
        for _, row in lost.iterrows()
    ]
    footnote(figure, ["Closest method on top (sum of the three distances); 0 is what exact unlearning gives.", *told], most=1)
    footnote(figure, meanings(methods, LOOKS))
    return figure


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    found = [
        value
        for value in span(rows.reset_index().rename(columns={"low": "gap_low", "high": "gap_high"}), "gap")
        if np.isfinite(value)
    ]
    low, high = min(0.0, *found, 0.0), max(0.0, *found, 0.0)
    shown = (rows["gap"] >= low) & (rows["gap"] <= high)
    pad = 0.06 * max(high - low, 1.0) + 0.12 * max(high - low, 1.0) * float(not shown.all())
    low, high = low - pad, high + pad
    axes.axvspan(-rows["floor"].iloc[0], rows["floor"].iloc[0], color=EDGE, alpha=0.35, linewidth=0, zorder=0)
    axes.axvline(0, color=INK, linewidth=1, zorder=1)
    for place, (method, row) in enumerate(rows.iterrows()):
        style = look(str(method))
        if not np.isfinite(row["gap"]):
            continue
        if shown[str(method)]:
            axes.plot(
                [row["low"], row["high"]], [place, place], color=style["color"], linewidth=2, zorder=2, solid_capstyle="butt"
            )
            axes.scatter([row["gap"]], [place], s=34, color=style["color"], marker=style["marker"], zorder=3, linewidths=0)
            continue
        left = row["gap"] < 0  # 0 is always shown
        edge, sign = (low, 1) if left else (high, -1)
        axes.scatter([edge + sign * 0.2 * pad], [place], s=34, color=style["color"], marker="<" if left else ">", zorder=3)
        axes.annotate(
            f"{row['gap']:+.0f}", (edge + sign * 0.2 * pad, place), xytext=(sign * 7, 0), textcoords="offset points",
            ha="left" if left else "right", va="center", fontsize=8.5,
        )  # fmt: skip
    axes.set_xlim(low, high)
    axes.grid(True)
    axes.tick_params(axis="y", length=0)


def compute(parameters: OneStudy, tables: Tables, inference: Inference) -> Result:
    """Rows: see ``data``."""
    return Result.of_table(data(tables["seeds"], tables["floor"]))


TEMPLATE = StudyTemplate(
    "DeepUnlearnGaps", "Gaps to retraining", OneStudy, compute,
    lambda result, parameters, pictures: draw(result.table), {
        "seeds": "tables/deepunlearn_seeds_{study}.csv",
        "floor": "tables/deepunlearn_floor_{study}.csv",
    },
)  # fmt: skip

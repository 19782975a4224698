"""The ranking as a picture: the group of every method in every setting, and its mean rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lethe.benchmarks.deepunlearn.figures.style import title
from lethe.benchmarks.deepunlearn.templates.base import SeveralStudies, StudyTemplate, Tables
from lethe.figures.colours import BLUE, EDGE, INK, MID_BLUE, PALE_BLUE, VERMILION, WHITE
from lethe.figures.style import DPI, WIDTH, styled
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS = {"retdev": "retention deviation", "indisc": "indiscernibility"}
# dark to light with a letter in each: readable without colour
_FILL = {"G1": BLUE, "G2": MID_BLUE, "G3": PALE_BLUE, "F": VERMILION, "": WHITE}
_LETTERS = {"G1": "white", "G2": INK, "G3": INK, "F": "white", "": INK}


def data(groups: pd.DataFrame, ranks: pd.DataFrame) -> pd.DataFrame:
    """One row per setting, metric and method: ``dataset, architecture, metric, method, group, rank, rank_low, rank_high``, best first.

    Args:
        groups: of ``lethe.benchmarks.deepunlearn.ranking.ranking_groups``.
        ranks: of ``lethe.benchmarks.deepunlearn.ranking.mean_ranks``; a method without ranks has none in the picture.

    Returns:
        Methods sorted by the mean of their ranks over settings and metrics.
    """
    keys = ["dataset", "architecture", "method"]
    long = groups.melt(id_vars=keys, value_vars=[f"group_{metric}" for metric in METRICS], var_name="metric", value_name="group")
    long["metric"] = long["metric"].str.removeprefix("group_")
    table = long.merge(ranks.drop(columns="seeds"), on=[*keys, "metric"], how="left")
    overall = table.groupby("method")["rank"].mean()
    table = table.assign(overall=table["method"].map(overall)).sort_values("overall", kind="stable", ignore_index=True)
    return table[["dataset", "architecture", "metric", "method", "group", "rank", "rank_low", "rank_high"]]


@styled
def draw(data: pd.DataFrame) -> Figure:
    """A row per method, a column per metric and setting; a cell holds the group, the mean rank and its 95 % interval."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    methods = list(dict.fromkeys(data["method"]))
    settings = list(dict.fromkeys(zip(data["dataset"], data["architecture"], strict=True)))
    columns = [(metric, *setting) for metric in METRICS for setting in settings]
    width = min(WIDTH * 1.6, max(5.6, 1.2 + 1.45 * len(columns)))
    figure = Figure(figsize=(width, 1.7 + 0.3 * len(methods)), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    cells = data.set_index(["metric", "dataset", "architecture", "method"])
    for place, column in enumerate(columns):
        x = place + 0.25 * (place >= len(settings))  # a gap between the metrics
        for row, method in enumerate(methods):
            found = cells.loc[[(*column, method)]].iloc[0] if (*column, method) in cells.index else None
            group = "" if found is None else str(found["group"])
            axes.add_patch(Rectangle((x - 0.48, row - 0.46), 0.96, 0.92, facecolor=_FILL[group], edgecolor=EDGE, linewidth=0.5))
            colour = _LETTERS[group]
            axes.text(x - 0.42, row, group, color=colour, ha="left", va="center", fontweight="bold")
            axes.text(x + 0.42, row, _rank(found), color=colour, ha="right", va="center", fontsize=8.5)
    positions = [place + 0.25 * (place >= len(settings)) for place in range(len(columns))]
    axes.set_xticks(positions, [f"{dataset}\n{architecture}" for _, dataset, architecture in columns])
    axes.set_yticks(range(len(methods)), [title(method) for method in methods])
    for number, name in enumerate(METRICS.values()):
        middle = float(np.mean(positions[number * len(settings) : (number + 1) * len(settings)]))
        axes.text(middle, -0.75, name, ha="center", va="bottom", fontweight="bold")
    axes.set_xlim(-0.55, positions[-1] + 0.55)
    axes.set_ylim(len(methods) - 0.45, -1.5)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlabel(
        "G1 best, G3 worst, F failed (our rule, not the paper's code); mean rank over seeds [95 % interval]", fontsize=9
    )
    return figure


def _rank(row: pd.Series | None) -> str:
    if row is None or not np.isfinite(row["rank"]):
        return "\u2013"
    if not np.isfinite(row["rank_low"]):
        return f"{row['rank']:.1f}"
    return f"{row['rank']:.1f} [{row['rank_low']:.0f}, {row['rank_high']:.0f}]"


def compute(parameters: SeveralStudies, tables: Tables, inference: Inference) -> Result:
    """Rows: see ``data``."""
    return Result.of_table(data(tables["groups"], tables["ranks"]))


TEMPLATE = StudyTemplate(
    "DeepUnlearnRanking", "Ranking", SeveralStudies, compute, lambda result, parameters, pictures: draw(result.table), {
        "groups": "tables/deepunlearn_groups_{study}.csv",
        "ranks": "tables/deepunlearn_ranks_{study}.csv",
    },
)  # fmt: skip

"""The ranking as a picture: the letters of every method in every setting, and its mean rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lethe.benchmarks.deepunlearn.figures.states import ALIKE, BETTER, FLOOR, states
from lethe.benchmarks.deepunlearn.figures.style import FAILED, title
from lethe.benchmarks.deepunlearn.templates.base import SeveralStudies, StudyTemplate, Tables
from lethe.classifiers.methods import LOOKS
from lethe.figures.colours import BLUE, EDGE, INK, PALE_BLUE, VERMILION, WHITE
from lethe.figures.footnote import footnote, meanings
from lethe.figures.style import DPI, WIDTH, styled
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELL, MARGIN = 1.75, 1.2  # inches of a cell's width, and of the names of methods
NARROWEST, WIDEST = 5.6, 1.6 * WIDTH  # inches of a figure; the narrowest has room for the remarks
METRICS = {"gap": "gap", "retdev": "retention deviation", "mdev": "attack (mdev)"}
_FILL = {FLOOR: BLUE, BETTER: PALE_BLUE, ALIKE: WHITE, FAILED: VERMILION, "": WHITE}
_TEXT = {FLOOR: "white", BETTER: INK, ALIKE: INK, FAILED: "white", "": INK}


def data(groups: pd.DataFrame, ranks: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """One row per setting, metric and method: ``dataset, architecture, metric, method, letters, state, rank, rank_low, rank_high``, best first.

    Args:
        groups: of ``lethe.benchmarks.deepunlearn.ranking.ranking_groups``.
        ranks: of ``lethe.benchmarks.deepunlearn.ranking.mean_ranks``; a method without ranks has none in the picture.
        pairs: of ``lethe.benchmarks.deepunlearn.pairs.paired_tests``.

    Returns:
        Methods sorted by their mean rank over settings by ``gap``. ``state``: ``F`` (failed), ``floor`` (no different from models retrained
        from another seed), ``better`` (nearer to the retrained models than the original), or ``alike`` (neither).
    """
    keys = ["dataset", "architecture", "metric", "method"]
    long = (
        groups.fillna({f"letters_{metric}": "" for metric in METRICS})
        .rename(columns={f"letters_{metric}": metric for metric in METRICS})
        .melt(id_vars=["dataset", "architecture", "method"], value_vars=list(METRICS), var_name="metric", value_name="letters")
    )
    table = long.merge(ranks.drop(columns="seeds"), on=keys, how="left")
    table = table.merge(states(pairs), on=keys, how="left").fillna({"state": ALIKE})
    table["state"] = table["state"].mask(table["letters"] == FAILED, FAILED)
    overall = table[table["metric"] == "gap"].groupby("method")["rank"].mean()
    table = table.assign(overall=table["method"].map(overall)).sort_values("overall", kind="stable", ignore_index=True)
    return table[["dataset", "architecture", "metric", "method", "letters", "state", "rank", "rank_low", "rank_high"]]


@styled
def draw(data: pd.DataFrame) -> Figure:
    """A row per method, a column per metric and setting; a cell holds letters, the mean rank and its 95 % interval.

    Metrics stand side by side, or one below the other where there are too many settings for that.
    """
    from matplotlib.figure import Figure

    methods = list(dict.fromkeys(data["method"]))
    settings = list(dict.fromkeys(zip(data["dataset"], data["architecture"], strict=True)))
    metrics = [metric for metric in METRICS if data.loc[data["metric"] == metric, "rank"].notna().any()]
    panel = CELL * len(settings)  # inches
    beside = MARGIN + panel * len(metrics) <= WIDEST
    columns = len(metrics) if beside else 1
    height = 0.7 + 0.3 * len(methods)
    figure = Figure(
        figsize=(max(NARROWEST, MARGIN + panel * columns), 1 + height * (1 if beside else len(metrics))),
        dpi=DPI,
        layout="constrained",
    )
    grid = figure.subplots(1 if beside else len(metrics), columns, sharey=True, squeeze=False).ravel()
    for axes, metric in zip(grid, metrics, strict=True):
        _panel(axes, data[data["metric"] == metric], methods, settings)
        axes.set_title(METRICS[metric], fontsize=10, fontweight="bold")
    told = [
        "Letters: methods with one in common do not differ. Right: mean rank over seeds [95 % interval].",
        "Blue, white letters: no different from models retrained from another seed. Pale blue: nearer to them than the original. White: not.",
        "F, red: failed, doing nothing is better. gap: mean distance of accuracies and attack. mdev: distance of the attack alone.",
    ]
    if data["rank"].isna().any():
        told.append("Dash: no rank. Retention deviation divides by accuracies of the retrained models, one of which is 0.")
    footnote(figure, told, most=1)
    footnote(figure, meanings(methods, LOOKS))
    return figure


def _panel(axes: Axes, data: pd.DataFrame, methods: Sequence[str], settings: Sequence[tuple[str, str]]) -> None:
    """The cells of one metric."""
    from matplotlib.patches import Rectangle

    cells = data.set_index(["dataset", "architecture", "method"])
    for x, setting in enumerate(settings):
        for row, method in enumerate(methods):
            found = cells.loc[[(*setting, method)]].iloc[0] if (*setting, method) in cells.index else None
            ranked = found is not None and np.isfinite(found["rank"])
            state, shown = (str(found["state"]), str(found["letters"])) if found is not None and ranked else ("", "")
            axes.add_patch(Rectangle((x - 0.48, row - 0.46), 0.96, 0.92, facecolor=_FILL[state], edgecolor=EDGE, linewidth=0.5))
            size = min(8.5, 68 / max(len(shown), 1))
            axes.text(x - 0.42, row, shown, color=_TEXT[state], ha="left", va="center", fontweight="bold", fontsize=size)
            axes.text(x + 0.42, row, _rank(found), color=_TEXT[state], ha="right", va="center", fontsize=8.5)
    axes.set_xticks(range(len(settings)), [f"{dataset}\n{architecture}" for dataset, architecture in settings])
    axes.set_yticks(range(len(methods)), [title(method) for method in methods])
    axes.set_xlim(-0.55, len(settings) - 0.45)
    axes.set_ylim(len(methods) - 0.45, -0.55)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _rank(row: pd.Series | None) -> str:
    if row is None or not np.isfinite(row["rank"]):
        return "\u2013"
    if not np.isfinite(row["rank_low"]):
        return f"{row['rank']:.1f}"
    return f"{row['rank']:.1f} [{row['rank_low']:.0f}, {row['rank_high']:.0f}]"


def compute(parameters: SeveralStudies, tables: Tables, inference: Inference) -> Result:
    """Rows: see ``data``."""
    return Result.of_table(data(tables["groups"], tables["ranks"], tables["pairs"]))


TEMPLATE = StudyTemplate(
    "DeepUnlearnRanking", "Ranking", SeveralStudies, compute, lambda result, parameters, pictures: draw(result.table), {
        "groups": "tables/deepunlearn_groups_{study}.csv",
        "ranks": "tables/deepunlearn_ranks_{study}.csv",
        "pairs": "tables/deepunlearn_pairs_{study}.csv",
    },
)  # fmt: skip

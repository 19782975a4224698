"""The ranking as a picture: the letters of every method in every setting, and its mean rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lethe.benchmarks.deepunlearn.figures.style import FAILED, ORIGINAL, RETRAINED_AGAIN, title
from lethe.benchmarks.deepunlearn.templates.base import SeveralStudies, StudyTemplate, Tables
from lethe.figures.colours import BLUE, EDGE, INK, PALE_BLUE, VERMILION, WHITE
from lethe.figures.style import DPI, WIDTH, styled
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS = {"gap": "gap", "retdev": "retention deviation", "mdev": "attack (mdev)"}
FLOOR, BETTER, ALIKE = "floor", "better", "alike"
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
    tests = pairs.rename(columns={"measure": "metric"})
    for other, name in ((RETRAINED_AGAIN, "of_floor"), (ORIGINAL, "of_original")):
        rows = tests.loc[tests["family"] == other, [*keys, "differs", "difference"]]
        table = table.merge(rows.rename(columns={"differs": name, "difference": f"{name}_by"}), on=keys, how="left")
    better = table["of_original"].eq(True) & (table["of_original_by"] < 0)
    at_floor = table["of_floor"].eq(False) & better
    table["state"] = np.select([table["letters"] == FAILED, at_floor, better], [FAILED, FLOOR, BETTER], default=ALIKE)
    overall = table[table["metric"] == "gap"].groupby("method")["rank"].mean()
    table = table.assign(overall=table["method"].map(overall)).sort_values("overall", kind="stable", ignore_index=True)
    return table[["dataset", "architecture", "metric", "method", "letters", "state", "rank", "rank_low", "rank_high"]]


@styled
def draw(data: pd.DataFrame) -> Figure:
    """A row per method, a column per metric and setting; a cell holds letters, the mean rank and its 95 % interval."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    methods = list(dict.fromkeys(data["method"]))
    settings = list(dict.fromkeys(zip(data["dataset"], data["architecture"], strict=True)))
    columns = [(metric, *setting) for metric in METRICS for setting in settings]
    width = min(WIDTH * 1.6, max(5.6, 1.2 + 1.75 * len(columns)))
    figure = Figure(figsize=(width, 1.7 + 0.3 * len(methods)), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    cells = data.set_index(["metric", "dataset", "architecture", "method"])
    positions = [place + 0.25 * (place // len(settings)) for place in range(len(columns))]  # a gap between the metrics
    for place, column in enumerate(columns):
        x = positions[place]
        for row, method in enumerate(methods):
            found = cells.loc[[(*column, method)]].iloc[0] if (*column, method) in cells.index else None
            state, shown = ("", "") if found is None else (str(found["state"]), str(found["letters"]))
            axes.add_patch(Rectangle((x - 0.48, row - 0.46), 0.96, 0.92, facecolor=_FILL[state], edgecolor=EDGE, linewidth=0.5))
            colour = _TEXT[state]
            axes.text(
                x - 0.42,
                row,
                shown,
                color=colour,
                ha="left",
                va="center",
                fontweight="bold",
                fontsize=min(8.5, 68 / max(len(shown), 1)),
            )
            axes.text(x + 0.42, row, _rank(found), color=colour, ha="right", va="center", fontsize=8.5)
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
        "methods with a letter in common do not differ; pale blue: nearer to the retrained models than the original; blue: no different\n"
        "from models retrained from another seed; F: failed, doing nothing is better; right: mean rank over seeds [95 % interval]",
        fontsize=9,
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
    return Result.of_table(data(tables["groups"], tables["ranks"], tables["pairs"]))


TEMPLATE = StudyTemplate(
    "DeepUnlearnRanking", "Ranking", SeveralStudies, compute, lambda result, parameters, pictures: draw(result.table), {
        "groups": "tables/deepunlearn_groups_{study}.csv",
        "ranks": "tables/deepunlearn_ranks_{study}.csv",
        "pairs": "tables/deepunlearn_pairs_{study}.csv",
    },
)  # fmt: skip

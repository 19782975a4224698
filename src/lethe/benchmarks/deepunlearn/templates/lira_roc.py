"""ROC curves of U-LiRA per method, with the low false-positive rates readable, and beside them what can be told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lethe.benchmarks.deepunlearn.figures.style import REFERENCES, look, title
from lethe.benchmarks.deepunlearn.templates.base import AttackedStudy, StudyTemplate, Tables
from lethe.classifiers.methods import LOOKS
from lethe.figures.colours import PALE_GREY
from lethe.figures.footnote import footnote, meanings
from lethe.figures.style import DPI, WIDTH, plain_powers, styled
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEAST = 1e-4
ROW = 0.28  # inches of a method
# column of the attacks' table -> column here, heading, value of a coin
POINTS = {
    "auc": ("auc", "area under\nthe curve", 0.5),
    "tpr": ("tpr_1", "found at\n1 % false", 0.01),
    "tpr_0.1": ("tpr_0.1", "found at\n0.1 % false", 0.001),
}
COLUMNS = {f"{name}{end}": f"{here}{end}" for name, (here, _, _) in POINTS.items() for end in ("", "_low", "_high")}


def data(roc: pd.DataFrame, attacks: pd.DataFrame) -> pd.DataFrame:
    """The curves, leakiest method first: ``method, fpr, tpr, low, high``, and the same for every row of a method, with ``_low`` and
    ``_high``: ``auc``, ``tpr_1`` and ``tpr_0.1``, the true-positive rates at false-positive rates of 1 % and 0.1 %.

    A method without a curve (it gave no confidences) has one row without rates; the picture names it.

    Args:
        roc: of ``lethe.benchmarks.deepunlearn.ulira_tables.roc_table``.
        attacks: of ``lethe.benchmarks.deepunlearn.ulira_tables.attack_table``.

    Raises:
        ValueError: a curve without a row in ``attacks``.
    """
    values = attacks.set_index("method")[list(COLUMNS)].rename(columns=COLUMNS)
    missing = sorted(set(roc["method"]) - set(values.index))
    if missing:
        raise ValueError(f"no attack for the curve of '{missing[0]}'; there are: {', '.join(map(str, values.index))}")
    without = [method for method in values.index if method not in set(roc["method"])]
    table = pd.concat([roc, pd.DataFrame({"method": without}, dtype=object)], ignore_index=True).join(values, on="method")
    leak = (table["auc"] - 0.5).abs()
    return table.assign(leak=-leak).sort_values(["leak", "method", "fpr"], ignore_index=True).drop(columns="leak")


@styled
def draw(data: pd.DataFrame) -> Figure:
    """Both axes logarithmic from 0.0001; grey: a coin; black: retrained; dark grey: original, both with their 95 % intervals.

    Beside them a row per method: its line, and three of its numbers with intervals.
    """
    from matplotlib.figure import Figure

    known = data.dropna(subset=["fpr", "tpr"])
    methods = list(dict.fromkeys(known["method"]))
    figure = Figure(figsize=(WIDTH, max(4.6, 1.3 + ROW * len(methods))), dpi=DPI, layout="constrained")
    widths = [4.6, 0.35, 1.0, 1.0, 1.0]
    axes, key, *panels = figure.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0]
    _curves(axes, known)
    missing = [title(str(method)) for method in dict.fromkeys(data["method"]) if method not in methods]
    if missing:
        axes.set_title(f"not shown, no curve: {', '.join(missing)}", loc="left", fontsize=9)
    firsts = known.drop_duplicates("method").set_index("method")
    for place, method in enumerate(methods):
        style = look(str(method))
        key.plot([0, 1], [place, place], color=style["color"], linestyle=style["linestyle"], linewidth=1.6)
        key.plot(0.5, place, color=style["color"], marker=style["marker"], markersize=5)
    key.set_yticks(range(len(methods)), [title(str(method)) for method in methods])
    key.tick_params(axis="y", length=0)
    key.set_xticks([])
    for side in ("left", "bottom"):
        key.spines[side].set_visible(False)
    for panel, (name, heading, coin) in zip(panels, POINTS.values(), strict=True):
        _numbers(panel, firsts, name, coin)
        panel.set_title(heading, fontsize=9.5)
    for panel in (key, *panels):
        panel.set_ylim(len(methods) - 0.5, -0.5)
    told = [
        "U-LiRA: an attacker who trained many models tells forgotten samples from samples that no model saw. Both axes are logarithmic.",
        "Thick pale line: a coin. Band around the retrained models: their 95 % interval, what is found by chance. A curve inside gives nothing away.",
        "Bars and the other band: 95 % intervals over splits and samples.",
    ]
    footnote(figure, told, most=1)
    footnote(figure, meanings(methods, LOOKS))
    return figure


def _curves(axes: Axes, known: pd.DataFrame) -> None:
    axes.plot([LEAST, 1], [LEAST, 1], color=PALE_GREY, linewidth=4, zorder=1, solid_capstyle="butt")
    for method, rows in known.groupby("method", sort=False):
        style, reference = look(str(method)), method in REFERENCES
        axes.plot(
            rows["fpr"], rows["tpr"], color=style["color"], linestyle=style["linestyle"], linewidth=2.4 if reference else 1.3,
            zorder=4 if reference else 3,
        )  # fmt: skip
        first = rows.iloc[0]
        for fpr, name in ((0.01, "tpr_1"), (0.001, "tpr_0.1")):
            axes.plot(fpr, first[name], color=style["color"], marker=style["marker"], markersize=5, linestyle="none", zorder=5)
        if reference:
            band = rows.dropna(subset=["low", "high"])
            axes.fill_between(band["fpr"], band["low"], band["high"], color=style["color"], alpha=0.18, linewidth=0, zorder=2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    plain_powers(axes.xaxis)
    plain_powers(axes.yaxis)
    axes.set_xlim(LEAST, 1)
    axes.set_ylim(LEAST, 1.08)
    for fpr in (0.01, 0.001):
        axes.axvline(fpr, color=PALE_GREY, linewidth=0.8, linestyle=":", zorder=0)
    axes.set_xlabel("false-positive rate: share of unseen samples\ntaken for forgotten ones")
    axes.set_ylabel("true-positive rate: share of forgotten samples found")
    axes.grid(True)


def _numbers(panel: Axes, firsts: pd.DataFrame, name: str, coin: float) -> None:
    """Points with their intervals, and the values beside them; rates on a logarithmic axis."""
    low, high = firsts[f"{name}_low"].to_numpy(float), firsts[f"{name}_high"].to_numpy(float)
    if name != "auc":
        panel.set_xscale("log")
        plain_powers(panel.xaxis)
        low = np.maximum(low, LEAST)  # 0 has no place on it
        panel.set_xlim(LEAST, max(0.1, 2 * float(np.nanmax(high, initial=0.0))))
    panel.axvline(coin, color=PALE_GREY, linewidth=3, zorder=0)
    for place, (method, row) in enumerate(firsts.iterrows()):
        style = look(str(method))
        panel.plot([low[place], high[place]], [place, place], color=style["color"], linewidth=1.4)
        panel.plot(row[name], place, color=style["color"], marker=style["marker"], markersize=4.5)
        panel.annotate(
            f"{row[name]:.3f}" if name == "auc" else f"{row[name]:.2g}",
            (1.03, place),
            xycoords=("axes fraction", "data"),
            fontsize=8,
            va="center",
            annotation_clip=False,
        )
    panel.set_yticks([])
    panel.tick_params(axis="x", labelsize=8)
    panel.spines["left"].set_visible(False)


def compute(parameters: AttackedStudy, tables: Tables, inference: Inference) -> Result:
    """Rows: see ``data``, of the attack in its default variant."""
    from lethe.benchmarks.deepunlearn.ulira import DEFAULT

    attacks = tables["lira"]
    return Result.of_table(data(tables["roc"], attacks[attacks["variant"] == DEFAULT]))


TEMPLATE = StudyTemplate(
    "DeepUnlearnRocCurves", "U-LiRA", AttackedStudy, compute, lambda result, parameters, pictures: draw(result.table), {
        "lira": "tables/deepunlearn_lira_{study}.csv",
        "roc": "deepunlearn/{dataset}/{architecture}/lira/roc.parquet",
    },
)  # fmt: skip

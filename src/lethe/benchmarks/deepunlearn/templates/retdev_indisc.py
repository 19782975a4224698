"""Retention deviation against indiscernibility: a method as good as retraining lies where the retrained models do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lethe.benchmarks.deepunlearn.figures.states import states, told
from lethe.benchmarks.deepunlearn.figures.style import FAILED, REFERENCES, RETRAINED, label_points, look, one_setting, span, title
from lethe.benchmarks.deepunlearn.templates.base import OneStudy, StudyTemplate, Tables
from lethe.classifiers.methods import LOOKS
from lethe.figures.colours import EDGE
from lethe.figures.footnote import footnote, meanings
from lethe.figures.style import DPI, WIDTH, styled
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NO_RETDEV = "Retention deviation has no value here: it divides by an accuracy of the retrained models, which are never right."


def data(summary: pd.DataFrame, floor: pd.DataFrame, groups: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``quality`` with ``letters``, ``retdev_state``, ``mdev_state`` and, of ``retrained``, ``retdev_floor`` and ``indisc_floor``.

    Args:
        summary: of ``lethe.classifiers.scores.summarise``, rows of one data set and architecture.
        floor: of ``lethe.classifiers.distance.noise_floor``: what 95 % of retrained models of two seeds differ by at most.
        groups: of ``lethe.benchmarks.deepunlearn.ranking.ranking_groups``: methods with a letter in common do not differ in ``gap``.
        pairs: of ``lethe.benchmarks.deepunlearn.pairs.paired_tests``, see ``lethe.benchmarks.deepunlearn.figures.states``.
    """
    table = quality(summary)
    found = states(pairs)
    for name in ("retdev", "mdev"):
        table[f"{name}_state"] = table["method"].map(found[found["metric"] == name].set_index("method")["state"])
    table["letters"] = table["method"].map(groups.set_index("method")["letters_gap"]).fillna("")
    return with_floor(table, floor)


def with_floor(table: pd.DataFrame, floor: pd.DataFrame) -> pd.DataFrame:
    """With ``retdev_floor`` and ``indisc_floor`` in the row of the retrained models, NaN elsewhere; ``floor`` as of ``data``."""
    p95 = floor.set_index("measure")["p95"]
    return table.assign(
        **{f"{name}_floor": np.where(table["method"] == RETRAINED, p95[name], np.nan) for name in ("retdev", "indisc")}
    )


def quality(summary: pd.DataFrame) -> pd.DataFrame:
    """One row per method: ``method, retdev, retdev_low, retdev_high, indisc, indisc_low, indisc_high``.

    Means over seeds and 95 % t-intervals, retention deviation paired by seed, indiscernibility on the test set.

    Args:
        summary: as of ``data``.
    """
    one_setting(summary)
    names = {f"{stem}_paired{end}": f"{stem}{end}" for stem in ("retdev",) for end in ("", "_low", "_high")}
    columns = ["method", *names.values(), "indisc", "indisc_low", "indisc_high"]
    return summary.rename(columns=names)[columns].reset_index(drop=True)


@styled
def draw(data: pd.DataFrame) -> Figure:
    """A point per method with its intervals and letters, bands for the noise of retrained models, and above what was found.

    Deviations that are outliers are arrowheads at the right edge with their number. Without any deviation, the reason in words.
    """
    from matplotlib.figure import Figure

    undefined = data.loc[data["method"] == RETRAINED, "retdev"].isna().any()
    figure = Figure(figsize=(WIDTH, 0.6 if undefined else 6.4), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    if undefined:
        axes.set_axis_off()
        axes.text(0, 0.5, f"{NO_RETDEV}\nThe figure deepunlearn_gaps shows the differences of accuracies.", va="center")
        return figure
    axes.set_ylabel("indiscernibility: how blind a membership attack is\n(1: a coin; aim: where the retrained models are)")
    axes.set_xlabel("retention deviation: how far accuracies are from the retrained models' (0: not at all)")
    note = scatter(axes, data, "retdev", "indisc")
    noise: dict[str, Any] = {"color": EDGE, "alpha": 0.3, "linewidth": 0, "zorder": 0}
    for _, row in data.dropna(subset=["retdev_floor", "indisc_floor"]).iterrows():
        axes.axvspan(0, row["retdev_floor"], **noise)
        axes.axhspan(row["indisc"] - row["indisc_floor"], row["indisc"] + row["indisc_floor"], **noise)
    others = data[~data["method"].isin(REFERENCES)]
    lines = [
        told(list(zip(others["method"], others[f"{name}_state"], strict=True)), measure)
        for name, measure in (("retdev", "Retention deviation"), ("mdev", "Membership attack"))
    ]
    lines += [f"not shown, no value: {note}"] if note else []
    axes.set_title("\n".join(lines), loc="left", fontsize=9)
    axes.grid(True)
    label_points(figure, axes, positions(axes, data, "retdev", "indisc"))
    below = [
        "Dark grey: the aim, within what 95 % of retrained models of two seeds differ by in both. Lines: 95 % intervals over seeds.",
        "Letters: methods with one in common do not differ in gap (mean distance of accuracies and attack). None: it failed.",
        "Retention deviation: |RR \u2212 1| + |FR \u2212 1| + |TR \u2212 1|, accuracy on retain, forget and test samples over the retrained models'.",
    ]
    footnote(figure, below, most=1)
    footnote(figure, meanings(data["method"], LOOKS))
    return figure


def scatter(axes: Axes, data: pd.DataFrame, x: str, y: str, logarithmic: bool = False) -> str:
    """Points and intervals of two columns with outliers at the edge; sets the limits (of x only where it is not logarithmic).

    Returns:
        The methods without a value, for a note.
    """
    known = data[np.isfinite(data[x].to_numpy(float)) & np.isfinite(data[y].to_numpy(float))]
    if len(known):
        if not logarithmic:
            low, high = span(known, x)
            pad = 0.06 * max(high - low, 0.02)
            axes.set_xlim(min(0.0, low) - 0.4 * pad, high + pad)
        low, high = span(known, y)
        pad = 0.06 * max(high - low, 0.02)
        axes.set_ylim(low - pad, high + pad)
    shown = positions(axes, known, x, y)
    for (_, row), (px, py, _) in zip(known.iterrows(), shown, strict=True):
        style = look(str(row["method"]))
        inside = px == row[x] and py == row[y]
        for name, horizontal in ((x, True), (y, False)):
            if inside and f"{name}_low" in data and np.isfinite(row[f"{name}_low"]):
                ends = [row[f"{name}_low"], row[f"{name}_high"]]
                line = (ends, [py, py]) if horizontal else ([px, px], ends)
                axes.plot(*line, color=style["color"], linewidth=1, alpha=0.55, zorder=2, scalex=False, scaley=False)
        marker = style["marker"] if inside else _arrow(row, px, py, x, y)
        size = 150 if marker == "*" else 80 if row["method"] in REFERENCES else 46
        axes.scatter([px], [py], s=size, color=style["color"], marker=marker, zorder=4, edgecolors="white", linewidths=0.6)
    return ", ".join(title(str(method)) for method in data["method"] if method not in set(known["method"]))


def positions(axes: Axes, data: pd.DataFrame, x: str, y: str) -> Sequence[tuple[float, float, str]]:
    """Where each method with values is drawn, and its name; an outlier sits at the edge and its name tells its value."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    out = []
    for _, row in data.iterrows():
        if not (np.isfinite(row[x]) and np.isfinite(row[y])):
            continue
        px, py, name = float(row[x]), float(row[y]), title(str(row["method"]))
        outside = []
        if not left <= px <= right:
            px = right - 0.015 * (right - left) if px > right else left + 0.015 * (right - left)
            outside.append(f"{row[x]:.2f}")
        if not bottom <= py <= top:
            py = top - 0.02 * (top - bottom) if py > top else bottom + 0.02 * (top - bottom)
            outside.append(f"{row[y]:.2f}")
        if row.get("letters", "") not in ("", FAILED):
            name = f"{name}: {row['letters']}"
        out.append((px, py, f"{name} ({', '.join(outside)})" if outside else name))
    return out


def _arrow(row: pd.Series, px: float, py: float, x: str, y: str) -> str:
    """The marker that points to where an outlier lies."""
    if py != row[y]:
        return "^" if row[y] > py else "v"
    return ">" if row[x] > px else "<"


def compute(parameters: OneStudy, tables: Tables, inference: Inference) -> Result:
    """Rows: see ``data``."""
    return Result.of_table(data(tables["methods"], tables["floor"], tables["groups"], tables["pairs"]))


TEMPLATE = StudyTemplate(
    "DeepUnlearnTradeoff", "Deviation and indiscernibility", OneStudy, compute,
    lambda result, parameters, pictures: draw(result.table), {
        "methods": "tables/deepunlearn_{study}.csv",
        "floor": "tables/deepunlearn_floor_{study}.csv",
        "groups": "tables/deepunlearn_groups_{study}.csv",
        "pairs": "tables/deepunlearn_pairs_{study}.csv",
    },
)  # fmt: skip

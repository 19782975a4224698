"""Retention deviation against indiscernibility: a method as good as retraining lies in the upper left corner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lethe.benchmarks.deepunlearn.figures.style import FAILED, REFERENCES, RETRAINED, label_points, look, one_setting, span, title
from lethe.benchmarks.deepunlearn.templates.base import OneStudy, StudyTemplate, Tables
from lethe.figures.colours import EDGE
from lethe.figures.style import DPI, WIDTH, styled
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def data(summary: pd.DataFrame, floor: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``quality`` with ``letters`` and, of ``retrained`` alone, ``retdev_floor`` and ``indisc_floor``.

    Args:
        summary: of ``lethe.classifiers.scores.summarise``, rows of one data set and architecture.
        floor: of ``lethe.classifiers.distance.noise_floor``: what 95 % of retrained models of two seeds differ by at most.
        groups: of ``lethe.benchmarks.deepunlearn.ranking.ranking_groups``: methods with a letter in common do not differ in ``gap``.
    """
    table = quality(summary)
    table["letters"] = table["method"].map(groups.set_index("method")["letters_gap"]).fillna("")
    for name in ("retdev", "indisc"):
        p95 = floor.loc[floor["measure"] == name, "p95"].item()
        table[f"{name}_floor"] = np.where(table["method"] == RETRAINED, p95, np.nan)
    return table


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
    """A point per method with its intervals and letters, and bands for the noise of retrained models.

    Deviations that are outliers are arrowheads at the right edge with their number.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 6.4), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    axes.set_ylabel("indiscernibility (higher is better)\n1: the membership attack on the test set is a coin")
    axes.set_xlabel(
        "retention deviation |RR - 1| + |FR - 1| + |TR - 1| (lower is better)\n"
        "grey: within what 95 % of retrained models of two seeds differ by; methods without a letter in common differ in gap"
    )
    note = scatter(axes, data, "retdev", "indisc")
    for _, row in data.dropna(subset=["retdev_floor", "indisc_floor"]).iterrows():
        axes.axvspan(0, row["retdev_floor"], color=EDGE, alpha=0.35, linewidth=0, zorder=0)
        axes.axhspan(
            row["indisc"] - row["indisc_floor"],
            row["indisc"] + row["indisc_floor"],
            color=EDGE,
            alpha=0.35,
            linewidth=0,
            zorder=0,
        )
    if note:
        axes.set_title(f"not shown, no value: {note}", loc="left", fontsize=9)
    axes.grid(True)
    label_points(figure, axes, positions(axes, data, "retdev", "indisc"))
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
    return Result.of_table(data(tables["methods"], tables["floor"], tables["groups"]))


TEMPLATE = StudyTemplate(
    "DeepUnlearnTradeoff", "Deviation and indiscernibility", OneStudy, compute,
    lambda result, parameters, pictures: draw(result.table), {
        "methods": "tables/deepunlearn_{study}.csv",
        "floor": "tables/deepunlearn_floor_{study}.csv",
        "groups": "tables/deepunlearn_groups_{study}.csv",
    },
)  # fmt: skip

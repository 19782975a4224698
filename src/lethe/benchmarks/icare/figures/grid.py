"""Shares and counts by group: bars where there is one column, an annotated map where there are more. CSR, MSAGrid, most similar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lethe.benchmarks.icare.figures.quantities import axis
from lethe.benchmarks.icare.figures.words import heading, number, probability
from lethe.benchmarks.icare.parameters import ResultParameters
from lethe.benchmarks.icare.words import SIMILARITIES
from lethe.diffusion.metrics.specs import is_comparison
from lethe.diffusion.metrics.words import words_of
from lethe.figures.colours import DIVERGING, GREY, INK, SEQUENTIAL, reverse
from lethe.figures.style import DPI, method_colour, method_name, styled
from lethe.figures.templates.base import Pictures
from lethe.figures.templates.result import Result
from lethe.figures.text import shortened, text_width

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALL = 14  # rows; a map with more has smaller letters


@styled
def draw(result: Result, parameters: ResultParameters, pictures: Pictures) -> Figure:
    """Bars with intervals, or a map with the value and ``count / denominator`` in each cell."""
    data = result.table
    one = data["row"].nunique() == len(data) and (data["column"] == data["row"]).all() or (data["column"] == "").all()
    return _bars(result, data, parameters) if one else _map(result, data, parameters)


def _bars(result: Result, data: pd.DataFrame, parameters: ResultParameters) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(5.0, 2 + 1.3 * len(data)), 4.4), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    names = list(data["row"])
    axes.bar(range(len(data)), data["value"], width=0.62, color=[method_colour(name, names) for name in names])
    tops, bottom = data["value"].to_numpy(float), float(min(0.0, data["value"].min()))
    if "low" in data and data["low"].notna().all():
        ends = np.abs(data[["low", "high"]].to_numpy(float).T - tops)
        axes.errorbar(range(len(data)), tops, yerr=ends, fmt="none", ecolor=INK, capsize=5, linewidth=1.4)
        tops, bottom = np.maximum(tops, data["high"].to_numpy(float)), min(bottom, float(data["low"].min()) * 1.1)
    axes.axhline(0, color=INK, linewidth=0.8)
    for place, (top, count, total) in enumerate(zip(tops, data["count"], data["denominator"], strict=True)):
        axes.annotate(f"{count} / {total}", (place, top), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=9)
    axes.set_xticks(range(len(data)), [method_name(name) for name in names])
    axes.set_ylim(bottom, max(0.05, float(tops.max()) * 1.18))
    axes.set_ylabel(axis(*result.axes["value"]))
    axes.grid(True, axis="y")
    if why := _why_empty(result):
        axes.set_ylim(0, 1)
        axes.text(0.5, 0.55, why, transform=axes.transAxes, ha="center", va="center", fontsize=10)
    axes.set_title(f"{heading(parameters)}\n{_told(result, parameters)}", fontsize=10)
    return figure


def _why_empty(result: Result) -> str:
    """What stands where no relation is significant: how far the nearest one is from it."""
    notes = result.notes
    if notes.get("significant") != 0 or "smallest_q" not in notes:
        return ""
    return (
        f"No bar, because none of {notes['tests']} relations is significant.\n"
        f"The smallest q is {probability(notes['smallest_q'])}; it would have to be below {notes['alpha']:g}.\n"
        "That is no proof that nothing is related:\na task has few entities, and many relations are tested."
    )


def _map(result: Result, data: pd.DataFrame, parameters: ResultParameters) -> Figure:
    from matplotlib.figure import Figure

    rows, columns = list(dict.fromkeys(data["row"])), list(dict.fromkeys(data["column"]))
    values = data.pivot(index="row", columns="column", values="value").loc[rows, columns].to_numpy(float)
    room = 0.075 * max(text_width(_name(name)) for name in rows) + 0.3
    line = 0.42 if len(rows) <= SMALL else 0.24
    figure = Figure(figsize=(room + max(2.6, 1.15 * len(columns)) + 1.6, 1.9 + line * len(rows)), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    signed = float(np.nanmin(values)) < 0
    top = max(float(np.nanmax(np.abs(values))), 0.05)
    scale: dict[str, Any] = (
        {"cmap": reverse(DIVERGING), "vmin": -top, "vmax": top} if signed else {"cmap": SEQUENTIAL, "vmin": 0, "vmax": top}
    )
    image = axes.imshow(np.ma.masked_invalid(values), aspect="auto", **scale)
    axes.set_facecolor(GREY)
    findings = {finding.group: finding for finding in result.findings}
    for row, column, value, count, total in zip(
        *(data[c] for c in ("row", "column", "value", "count", "denominator")), strict=True
    ):
        finding = findings.get(f"{column}/{row}")
        text = f"{count}/{total}" if len(rows) > SMALL else f"{number(value)}\n{count}/{total}"
        if finding is not None and finding.q is not None:
            text = f"{number(value)} ({count}/{total})\nq = {probability(finding.q)}"
        place = (columns.index(column), rows.index(row))
        axes.text(*place, text, ha="center", va="center", fontsize=8, color=_ink(value / top, signed))
    axes.set_xticks(range(len(columns)), [_name(name) for name in columns], rotation=20 if len(columns) > 3 else 0)
    axes.set_yticks(range(len(rows)), [_name(name) for name in rows], fontsize=10 if len(rows) <= SMALL else 8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes, shrink=0.9).set_label(axis(*result.axes["value"]))
    axes.set_title(f"{heading(parameters)}\n{_told(result, parameters)}", fontsize=10)
    return figure


def _ink(value: float, signed: bool) -> str:
    """Black on light cells, white on dark ones; ``value`` as a share of the largest."""
    return "black" if (abs(value) < 0.6 if signed else value > 0.55) else "white"


def _told(result: Result, parameters: ResultParameters) -> str:
    notes = result.notes
    if "tests" in notes:
        rule = "either raw p < 0.05" if parameters.fidelity == "published" else f"q < {notes.get('alpha', 0.05):g}"
        return f"{notes['significant']} of {notes['tests']} relations with {rule}; {notes['not_tested']} not testable"
    if "alignments" in notes:
        return f"{notes['significant']} of {notes['alignments']} alignments significant (count / all)"
    return "hits / cases; chance " + ", ".join(f"{name}: {value:.2f}" for name, value in _chances(result).items())


def _chances(result: Result) -> dict[str, float]:
    return {row["column"]: row["chance"] for row in result.rows}


def _name(name: str) -> str:
    """A row or column in words: a method, a metric, a similarity, or what it is called."""
    if is_comparison(name):
        return words_of(name)[0].split(",")[0].replace(" of on and off", "").replace(" between on and off", "")
    return shortened(SIMILARITIES.get(name, method_name(name)).replace("_", " "), 60)

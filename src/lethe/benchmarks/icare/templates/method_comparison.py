"""Methods side by side: how much each harms the entities it was told to keep, one point per emitter."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import Field

from lethe.benchmarks.icare.figures.quantities import quantity
from lethe.benchmarks.icare.figures.words import number
from lethe.benchmarks.icare.parameters import MethodsParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.core.methods import UNCHANGED
from lethe.core.registry import nearest
from lethe.diffusion.methods import ROLES
from lethe.figures import tables
from lethe.figures.colours import GREY, INK, MID_GREY, WHITE
from lethe.figures.footnote import footnote, meanings
from lethe.figures.outliers import Side, at_edge, cut
from lethe.figures.style import DPI, WIDTH, method_colour, method_marker, method_name, styled
from lethe.figures.templates.result import Result
from lethe.settings.strict import Name
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def data(
    pairs: pd.DataFrame,
    noise_floor: Mapping[str, Mapping[str, float | None]],
    metadata: Sequence[Mapping[str, Any]],
    metric: str,
    methods: Sequence[str],
    tuning: Collection[int],
) -> pd.DataFrame:
    """One row per method and emitter: ``method, emitter, emitter_name, tuning, value, left_out`` (mean over other receivers, and how many
    of them have no value).

    The noise floor follows as ``floor_mean, floor_low, floor_high``, the same in every row.

    Args:
        pairs: the tidy table ``pairs_{task}.parquet``.
        noise_floor: metric -> ``{"mean", "low", "high"}`` of one pair between two seeds of the base; None is unknown.
        metadata: records of the filtered metadata, in index order.
        metric: a pair metric, see ``lethe.benchmarks.icare.figures.quantities``.
        methods: methods from left to right.
        tuning: emitters on which hyper-parameters were chosen; drawn hollow, outside the boxes.

    Raises:
        ValueError: for a metric without a noise floor, or a method whose emitters have no other receiver.
    """
    quantity(metric)
    if metric not in noise_floor:
        known = list(noise_floor)
        raise ValueError(f"the noise floor has no '{metric}'; it has: {', '.join(known)}{nearest(metric, known)}")
    rows = tables.select_pairs(pairs, metric, methods)
    others = tables.with_names(rows[rows["emitter"] != rows["receiver"]], tables.entity_names(metadata))
    groups = others.groupby(["method", "emitter", "emitter_name"], sort=False, as_index=False)["value"]
    means = groups.mean().assign(left_out=groups.agg(lambda values: int(values.isna().sum()))["value"])
    floor = noise_floor[metric]
    means.insert(3, "tuning", means["emitter"].isin(set(tuning)))
    return means.assign(**{f"floor_{name}": _number(floor[name]) for name in ("mean", "low", "high")})


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


@styled
def draw(data: pd.DataFrame, metric: str) -> Figure:
    """Boxes (median, quartiles, whiskers to 1.5 IQR) and points per method; grey band: two-seed noise floor.

    The median is written beside its box. What lies far beyond the others is an arrowhead at the edge with its number.
    """
    from matplotlib.figure import Figure

    what = quantity(metric)
    shown = tables.methods_of(data)
    figure = Figure(figsize=(min(WIDTH, 2.2 + 1.35 * len(shown)), 4.6), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    low, mean, high = (float(data[f"floor_{name}"].iloc[0]) for name in ("low", "mean", "high"))  # NaN draws nothing
    label = "one pair between two seeds of the base: mean, 95 % range"
    axes.axhspan(low, high, color=GREY, alpha=0.6, linewidth=0, label=label, zorder=0)
    axes.axhline(mean, color=MID_GREY, linewidth=1.2, linestyle="--", zorder=0.5)
    axes.axhline(what.unchanged, color=INK, linewidth=0.8, linestyle=":", zorder=0.5, label="nothing changed")
    bottom, top = _limits(data, what.unchanged, [low, high])
    for place, method in enumerate(shown):
        rows = data[data["method"] == method]
        inside = rows[rows["value"].between(bottom, top)]
        _strip(axes, place, rows, inside, method_colour(method, shown), method_marker(method, shown))
    axes.set_ylim(bottom, top)
    for place, method in enumerate(shown):
        values = data.loc[data["method"] == method, "value"]
        sides: list[tuple[Side, pd.Series]] = [("bottom", values[values < bottom]), ("top", values[values > top])]
        for side, outside in sides:
            if len(outside):
                at_edge(
                    axes,
                    side,
                    place + 0.05,
                    ", ".join(f"{value:.3g}".replace("-", "\u2212") for value in sorted(outside)),
                    method_colour(method, shown),
                )
    if data["tuning"].any():
        axes.scatter([], [], s=34, facecolors=WHITE, edgecolors=INK, linewidths=1.2, label="tuning emitter (not in the box)")
    axes.set_xticks(range(len(shown)), [f"{method_name(m)}\nn = {_count(data, m)}{_missing(data, m)}" for m in shown])
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.6, len(shown) - 0.3)
    axes.set_ylabel(f"{what.axis}\nmean over the other entities")
    axes.grid(True, axis="y")
    figure.legend(loc="outside lower center", ncols=2, fontsize=8.5)
    footnote(figure, ["A point is an emitter. Number beside a box: its median. Arrowhead: a value beyond the axis."], most=1)
    footnote(figure, meanings(shown))
    return figure


def _limits(data: pd.DataFrame, unchanged: float, floor: list[float]) -> tuple[float, float]:
    """Of the y axis: all values that are no outliers, no change, and the noise floor where it is known."""
    judged = data[data["method"].map(ROLES.role) != UNCHANGED]
    of_methods = data[~data["tuning"]].groupby("method")["value"]
    boxes = pd.concat([of_methods.quantile(end) for end in (0.25, 0.75)])  # no box is cut
    known = [end for end in (*cut(judged["value"]), *boxes, unchanged, *floor) if np.isfinite(end)]
    pad = 0.09 * (max(known) - min(known) or 1.0)
    return min(known) - pad, max(known) + pad


def _count(data: pd.DataFrame, method: str) -> int:
    return int(((data["method"] == method) & ~data["tuning"]).sum())


def _missing(data: pd.DataFrame, method: str) -> str:
    missing = int(data.loc[data["method"] == method, "left_out"].sum())
    return f"\n{missing} pairs missing" if missing else ""


def _strip(axes: Axes, place: int, rows: pd.DataFrame, inside: pd.DataFrame, colour: str, marker: str) -> None:
    """One method: the box of all reported emitters, then every emitter that is ``inside`` the axis, in index order."""
    reported = rows.loc[~rows["tuning"], "value"].dropna().to_numpy(float)
    if len(reported) > 2:
        thin = {"color": colour, "linewidth": 1.4}
        box = {"facecolor": "white", "edgecolor": colour, "linewidth": 1.4, "alpha": 0.9}
        axes.boxplot(
            [reported], positions=[place], widths=0.62, showfliers=False, patch_artist=True,
            boxprops=box, medianprops={"color": INK, "linewidth": 2.4}, whiskerprops=thin, capprops=thin, manage_ticks=False,
        )  # fmt: skip
    if len(reported):
        middle = float(np.median(reported))
        axes.annotate(number(middle), (place + 0.34, middle), fontsize=8.5, va="center", annotation_clip=False, zorder=6)
    x = pd.Series(place + (np.linspace(-0.2, 0.2, len(rows)) if len(rows) > 1 else np.zeros(1)), index=rows.index)
    for hollow in (False, True):
        chosen = inside[inside["tuning"] == hollow]
        face = WHITE if hollow else colour
        size = 90 if marker == "*" else 30
        axes.scatter(
            x[chosen.index],
            chosen["value"],
            s=size,
            marker=marker,
            c=face,
            edgecolors=colour,
            linewidths=1.2,
            zorder=3,
            alpha=0.85,
        )


class MethodComparison(MethodsParameters):
    """One pair metric, methods side by side."""

    metric: Name = Field(description="pair metric, e.g. clip_diff")


def compute(parameters: MethodComparison, tasks: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: see ``data``."""
    task = tasks[parameters.task]
    return Result.of_table(
        data(
            task.pairs_by(parameters.metric), task.noise_floor, task.metadata, parameters.metric, parameters.methods, task.tuning
        )
    )


TEMPLATE = TaskTemplate(
    "MethodComparison", "MethodComparison", MethodComparison, compute,
    lambda result, parameters, pictures: draw(result.table, parameters.metric), ("pairs", "noise_floor"), any_method=True,
)  # fmt: skip

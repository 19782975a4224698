"""Forgetting and retention: which methods reach both targets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from lethe.benchmarks.icare.levels import FORGOTTEN, KEPT
from lethe.benchmarks.icare.pairs import PROBABILITY
from lethe.benchmarks.icare.parameters import MethodsParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.core.methods import DESTROYED, UNCHANGED
from lethe.diffusion.methods import ROLES
from lethe.figures import tables
from lethe.figures.colours import GRID, INK, STEEL, WHITE, YELLOW
from lethe.figures.footnote import footnote, meanings
from lethe.figures.outliers import Side, at_edge, cut
from lethe.figures.references import in_order
from lethe.figures.style import DPI, WIDTH, method_colour, method_marker, method_name, styled
from lethe.figures.templates.result import Result
from lethe.statistics.association import bootstrap_mean
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def data(
    pairs: pd.DataFrame,
    baseline: pd.DataFrame,
    metadata: Sequence[Mapping[str, Any]],
    methods: Sequence[str],
    tuning: Collection[int],
    inference: Inference,
) -> pd.DataFrame:
    """One row per method and emitter: ``method, emitter, emitter_name, tuning, forget, retain, left_out``, and the same in every row of
    a method ``forget_mean, forget_low, forget_high`` and of ``retain``: its mean over the emitters that are not in ``tuning``.

    ``forget`` is the judge's accuracy on the emitter after unlearning (lower is better). ``retain`` is the accuracy on
    the other entities as a share of the base's on the same entities (higher is better; 1 = nothing lost). ``left_out`` other entities
    have no accuracy after unlearning and count on neither side.

    Args:
        pairs: the tidy table ``pairs_{task}.parquet``; ``judge_diff`` is the change of accuracy from base to model.
        baseline: scores of the base's images, with ``receiver`` and ``judge`` (1 where the judge is right).
        metadata: records of the filtered metadata, in index order.
        methods: methods in the order of the legend.
        tuning: emitters on which hyper-parameters were chosen; not in the means.
        inference: how the intervals of the means are made.

    Raises:
        ValueError: where ``baseline`` has no ``judge`` or lacks a receiver, or the judge recognises nothing.
    """
    absent = [column for column in ("receiver", "judge") if column not in baseline.columns]
    if absent:
        found = ", ".join(map(str, baseline.columns))
        raise ValueError(f"the baseline scores have no column '{absent[0]}'; they have: {found}")
    rows = tables.with_names(tables.select_pairs(pairs, "judge_diff", methods), tables.entity_names(metadata))
    base = rows["receiver"].map(baseline.groupby("receiver")["judge"].mean())
    if base.isna().any():
        raise ValueError(f"the baseline scores have no receiver {int(rows['receiver'][base.isna()].iloc[0])}")
    rows = rows.assign(
        off=base.where(rows["value"].notna()), on=base + rows["value"]
    )  # both or neither: a share of the same receivers
    if PROBABILITY in pairs.columns:  # a receiver that was drawn stands for others; the emitter, always asked, for itself
        of = pairs[pairs["metric"] == "judge_diff"].set_index(["method", "emitter", "receiver"])[PROBABILITY]
        weights = 1 / of.loc[pd.MultiIndex.from_frame(rows[["method", "emitter", "receiver"]])].to_numpy(float)
        rows = rows.assign(on=rows["on"] * weights, off=rows["off"] * weights)  # means of both have the same divisor
    keys = ["method", "emitter", "emitter_name"]
    own = rows[rows["emitter"] == rows["receiver"]].set_index(keys)["on"]
    groups = rows[rows["emitter"] != rows["receiver"]].groupby(keys, sort=False)
    others = groups[["on", "off"]].mean()
    if (others["off"] <= 0).any():
        raise ValueError("the judge recognises no image of the base: there is no accuracy to keep (judge mean is 0)")
    left_out = groups["on"].agg(lambda values: int(values.isna().sum()))
    shares = {"forget": own, "retain": others["on"] / others["off"], "left_out": left_out}
    table = pd.DataFrame(shares).loc[own.index].reset_index()
    table.insert(3, "tuning", table["emitter"].isin(set(tuning)))
    for method, chosen in table[~table["tuning"]].groupby("method"):
        for name in ("forget", "retain"):
            mean = bootstrap_mean(chosen[name].to_numpy(float), inference.bootstrap, 1 - inference.alpha, inference.seed)
            columns = [f"{name}_{end}" for end in ("mean", "low", "high")]
            table.loc[table["method"] == method, columns] = [mean.mean, mean.low, mean.high]
    return table


@styled
def draw(data: pd.DataFrame) -> Figure:
    """A row per method: every emitter, and the mean with its interval. Left what is forgotten, right what is kept; shaded: the target.

    The axes hold the methods that are judged; what lies far beyond (``none`` forgets nothing) is a number at the edge.
    """
    from matplotlib.figure import Figure

    shown = in_order(tables.methods_of(data))
    figure = Figure(figsize=(WIDTH, 1.5 + 0.46 * len(shown)), dpi=DPI, layout="constrained")
    forget, retain = figure.subplots(1, 2, sharey=True)
    judged = data[~data["method"].map(ROLES.role).isin([UNCHANGED, DESTROYED])]
    judged = data if judged.empty else judged
    _, most = cut([*judged["forget"], *judged["forget_high"], FORGOTTEN])
    _panel(forget, data, "forget", shown, (-0.02, 1.08 * max(most, FORGOTTEN * 1.5)))
    least, most = cut([*judged["retain"], *judged["retain_low"], KEPT, 1.0])
    least = min(least, KEPT - 0.1)
    _panel(retain, data, "retain", shown, (least - 0.06 * (1 - least), max(1.0, most) + 0.06 * (1 - least)))
    forget.axvspan(-0.02, FORGOTTEN, color=YELLOW, alpha=0.3, linewidth=0, zorder=0)
    retain.axvspan(KEPT, retain.get_xlim()[1], color=YELLOW, alpha=0.3, linewidth=0, zorder=0)
    forget.set_title("Forgets: the judge still sees the emitter", fontsize=10.5)
    retain.set_title("Keeps: the judge still sees the others", fontsize=10.5)
    forget.set_xlabel("share of its images (lower is better)")
    retain.set_xlabel("share of the base's accuracy on them (higher is better)")
    forget.set_yticks(range(len(shown)), [f"{method_name(method)}\nn = {_count(data, method)}" for method in shown])
    forget.set_ylim(len(shown) - 0.5, -0.5)
    _legend(figure, retain, bool(data["tuning"].any()))
    if missing := int(data["left_out"].sum()):
        figure.suptitle(f"{missing} pairs have no accuracy and are left out", fontsize=9)
    footnote(figure, meanings(shown))
    return figure


def _panel(axes: Axes, data: pd.DataFrame, name: str, shown: list[str], limits: tuple[float, float]) -> None:
    """One quantity: a row per method, small marks for its emitters, a large one for the mean of those that are reported."""
    axes.set_xlim(*limits)
    axes.grid(True, axis="x")
    axes.tick_params(axis="y", length=0)
    for place, method in enumerate(shown):
        rows = data[data["method"] == method]
        colour, marker = method_colour(method, shown), method_marker(method, shown)
        if place % 2:
            axes.axhspan(place - 0.5, place + 0.5, color=GRID, alpha=0.45, linewidth=0, zorder=0)
        side: Side = "left" if (values := rows[name]).mean() < limits[0] else "right"
        inside = values.between(*limits)
        if not inside.any():
            at_edge(axes, side, place, f"{method_name(method)}: {values.mean():.2f} beyond the axis", colour)
            continue
        for hollow in (False, True):
            chosen = rows[(rows["tuning"] == hollow) & inside]
            y = place + 0.16 + 0.09 * (np.arange(len(chosen)) % 3)  # equal values lie beside one another
            face = WHITE if hollow else colour
            axes.scatter(
                chosen[name], y, s=16, marker=marker, facecolors=face, edgecolors=colour, linewidths=0.8, alpha=0.75, zorder=3
            )
        outside = values[~inside]
        if len(outside):
            told = ", ".join(f"{value:.2f}" for value in sorted(outside))
            at_edge(axes, "left" if outside.iloc[0] < limits[0] else "right", place + 0.25, told, colour)
        mean, low, high = (float(rows[f"{name}_{end}"].iloc[0]) for end in ("mean", "low", "high"))
        axes.plot([low, high], [place - 0.12] * 2, color=INK, linewidth=1.8, zorder=4, solid_capstyle="butt")
        size = 170 if marker == "*" else 85
        axes.scatter([mean], [place - 0.12], s=size, marker=marker, color=colour, edgecolors=INK, linewidths=0.9, zorder=5)
        axes.annotate(
            f"{mean:.2f}", (mean, place - 0.12), xytext=(0, 7), textcoords="offset points", fontsize=8, ha="center", va="bottom",
            zorder=6, clip_on=False,
        )  # fmt: skip


def _count(data: pd.DataFrame, method: str) -> int:
    return int(((data["method"] == method) & ~data["tuning"]).sum())


def _legend(figure: Figure, axes: Axes, tuned: bool) -> None:
    from matplotlib.patches import Patch

    handles: list[Any] = [
        axes.scatter([], [], s=85, color=STEEL, edgecolors=INK, label="mean over emitters, with its 95 % interval and value"),
        axes.scatter([], [], s=16, color=STEEL, label="one emitter"),
    ]
    if tuned:
        label = "emitter on which hyper-parameters were chosen (in no mean)"
        handles.append(axes.scatter([], [], s=16, facecolors=WHITE, edgecolors=STEEL, label=label))
    handles.append(Patch(color=YELLOW, alpha=0.3, label=f"target: at most {FORGOTTEN:g}, at least {KEPT:g}"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=8.5)


class ForgetRetain(MethodsParameters):
    """Forgetting and retention as the judge sees them, methods side by side."""

    metric: Literal["judge_diff"] = Field(
        "judge_diff", description="change of the judge's accuracy; without a judge there is no figure"
    )


def compute(parameters: ForgetRetain, tasks: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: see ``data``."""
    task = tasks[parameters.task]
    return Result.of_table(
        data(task.pairs_by(parameters.metric), task.scores_of_base, task.metadata, parameters.methods, task.tuning, inference)
    )


TEMPLATE = TaskTemplate(
    "ForgetRetain", "ForgetRetain", ForgetRetain, compute,
    lambda result, parameters, pictures: draw(result.table), ("pairs", "baseline"), any_method=True, sampled=True,
)  # fmt: skip

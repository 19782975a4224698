"""Forgetting against retention: every emitter of a good method lies in the upper left corner."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
from pydantic import Field

from lethe.benchmarks.icare.parameters import MethodsParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.core.methods import DESTROYED, RANDOM, RETRAINED, UNCHANGED
from lethe.diffusion.methods import ROLES
from lethe.figures import tables
from lethe.figures.colours import INK, YELLOW
from lethe.figures.style import DPI, method_colour, method_marker, method_name, styled
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORGET_TARGET = 0.2  # judge accuracy on the emitter, at most
RETAIN_TARGET = 0.85  # share of the base's accuracy on the others, at least
# not competitors: what nothing, the ideal and forgetting everything does
ROLE_LABELS = {UNCHANGED: " (no-op)", RETRAINED: " (reference)", DESTROYED: " (control)", RANDOM: " (control)"}


def data(
    pairs: pd.DataFrame,
    baseline: pd.DataFrame,
    metadata: Sequence[Mapping[str, Any]],
    methods: Sequence[str],
    tuning: Collection[int],
) -> pd.DataFrame:
    """One row per method and emitter: ``method, emitter, emitter_name, tuning, forget, retain, left_out``.

    ``forget`` is the judge's accuracy on the emitter after unlearning (lower is better). ``retain`` is the accuracy on
    the other entities as a share of the base's on the same entities (higher is better; 1 = nothing lost). ``left_out`` other entities
    have no accuracy after unlearning and count on neither side.

    Args:
        pairs: the tidy table ``pairs_{task}.parquet``; ``judge_diff`` is the change of accuracy from base to model.
        baseline: scores of the base's images, with ``receiver`` and ``judge`` (1 where the judge is right).
        metadata: records of the filtered metadata, in index order.
        methods: methods in the order of the legend.
        tuning: emitters on which hyper-parameters were chosen; not in the centroids.

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
    return table


@styled
def draw(data: pd.DataFrame) -> Figure:
    """Every emitter of every method; large = mean of a method over reported emitters; shaded = the target."""
    from matplotlib.figure import Figure

    shown = tables.methods_of(data)
    figure = Figure(figsize=(8.6, 5.2), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    _target(axes, top := max(1.05, float(data["retain"].max()) + 0.04))
    for place, method in enumerate(shown):
        rows = data[data["method"] == method]
        # accuracies over few seeds take few values: shift each method a little, so that none hides another
        _points(axes, rows.assign(forget=rows["forget"] + 0.006 * (place - (len(shown) - 1) / 2)), method, shown)
    axes.scatter([], [], s=160, color=INK, label="large: mean of a method")
    if data["tuning"].any():
        axes.scatter([], [], s=40, facecolors="none", edgecolors=INK, linewidths=1.2, label="hollow: tuning emitter")
    axes.set_xlim(-0.04, 1.04)
    axes.set_ylim(min(RETAIN_TARGET - 0.15, float(data["retain"].min()) - 0.04), top)
    axes.set_xlabel("forget: judge accuracy on the emitter (lower is better)")
    axes.set_ylabel("retain: share of the base's accuracy\non the others (higher is better)")
    axes.grid(True)
    if missing := int(data["left_out"].sum()):
        axes.set_title(f"{missing} pairs have no accuracy and are left out", loc="left", fontsize=9)
    figure.legend(loc="outside right upper", labelspacing=0.9)
    return figure


def _target(axes: Axes, top: float) -> None:
    from matplotlib.patches import Rectangle

    corner, width = (-0.04, RETAIN_TARGET), FORGET_TARGET + 0.04
    label = f"target: forget \u2264 {FORGET_TARGET:g},\nretain \u2265 {RETAIN_TARGET:g}"
    axes.add_patch(Rectangle(corner, width, top - RETAIN_TARGET, facecolor=YELLOW, alpha=0.35, zorder=0, label=label))


def _points(axes: Axes, rows: pd.DataFrame, method: str, methods: list[str]) -> None:
    colour, marker = method_colour(method, methods), method_marker(method, methods)
    reported = rows[~rows["tuning"]]
    small = 110 if marker == "*" else 40
    label = method_name(method) + ROLE_LABELS.get(ROLES.role(method), "")
    for chosen, face in ((reported, colour), (rows[rows["tuning"]], "none")):
        look: dict[str, Any] = {
            "s": small,
            "marker": marker,
            "facecolors": face,
            "edgecolors": colour,
            "alpha": 0.6,
            "zorder": 3,
        }
        axes.scatter(chosen["forget"], chosen["retain"], **look)
    centre = reported[["forget", "retain"]].mean()
    large: dict[str, Any] = {
        "s": small * 4,
        "marker": marker,
        "color": colour,
        "edgecolors": "white",
        "linewidths": 1.6,
        "zorder": 4,
    }
    axes.scatter([centre["forget"]], [centre["retain"]], **large)
    axes.scatter([], [], s=90 if marker != "*" else 160, marker=marker, color=colour, label=label)


class ForgetRetain(MethodsParameters):
    """Forgetting and retention as the judge sees them, methods side by side."""

    metric: Literal["judge_diff"] = Field(
        "judge_diff", description="change of the judge's accuracy; without a judge there is no figure"
    )


def compute(parameters: ForgetRetain, tasks: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: see ``data``."""
    task = tasks[parameters.task]
    return Result.of_table(data(task.pair_table, task.scores_of_base, task.metadata, parameters.methods, task.tuning))


TEMPLATE = TaskTemplate(
    "ForgetRetain", "ForgetRetain", ForgetRetain, compute,
    lambda result, parameters, pictures: draw(result.table), ("pairs", "baseline"), any_method=True,
)  # fmt: skip

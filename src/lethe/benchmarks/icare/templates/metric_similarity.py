"""Interference against similarity: does forgetting an entity harm the entities that are like it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from lethe.benchmarks.icare.figures.marks import medians
from lethe.benchmarks.icare.figures.quantities import quantity
from lethe.benchmarks.icare.figures.words import number, probability
from lethe.benchmarks.icare.parameters import KindOfBase, MethodsParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.benchmarks.icare.words import similarity_name
from lethe.diffusion.metrics.specs import spec_of
from lethe.figures import tables
from lethe.figures.colours import GREY, INK, STEEL
from lethe.figures.footnote import footnote, meanings
from lethe.figures.style import method_colour, method_marker, method_name, panels, styled
from lethe.figures.templates.result import Result
from lethe.settings.strict import Name
from lethe.statistics.resampling import Inference, q_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Matrix = NDArray[np.float64]
CorrelationTest = Callable[[Matrix, Matrix], tuple[float, float]]
"""``(N, N)`` damage, ``(N, N)`` similarity -> Spearman's rho off the diagonal and its permutation p value."""


def mantel_test(permutations: int, seed: int) -> CorrelationTest:
    """The test of ``tables/similarity_{task}.csv``: one-sided, damage rises with similarity, entities permuted."""
    from lethe.statistics.association import mantel

    def test(damage: Matrix, similarity: Matrix) -> tuple[float, float]:
        result = mantel(damage, similarity, permutations=permutations, seed=seed, alternative="greater")
        return result.correlation, result.p_value

    return test


def data(
    pairs: pd.DataFrame,
    alike: Matrix,
    metadata: Sequence[Mapping[str, Any]],
    metric: str,
    methods: Sequence[str],
    test: CorrelationTest,
    noise_floor: Mapping[str, Mapping[str, float | None]],
) -> pd.DataFrame:
    """One row per ordered pair of different entities: names, ``value, similarity``, and its method's ``rho, p_value, q_value``.

    The noise floor of the metric follows as ``floor_low, floor_high``, the same in every row; NaN where there is none.

    Args:
        pairs: the tidy table ``pairs_{task}.parquet``.
        alike: (N, N) similarity, NaN where unknown.
        metadata: records of the filtered metadata, in index order.
        metric: a pair metric, see ``lethe.benchmarks.icare.figures.quantities``.
        methods: methods in the order of panels.
        test: correlation of *damage* (0 = untouched, larger = more) with similarity; asked only where every ordered pair
            has both values and neither is constant, elsewhere ``rho`` and ``p_value`` are NaN. ``q_value`` corrects for its tests here.
        noise_floor: metric -> ``{"low", "high", ...}`` of one pair between two seeds of the base; None is unknown.

    Pairs of unknown similarity are left out.
    """
    quantity(metric)
    rows = tables.with_names(tables.select_pairs(pairs, metric, methods), tables.entity_names(metadata))
    rows = rows.assign(similarity=alike[rows["emitter"].to_numpy(int), rows["receiver"].to_numpy(int)])
    told = {}
    for method in tables.methods_of(rows):
        values = tables.matrix(rows[rows["method"] == method], len(metadata))
        told[method] = _statistics(np.asarray(spec_of(metric).damage(values), dtype=float), alike, test)
    q = dict(zip(told, q_values([p for _, p in told.values()]), strict=True))
    rows = rows.assign(
        rho=[told[m][0] for m in rows["method"]], p_value=[told[m][1] for m in rows["method"]], q_value=rows["method"].map(q)
    )
    floor = noise_floor.get(metric, {})
    rows = rows.assign(**{f"floor_{end}": np.nan if floor.get(end) is None else floor[end] for end in ("low", "high")})
    rows = rows[(rows["emitter"] != rows["receiver"]) & rows["similarity"].notna() & rows["value"].notna()]
    return rows.reset_index(drop=True)


def _statistics(values: Matrix, alike: Matrix, test: CorrelationTest) -> tuple[float, float]:
    others = tables.off_diagonal(values), tables.off_diagonal(alike)
    pairs = len(values) * (len(values) - 1)
    if any(len(side) < pairs or np.ptp(side) == 0 for side in others):
        return float("nan"), float("nan")
    return test(values, alike)


@styled
def draw(data: pd.DataFrame, metric: str, kind: str) -> Figure:
    """A panel per method on shared axes, with the median of each fifth of the pairs; titles hold rho of harm and q.

    A method that changes nothing, or that has one emitter, cannot say anything here: it is named, not drawn.
    """
    what = quantity(metric)
    every = tables.methods_of(data)
    silent = {method: why for method in every if (why := _silent(data[data["method"] == method]))}
    shown = [method for method in every if method not in silent]
    columns = 2 if len(shown) in (2, 4) else 3
    figure, all_axes, lowest = panels(max(1, len(shown)), columns, 3.0, extra=0.7, sharex=True, sharey=True)
    if data.empty:
        all_axes[0].set_title(f"{similarity_name(kind)} is not known for this task")
    elif not shown:
        all_axes[0].set_title("no method has more than one emitter and changes anything")
    for axes, method in zip(all_axes, shown, strict=False):
        rows = data[data["method"] == method]
        _panel(axes, rows, method_colour(method, every), method_marker(method, every))
        axes.set_title(f"{method_name(method)}\n{_told(rows)}", fontsize=10)
        axes.tick_params(labelbottom=axes in lowest)
    for axes in all_axes:
        axes.axhline(what.unchanged, color=INK, linewidth=0.9, linestyle=":", zorder=1)
    figure.supxlabel(f"{similarity_name(kind)} between emitter and receiver (higher is more alike)", fontsize=10)
    figure.supylabel(f"receiver: {what.axis}", fontsize=10, multialignment="center")
    if shown:
        _legend(figure, all_axes[0], bool(np.isfinite(data["floor_low"].iloc[0])))
        told = [f"not drawn: {method_name(method)} ({why})" for method, why in silent.items()]
        footnote(figure, [*_explained(int(data.drop_duplicates("method")["q_value"].notna().sum())), *told], most=1)
        footnote(figure, meanings(shown))
    return figure


def _explained(tests: int) -> list[str]:
    return [
        "harm \u03c1: rank correlation (Spearman) of harm, the metric turned so that more is worse, with similarity. "
        "Above 0: what is like the emitter is harmed more.",
        f"q: one-sided p of a test that permutes entities (Mantel), corrected for the {tests} tests of this figure (Benjamini and "
        "Hochberg). Verdicts of the report correct for all tests of the task.",
    ]


def _legend(figure: Figure, axes: Axes, floor: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Line2D([], [], color=STEEL, marker="o", linestyle="none", markersize=4, label="one pair"),
        Line2D([], [], color=INK, linewidth=2.4, label="median of each fifth of the pairs"),
        Line2D([], [], color=INK, linewidth=0.9, linestyle=":", label="nothing changed"),
    ]
    if floor:
        handles.append(Patch(color=GREY, alpha=0.6, label="a pair of two seeds of the base, 95 % range"))
    figure.legend(handles=handles, loc="outside upper center", ncols=4, fontsize=8.5)


def _panel(axes: Axes, rows: pd.DataFrame, colour: str, marker: str) -> None:
    x, y = rows["similarity"].to_numpy(float), rows["value"].to_numpy(float)
    axes.grid(True)
    axes.axhspan(*(float(rows[f"floor_{end}"].iloc[0]) for end in ("low", "high")), color=GREY, alpha=0.6, linewidth=0, zorder=0)
    size, alpha = (18, 0.6) if len(rows) < 1000 else (6, 0.2)
    axes.scatter(x, y, s=size, color=colour, marker=marker, alpha=alpha, linewidths=0, zorder=2)
    medians(axes, x, y)


def _silent(rows: pd.DataFrame) -> str:
    """Why a method says nothing about similarity; empty where it does."""
    if np.ptp(rows["value"]) == 0:
        return "the same value for every pair"
    return "models of one emitter only" if rows["emitter"].nunique() == 1 else ""


def _told(rows: pd.DataFrame) -> str:
    rho, q = float(rows["rho"].iloc[0]), float(rows["q_value"].iloc[0])
    if np.isnan(rho):
        return f"no test: {rows['emitter'].nunique()} emitters, not every pair has a value"
    return f"harm \u03c1 = {number(rho)}, q = {probability(q)}"


class InterferenceBySimilarity(MethodsParameters):
    """One pair metric against one kind of similarity, a panel per method."""

    metric: Name = Field(description="pair metric, e.g. ssim")
    similarity: KindOfBase = Field(description="kind of similarity, the same for all methods")


def compute(parameters: InterferenceBySimilarity, tasks: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: see ``data``."""
    task, test = tasks[parameters.task], mantel_test(inference.permutations, inference.seed)
    alike = task.similarities[parameters.similarity]
    return Result.of_table(
        data(
            task.pairs_by(parameters.metric), alike, task.metadata, parameters.metric, parameters.methods, test, task.noise_floor
        )
    )


TEMPLATE = TaskTemplate(
    "InterferenceBySimilarity", "InterferenceBySimilarity", InterferenceBySimilarity, compute,
    lambda result, parameters, pictures: draw(result.table, parameters.metric, parameters.similarity), ("pairs", "noise_floor"), any_method=True,
)  # fmt: skip

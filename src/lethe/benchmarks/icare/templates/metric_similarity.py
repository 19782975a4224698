"""Interference against similarity: does forgetting an entity harm the entities that are like it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from lethe.benchmarks.icare.figures.quantities import quantity, similarity_name
from lethe.benchmarks.icare.parameters import KindOfBase, MethodsParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.diffusion.metrics.specs import spec_of
from lethe.figures import tables
from lethe.figures.colours import INK
from lethe.figures.style import method_colour, method_name, panels, styled
from lethe.figures.templates.result import Result
from lethe.settings.strict import Name
from lethe.statistics.resampling import Inference

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
) -> pd.DataFrame:
    """One row per ordered pair of different entities: names, ``value, similarity``, and its method's ``rho, p_value``.

    Args:
        pairs: the tidy table ``pairs_{task}.parquet``.
        alike: (N, N) similarity, NaN where unknown.
        metadata: records of the filtered metadata, in index order.
        metric: a pair metric, see ``lethe.benchmarks.icare.figures.quantities``.
        methods: methods in the order of panels.
        test: correlation of *damage* (0 = untouched, larger = more) with similarity; asked only where every ordered pair
            has both values and neither is constant, elsewhere ``rho`` and ``p_value`` are NaN.

    Pairs of unknown similarity are left out.
    """
    quantity(metric)
    rows = tables.with_names(tables.select_pairs(pairs, metric, methods), tables.entity_names(metadata))
    rows = rows.assign(similarity=alike[rows["emitter"].to_numpy(int), rows["receiver"].to_numpy(int)])
    told = {}
    for method in tables.methods_of(rows):
        values = tables.matrix(rows[rows["method"] == method], len(metadata))
        told[method] = _statistics(np.asarray(spec_of(metric).damage(values), dtype=float), alike, test)
    rows = rows.assign(rho=[told[m][0] for m in rows["method"]], p_value=[told[m][1] for m in rows["method"]])
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
    """A panel per method on shared axes, with the least-squares line; titles hold rho of damage and p."""
    what = quantity(metric)
    shown = tables.methods_of(data)
    figure, all_axes, lowest = panels(max(1, len(shown)), 3, 2.7, extra=0.5, sharex=True, sharey=True)
    if data.empty:
        all_axes[0].set_title(f"{similarity_name(kind)} is not known for this task")
    for axes, method in zip(all_axes, shown, strict=False):
        _panel(axes, data[data["method"] == method], method_colour(method, shown))
        axes.set_title(f"{method_name(method)}: {_told(data[data['method'] == method])}")
        axes.tick_params(labelbottom=axes in lowest)
    for axes in all_axes:
        axes.axhline(what.unchanged, color=INK, linewidth=0.8, linestyle=":", zorder=0)
    figure.supxlabel(similarity_name(kind), fontsize=10)
    figure.supylabel(what.axis, fontsize=10, multialignment="center")
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, colour: str) -> None:
    x, y = rows["similarity"].to_numpy(float), rows["value"].to_numpy(float)
    axes.grid(True)
    size, alpha = (14, 0.5) if len(rows) < 1000 else (6, 0.2)
    axes.scatter(x, y, s=size, color=colour, alpha=alpha, linewidths=0)
    if len(rows) > 2 and np.ptp(x) > 0:
        slope, intercept = np.polyfit(x, y, 1)
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, slope * ends + intercept, color=INK, linewidth=1.6)


def _told(rows: pd.DataFrame) -> str:
    rho, p_value = float(rows["rho"].iloc[0]), float(rows["p_value"].iloc[0])
    if np.isnan(rho):
        count = rows["emitter"].nunique()
        why = "constant" if np.ptp(rows["value"]) == 0 else "1 emitter" if count == 1 else f"{count} emitters"
        return f"{why}, no test"
    return f"harm \u03c1 = {rho:.2f}".replace("-", "\u2212") + f", p = {p_value:.2g}"


class InterferenceBySimilarity(MethodsParameters):
    """One pair metric against one kind of similarity, a panel per method."""

    metric: Name = Field(description="pair metric, e.g. ssim")
    similarity: KindOfBase = Field(description="kind of similarity, the same for all methods")


def compute(parameters: InterferenceBySimilarity, tasks: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: see ``data``."""
    task, test = tasks[parameters.task], mantel_test(inference.permutations, inference.seed)
    alike = task.similarities[parameters.similarity]
    return Result.of_table(data(task.pair_table, alike, task.metadata, parameters.metric, parameters.methods, test))


TEMPLATE = TaskTemplate(
    "InterferenceBySimilarity", "InterferenceBySimilarity", InterferenceBySimilarity, compute,
    lambda result, parameters, pictures: draw(result.table, parameters.metric, parameters.similarity), any_method=True,
)  # fmt: skip

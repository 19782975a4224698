"""What a reader asks first of a task: does interference follow similarity, and do the gates hold?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.icare.alignment import align, published_alignment, similarity_of, why_untested
from lethe.benchmarks.icare.gates import (
    gate_base_accuracy,
    gate_base_draws,
    gate_distinct,
    gate_every_pair_has_a_value,
    gate_none_is_zero,
)
from lethe.benchmarks.icare.matrices import by_method, pair_weights
from lethe.benchmarks.icare.pairs import PUBLISHED_KEYS
from lethe.core.gate import Gate
from lethe.core.methods import UNCHANGED
from lethe.core.records import ModelId
from lethe.diffusion.methods import ROLES
from lethe.diffusion.metrics.constant import CONSTANT
from lethe.diffusion.metrics.specs import is_comparison, spec_of
from lethe.statistics.resampling import Inference, q_values

Matrix = NDArray[np.float64]
BASE_ACCURACY = 0.95  # a base that does not draw what it is asked measures nothing
RISES_AT = 0.05  # of the smallest p, times the number of tests


def similarity_table(
    pairs: pd.DataFrame, similarities: Mapping[str, Matrix], entities: int, inference: Inference
) -> pd.DataFrame:
    """How well every similarity predicts damage: Spearman over ordered pairs, tested by permuting entities (damage rises).

    Args:
        pairs: tidy pairs of a task, all methods.
        similarities: kind, or ``weights_{method}``, -> (N, N).
        entities: N.
        inference: permutations, draws, level.

    Returns:
        ``method, epochs, metric, similarity, spearman, low, high, p, q, pairs`` (interval over entities; q over all rows), and the
        reference's tests of the raw metric with pairs taken as independent in ``published_{pearson,spearman}[_p]``. Methods that did
        not unlearn every entity, and what is unknown or constant off the diagonal, are left out. Where models were asked for some
        receivers, correlations estimate those over all pairs, ``pairs`` counts those asked for, and there are no published tests.
    """
    found = {method: (epochs, quantities) for method, epochs, quantities in by_method(pairs, entities)}
    damages = _damages({method: quantities for method, (_, quantities) in found.items()})
    weights = _weights(pairs, entities)
    rows = []
    for one in align(damages, similarities, inference, weights):
        epochs, quantities = found[one.method]
        similarity = similarities[similarity_of(one.similarity, one.method)]
        old = _untold() if weights else _published(quantities, one.metric, similarity)  # the reference has all pairs
        row = [one.method, epochs, one.metric, one.similarity, one.spearman, one.low, one.high, one.p, one.pairs]
        rows.append([*row, *old["pearson"], *old["spearman"]])
    order = list(found)
    rows.sort(key=lambda row: order.index(str(row[0])))
    names = ["method", "epochs", "metric", "similarity", "spearman", "low", "high", "p", "pairs"]
    names += [f"published_{name}" for name in ("pearson", "pearson_p", "spearman", "spearman_p")]
    table = pd.DataFrame(rows, columns=names)
    table.insert(names.index("p") + 1, "q", q_values(table["p"]))
    return table


def _weights(pairs: pd.DataFrame, entities: int) -> dict[str, Matrix]:
    """Method -> weights of its pairs; empty where models were asked for all receivers."""
    of = {str(method): pair_weights(rows, entities) for method, rows in pairs.groupby("method", observed=True)}
    return {method: matrix for method, matrix in of.items() if matrix is not None}


def _damages(quantities: Mapping[str, Mapping[str, Matrix]]) -> dict[tuple[str, str], Matrix]:
    """(method, metric) -> (N, N) damage of every pair metric, from method -> metric -> matrix."""
    return {
        (method, metric): np.asarray(spec_of(metric).damage(matrix), dtype=float)
        for method, found in quantities.items()
        for metric, matrix in found.items()
        if is_comparison(metric) and metric.removesuffix("_published") not in set(found) - {metric}
    }


def untested(pairs: pd.DataFrame, similarities: Mapping[str, Matrix], entities: int) -> list[str]:
    """What ``similarity_table`` leaves out and why, a line per method and reason, for the log."""
    reasons: dict[tuple[str, str], list[str]] = {}
    weights = _weights(pairs, entities)
    damages = _damages({method: quantities for method, _, quantities in by_method(pairs, entities)})
    for (method, metric), matrix in damages.items():
        reasons.setdefault((method, why_untested(matrix, weights.get(method))), []).append(metric)
    for kind, matrix in similarities.items():
        reasons.setdefault(("similarity", why_untested(matrix)), []).append(kind)
    return [f"{what} {', '.join(names)}: {why}" for (what, why), names in reasons.items() if why]


def constant_models(pairs: pd.DataFrame) -> list[str]:
    """Models that draw pictures of one colour, the worst first, as lines for the log."""
    rows = pairs[pairs["metric"] == CONSTANT]
    shares = rows.groupby(["task", "method", "epochs", "emitter"], observed=True)["value"].mean()
    worst = shares[shares > 0].sort_values(ascending=False, kind="stable")
    models = [ModelId(str(task), int(emitter), str(method), int(epochs)).name for task, method, epochs, emitter in worst.index]
    return [f"{name}: {share:.1%} of its pictures have one colour" for name, share in zip(models, worst, strict=True)]


def _published(quantities: Mapping[str, Matrix], metric: str, similarity: Matrix) -> dict[str, tuple[float, float]]:
    """The reference's tests; NaN where it does not have the metric."""
    source = PUBLISHED_KEYS.get(metric.removesuffix("_published"), "")
    if source not in quantities:
        return _untold()
    return published_alignment(quantities[source], similarity)


def _untold() -> dict[str, tuple[float, float]]:
    return dict.fromkeys(("pearson", "spearman"), (np.nan, np.nan))


def gate_rises(table: pd.DataFrame) -> Gate:
    """Interference rises with the *true* similarity for at least one method and metric: the smallest p, corrected for their number.

    Looking at many tests helps, so the gate is judged by the smallest p times their number (Bonferroni); ``how`` also tells it alone.
    """
    rows = table[table["similarity"] == "true"]
    if rows.empty:
        return Gate("rises_with_true_similarity", None, RISES_AT, False, "no method has a pair to test", [])
    best = rows.iloc[int(rows["p"].argmin())]
    p, tests = float(best["p"]), len(rows)
    corrected = min(1.0, p * tests)
    how = (
        f"smallest p of {tests} one-sided Mantel tests (entities permuted), times {tests} (Bonferroni): {best['method']}, {best['metric']}, "
        f"Spearman {best['spearman']:.2f}; alone p = {p:.4f}"
    )
    return Gate("rises_with_true_similarity", corrected, RISES_AT, corrected < RISES_AT, how, rows[["p", "spearman"]])


def all_gates(
    pairs: pd.DataFrame, baseline: pd.DataFrame, table: pd.DataFrame, similarities: Mapping[str, Matrix], entities: int
) -> list[Gate]:
    """Every gate of a task that its data allow.

    Args:
        pairs: tidy pairs of a task, all methods. baseline: scores of the off images. table: from ``similarity_table``.
        similarities, entities: as there.
    """
    gates = []
    if (pairs["method"].map(ROLES.role) == UNCHANGED).any():
        gates.append(gate_none_is_zero(pairs))
    if "judge" in baseline.columns:
        gates.append(gate_base_accuracy(baseline, BASE_ACCURACY))
    if "true" in similarities and not np.isnan(similarities["true"]).all():
        gates.append(gate_rises(table))
    gates += [gate_base_draws(baseline), gate_every_pair_has_a_value(pairs, entities)]
    if "attr" in similarities:
        gates.append(gate_distinct(similarities["attr"]))
    return gates

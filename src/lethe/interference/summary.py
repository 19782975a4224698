"""What a reader asks first of a task: does interference follow similarity, and do the gates hold?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.interference.alignment import align, published_alignment, similarity_of
from lethe.interference.gates import Gate, gate_base_accuracy, gate_none_is_zero
from lethe.interference.matrices import by_method
from lethe.interference.pairs import PUBLISHED_KEYS
from lethe.interference.resampling import Inference, q_values
from lethe.metrics.base import SPECS, spec_of

Matrix = NDArray[np.float64]
BASE_ACCURACY = 0.95  # a base that does not draw what it is asked measures nothing
RISES_AT = 0.01  # level of the test that interference rises with the true similarity


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
        not unlearn every entity, and what is unknown or constant off the diagonal, are left out.
    """
    found = {method: (epochs, quantities) for method, epochs, quantities in by_method(pairs, entities)}
    damages = {
        (method, metric): np.asarray(spec_of(metric).damage(matrix), dtype=float)
        for method, (_, quantities) in found.items()
        for metric, matrix in quantities.items()
        if metric in SPECS and spec_of(metric).kind != "image" and not metric.endswith("_published")
    }
    rows = []
    for one in align(damages, similarities, inference):
        epochs, quantities = found[one.method]
        old = _published(quantities, one.metric, similarities[similarity_of(one.similarity, one.method)])
        row = [one.method, epochs, one.metric, one.similarity, one.spearman, one.low, one.high, one.p, one.pairs]
        rows.append([*row, *old["pearson"], *old["spearman"]])
    order = list(found)
    rows.sort(key=lambda row: order.index(str(row[0])))
    names = ["method", "epochs", "metric", "similarity", "spearman", "low", "high", "p", "pairs"]
    names += [f"published_{name}" for name in ("pearson", "pearson_p", "spearman", "spearman_p")]
    table = pd.DataFrame(rows, columns=names)
    table.insert(names.index("p") + 1, "q", q_values(table["p"]))
    return table


def _published(quantities: Mapping[str, Matrix], metric: str, similarity: Matrix) -> dict[str, tuple[float, float]]:
    """The reference's tests; NaN where it does not have the metric."""
    source = PUBLISHED_KEYS.get(metric, "")
    if source not in quantities:
        return dict.fromkeys(("pearson", "spearman"), (np.nan, np.nan))
    return published_alignment(quantities[source], similarity)


def gate_rises(table: pd.DataFrame) -> Gate:
    """Interference rises with the *true* similarity for at least one method and metric: the smallest p of the table.

    Looking at many tests helps; ``how`` therefore also tells this p times their number (Bonferroni).
    """
    rows = table[table["similarity"] == "true"]
    if rows.empty:
        return Gate("rises_with_true_similarity", float("nan"), RISES_AT, False, "no method has a pair to test")
    best = rows.iloc[int(rows["p"].argmin())]
    p, tests = float(best["p"]), len(rows)
    how = (
        f"smallest p of {tests} one-sided Mantel tests (entities permuted): {best['method']}, {best['metric']}, "
        f"Spearman {best['spearman']:.2f}; times {tests} (Bonferroni) {min(1.0, p * tests):.4f}"
    )
    return Gate("rises_with_true_similarity", p, RISES_AT, p < RISES_AT, how)


def all_gates(pairs: pd.DataFrame, baseline: pd.DataFrame, table: pd.DataFrame, knows_truth: bool) -> list[dict[str, Any]]:
    """Every gate of a task that its data allow, as plain records."""
    gates = []
    if (pairs["method"] == "none").any():
        gates.append(gate_none_is_zero(pairs))
    if "judge" in baseline.columns:
        gates.append(gate_base_accuracy(baseline, BASE_ACCURACY))
    if knows_truth:
        gates.append(gate_rises(table))
    return [gate.record() for gate in gates]

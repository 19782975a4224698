"""What a reader asks first of a task: does interference follow similarity, and do the gates hold?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.interference.gates import Gate, gate_base_accuracy, gate_none_is_zero
from lethe.interference.matrices import by_method
from lethe.interference.statistics import mantel
from lethe.metrics.base import SPECS, spec_of

Matrix = NDArray[np.float64]
BASE_ACCURACY = 0.95  # a base that does not draw what it is asked measures nothing
RISES_AT = 0.01  # level of the test that interference rises with the true similarity


def similarity_table(
    pairs: pd.DataFrame, similarities: Mapping[str, Matrix], entities: int, permutations: int, seed: int
) -> pd.DataFrame:
    """Spearman correlation of damage with every similarity, tested by permuting entities (one-sided: damage rises).

    Returns:
        ``method, epochs, metric, similarity, spearman, p, pairs``; methods that did not unlearn every entity, and similarities
        that are unknown or constant off the diagonal, are left out.
    """
    rows = []
    off = ~np.eye(entities, dtype=bool)
    for method, epochs, quantities in by_method(pairs, entities):
        for metric, matrix in quantities.items():
            if metric not in SPECS or spec_of(metric).kind == "image" or metric.endswith("_published") or np.isnan(matrix).any():
                continue
            damage = np.asarray(spec_of(metric).damage(matrix), dtype=float)
            if np.ptp(damage[off]) == 0:  # `none`, or a metric that saw nothing: no rank to correlate
                continue
            for kind, similarity in similarities.items():
                if np.isnan(similarity[off]).any() or np.ptp(similarity[off]) == 0:
                    continue
                test = mantel(damage, similarity, permutations=permutations, seed=seed, alternative="greater")
                rows.append([method, epochs, metric, kind, test.correlation, test.p_value, test.pairs])
    return pd.DataFrame(rows, columns=["method", "epochs", "metric", "similarity", "spearman", "p", "pairs"])


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

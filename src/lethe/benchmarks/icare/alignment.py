"""How well similarities predict damage: every method and metric against every similarity, tested together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lethe.statistics import published_tests, sampled_matrices
from lethe.statistics.matrix_tests import correlation_draws, count_extreme, off_diagonal, ranked, standardized
from lethe.statistics.resampling import Inference, p_value, percentile_interval

Matrix = NDArray[np.float64]
Key = tuple[str, str]  # method, metric
WEIGHTS = "weights_"  # prefix of a similarity that belongs to one method


@dataclass(frozen=True)
class Alignment:
    """One damage against one similarity.

    Attributes:
        method, metric, similarity: what was compared.
        spearman: of damage (0 = untouched, larger = more) and similarity over ordered pairs of different entities.
        low, high: bootstrap interval over entities.
        p: one-sided Mantel test that damage rises with similarity, entities permuted.
        pairs: number of pairs.
        draws: (draws,) bootstrap values, so that averages over alignments have an interval too.
    """

    method: str
    metric: str
    similarity: str
    spearman: float
    low: float
    high: float
    p: float
    pairs: int
    draws: NDArray[np.float64]


def similarity_of(kind: str, method: str) -> str:
    """The key of a similarity: ``weights`` is one of each method, all others of the task."""
    return f"{WEIGHTS}{method}" if kind == "weights" else kind


def align(
    damages: Mapping[Key, Matrix],
    similarities: Mapping[str, Matrix],
    inference: Inference,
    weights: Mapping[str, Matrix] | None = None,
) -> list[Alignment]:
    """All damages against all similarities of a task; those that are incomplete or constant are left out.

    Args:
        damages: (method, metric) -> (N, N) damage; NaN on the diagonal is fine.
        similarities: kind, or ``weights_{method}``, -> (N, N).
        inference: permutations, draws, level.
        weights: method -> (N, N) of ``pair_weights``, where models were asked for some receivers; a correlation then estimates that
            over all pairs.
    """
    of = weights or {}
    usable = {key: matrix for key, matrix in damages.items() if not why_untested(matrix, of.get(key[0]))}
    tested_together: dict[tuple[Key, ...], list[str]] = {}  # `weights` is tested against one method, the others against all
    for kind, similarity in similarities.items():
        only = kind.removeprefix(WEIGHTS) if kind.startswith(WEIGHTS) else ""
        keys = tuple(key for key in usable if not only or key[0] == only)
        if keys and not why_untested(similarity):
            tested_together.setdefault(keys, []).append(kind)
    result = []
    for keys, kinds in tested_together.items():
        if of:
            for method in dict.fromkeys(key[0] for key in keys):
                own = [key for key in keys if key[0] == method]
                result += _of_drawn(own, usable, {kind: similarities[kind] for kind in kinds}, of[method], inference)
            continue
        ranks, others = np.stack([ranked(usable[key]) for key in keys]), [ranked(similarities[kind]) for kind in kinds]
        stack, n = standardized(ranks), ranks.shape[-1]
        drawn = correlation_draws(ranks, others, inference.bootstrap, inference.seed)
        for kind, other, draws in zip(kinds, others, drawn, strict=True):
            permuted = standardized(other[None])[0]
            observed, count = count_extreme(stack, permuted, inference.permutations, inference.seed, "greater")
            p = p_value(count, inference.permutations)
            low, high = percentile_interval(draws, inference.alpha)
            name = "weights" if kind.startswith(WEIGHTS) else kind
            result += [
                Alignment(*key, name, float(observed[i]), float(low[i]), float(high[i]), float(p[i]), n * (n - 1), draws[:, i])
                for i, key in enumerate(keys)
            ]
    return result


def _of_drawn(
    keys: list[Key], damages: Mapping[Key, Matrix], similarities: Mapping[str, Matrix], weights: Matrix, inference: Inference
) -> list[Alignment]:
    """The same of one method from pairs that were drawn."""
    drawn = sampled_matrices.DrawnPairs.of(np.stack([damages[key] for key in keys]), weights)
    result = []
    for kind, similarity in similarities.items():
        observed, count = sampled_matrices.count_extreme(drawn, similarity, inference.permutations, inference.seed, "greater")
        p = p_value(count, inference.permutations)
        draws = sampled_matrices.correlation_draws(drawn, similarity, inference.bootstrap, inference.seed)
        low, high = percentile_interval(draws, inference.alpha)
        name = "weights" if kind.startswith(WEIGHTS) else kind
        result += [
            Alignment(*key, name, float(observed[i]), float(low[i]), float(high[i]), float(p[i]), len(drawn.rows), draws[:, i])
            for i, key in enumerate(keys)
        ]
    return result


def published_alignment(values: Matrix, similarity: Matrix) -> dict[str, tuple[float, float]]:
    """The reference's tests of the raw metric (not damage) against the similarity, pairs taken as independent."""
    used = off_diagonal(len(values))
    return published_tests.correlation(values[used], similarity[used])


def why_untested(matrix: Matrix, weights: Matrix | None = None) -> str:
    """Why an (N, N) matrix has no correlation over all pairs of different entities; empty where it has one.

    Args:
        weights: of ``pair_weights``: then every pair that was asked for has to have a value, and every emitter such pairs.
    """
    used = off_diagonal(len(matrix))
    if weights is not None:
        used &= weights > 0
        if lost := int((~used.any(axis=1)).sum()):
            return f"{lost} of {len(matrix)} entities are no emitter"
    values = matrix[used]
    if missing := int((~np.isfinite(values)).sum()):
        return f"{missing} of {len(values)} pairs have no value"
    return "" if np.ptp(values) > 0 else "the same for all pairs"

"""KLoM: how far the margins of unlearned models are from those of retrained ones, sample by sample, as distributions over models.

Georgiev et al. 2024 (arXiv 2410.23232, E.1) and EasyDUB (arXiv 2602.16400): a sample's margin is the logit of its class minus the
log-sum-exp of the others, which is what U-LiRA keeps as phi, and its KLoM is KL(unlearned || retrained) of that number. They train some
hundred models on one forget set and take histograms of 20 bins. The models of U-LiRA each have a forget set of their own, so a sample is
forgotten by a dozen of them only: here both distributions are normal, and a variance that rests on few models is drawn to the mean one.

Models of one split have seen the same data, unlearned and retrained ones alike. So that this does not make them look alike, the unlearned
models of one half of the splits are held against the retrained ones of the other half. Retrained models are held against each other in the
very same way: that is the floor, and a method that forgot exactly is at it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from lethe.benchmarks.deepunlearn.ulira_splits import LiraSplits
from lethe.classifiers.distance import RETRAINED

PRIOR = 8.0  # models that the mean variance counts for, beside those of a sample
BLOCKS = 16  # of splits, each left out once for the interval
VARIANCE_FLOOR = 1e-6  # models that all answer the same must not divide by zero

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Margins:
    """Margins of one method by block of splits and sample, (G, n): their number, sum and sum of squares."""

    count: Floats
    total: Floats
    squares: Floats

    @classmethod
    def of(cls, phi: NDArray[np.float32], chosen: Mask) -> Margins:
        """Those of the models and samples that are chosen; a margin that is not finite is left out.

        Args:
            phi: (S, K, n). chosen: (S, K, n).
        """
        blocks = block_count(len(phi))
        parts = np.zeros((3, blocks, phi.shape[2]))
        for s, (values, mask) in enumerate(zip(phi, chosen, strict=True)):
            known = mask & np.isfinite(values)
            x = np.where(known, values, 0).astype(np.float64)
            parts[:, s % blocks] += known.sum(0), x.sum(0), np.square(x).sum(0)
        return cls(*parts)

    def normal(self, blocks: Mask) -> tuple[Floats, Floats]:
        """Mean and variance of every sample, (n,), over the models of some blocks, (G,); NaN for a sample without one."""
        count, total, squares = (part[blocks].sum(0) for part in (self.count, self.total, self.squares))
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = total / count
            deviations = np.where(count > 1, np.maximum(squares - total * mean, 0), 0)
        freedom = np.maximum(count - 1, 0)
        pooled = deviations.sum() / freedom.sum() if freedom.any() else math.nan
        variance = (deviations + PRIOR * pooled) / (freedom + PRIOR)
        return mean, np.maximum(variance, VARIANCE_FLOOR)


def block_count(splits: int) -> int:
    """How many blocks ``splits`` are put into: an even number, as two halves are needed."""
    return min(BLOCKS, splits) // 2 * 2


def kl_of_normals(mean: Floats, variance: Floats, reference_mean: Floats, reference_variance: Floats) -> Floats:
    """KL(N(mean, variance) || N(reference_mean, reference_variance)) in nats, elementwise.

    >>> float(kl_of_normals(np.array(1.0), np.array(1.0), np.array(0.0), np.array(1.0)))
    0.5
    """
    ratio = variance / reference_variance
    return (ratio - 1 - np.log(ratio) + (mean - reference_mean) ** 2 / reference_variance) / 2


def klom(unlearned: Margins, retrained: Margins, kept: Mask | None = None) -> Floats:
    """KLoM of every sample, (n,), in nats: the mean over both ways to hold one half of the splits against the other.

    Args:
        kept: (G,), the blocks of splits that take part; all by default.

    Returns:
        NaN for a sample of which one half has no model.
    """
    blocks = len(unlearned.count)
    every = np.ones(blocks, dtype=bool) if kept is None else kept
    first = np.arange(blocks) < blocks // 2
    ways = [(every & first, every & ~first), (every & ~first, every & first)]
    return np.mean([kl_of_normals(*unlearned.normal(here), *retrained.normal(there)) for here, there in ways], axis=0)


def klom_table(outputs: Mapping[str, tuple[NDArray[np.float32], Mask]], splits: LiraSplits, level: float = 0.95) -> pd.DataFrame:
    """KLoM of every method on what a model forgot, what it retained and what no model has seen.

    Args:
        outputs: method -> phi (S, K, n) and correctness, with those of ``retrained``.
        splits: who was trained on what.
        level: coverage of the intervals.

    Returns:
        ``method, part`` (``forget, retain, val``), ``samples`` (with a value), ``mean`` and ``p95`` over them, in nats; ``excess``: the mean
        minus that of ``retrained``, the floor, with ``excess_low`` and ``excess_high`` (jackknife over blocks of splits, Student's t; a
        divergence is bent near 0, which makes them a quarter to two fifths too wide there).

    Raises:
        KeyError: there is no ``retrained``.
    """
    rows = []
    for part, chosen in _parts(splits).items():
        margins = {method: Margins.of(phi, chosen) for method, (phi, _) in outputs.items()}
        retrained = margins[RETRAINED]
        floors = _left_out_means(retrained, retrained)
        for method, found in margins.items():
            values = klom(found, retrained)
            known = values[np.isfinite(values)]
            excess, low, high = _jackknife(_left_out_means(found, retrained) - floors, level)
            rows.append(
                {
                    "method": method,
                    "part": part,
                    "samples": len(known),
                    "mean": known.mean() if len(known) else math.nan,
                    "p95": np.percentile(known, 95) if len(known) else math.nan,
                    "excess": excess,
                    "excess_low": low,
                    "excess_high": high,
                }
            )
    return pd.DataFrame(rows)


def _parts(splits: LiraSplits) -> dict[str, Mask]:
    """Part -> (S, K, n): whether a sample is in it for a model."""
    retained, held_out = (np.zeros((*splits.forget.shape[:2], splits.n), dtype=bool) for _ in range(2))
    np.put_along_axis(retained, splits.retain, True, axis=2)
    held_out[..., splits.val] = True
    return {"forget": splits.forgotten(), "retain": retained, "val": held_out}


def _left_out_means(unlearned: Margins, retrained: Margins) -> Floats:
    """Mean KLoM over samples, (1 + G,): of all blocks, then without each of them."""
    blocks = len(unlearned.count)
    kept = np.concatenate([np.ones((1, blocks), dtype=bool), ~np.eye(blocks, dtype=bool)])
    means = []
    for row in kept:
        values = klom(unlearned, retrained, row)
        known = values[np.isfinite(values)]
        means.append(known.mean() if len(known) else math.nan)
    return np.array(means)


def _jackknife(values: Floats, level: float) -> tuple[float, float, float]:
    """Estimate and interval of values of all blocks and of each left-out one, (1 + G,)."""
    estimate, left_out = values[0], values[1:]
    error = math.sqrt((len(left_out) - 1) * left_out.var())
    half = float(student.ppf((1 + level) / 2, len(left_out) - 1)) * error
    return float(estimate), float(estimate - half), float(estimate + half)

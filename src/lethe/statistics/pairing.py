"""Do two pictures of one prompt and one seed share what they began from? Arrays in, numbers out.

Of a prompt there are S seeds, and S x S similarities of on and off pictures. Where noise is shared, those of one seed are more alike than
those of two. Under the null hypothesis the on pictures of a prompt know nothing of the seeds of its off pictures, so these may change places
within each prompt, independently of other prompts: the statistic is the mean over prompts of (mean over one seed - mean over two seeds).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lethe.statistics.resampling import Inference, blocks, extreme, multiplicities, p_value, percentile_interval

Floats = NDArray[np.float64]
MOSTLY = 0.5  # share of pairs from which on a verdict says paired, below which it says unpaired


@dataclass(frozen=True)
class Pairing:
    """Whether on and off pictures of one seed share their noise.

    Attributes:
        receivers: prompts that were compared; seeds: of each.
        same, different: mean similarity of pictures of one seed and of two seeds.
        matched: share of on pictures whose most similar off picture of the prompt has their seed; 1 / seeds by chance.
        share: of pairs that are paired, as ``matched`` tells it: 0 where it is chance, 1 where every picture finds its own.
        low, high: interval of ``share`` over prompts.
        p: of the permutation test.
    """

    receivers: int
    seeds: int
    same: float
    different: float
    matched: float
    share: float
    low: float
    high: float
    p: float

    def verdict(self, q: float, alpha: float) -> str:
        """``paired`` or ``partly`` (noise is shared by most pairs, or by some), ``unpaired`` (by fewer than half, and no sign of any), ``unclear``.

        Args:
            q: of the test, over all models that were tested. alpha: level.
        """
        if q < alpha:
            return "paired" if self.low >= MOSTLY else "partly"
        return "unpaired" if self.high < MOSTLY else "unclear"


def pairing(alike: ArrayLike, inference: Inference) -> Pairing:
    """Compare pictures of one seed with those of two.

    Args:
        alike: (R, S, S) similarity of on picture s and off picture t of each of R prompts; finite.
        inference: permutations, draws, level and seed.

    Raises:
        ValueError: fewer than two prompts or two seeds, or a value that is not finite.

    >>> shared = np.eye(4) + np.random.default_rng(0).normal(0, 0.1, (20, 4, 4))
    >>> pairing(shared, Inference(permutations=999)).verdict(0.001, 0.05)
    'paired'
    """
    values = np.asarray(alike, dtype=float)
    if values.ndim != 3 or values.shape[1] != values.shape[2] or min(values.shape) < 2:
        raise ValueError(f"similarities are {values.shape}; expected (R, S, S) with at least 2 prompts and 2 seeds")
    if not np.isfinite(values).all():
        raise ValueError("a similarity of two pictures is not finite")
    receivers, seeds = values.shape[:2]
    own = np.einsum("rss->r", values) / seeds
    other = (values.sum(axis=(1, 2)) - own * seeds) / (seeds * (seeds - 1))
    found = (values.argmax(axis=2) == np.arange(seeds)).mean(axis=1)
    weights = multiplicities(receivers, inference.bootstrap, inference.seed)
    low, high = percentile_interval(_share(weights @ found / receivers, seeds), inference.alpha)
    return Pairing(
        receivers=receivers,
        seeds=seeds,
        same=float(own.mean()),
        different=float(other.mean()),
        matched=float(found.mean()),
        share=float(_share(found.mean(), seeds)),
        low=float(low),
        high=float(high),
        p=_p(values, inference),
    )


def _share(matched: ArrayLike, seeds: int) -> Floats:
    """Share of pairs that are paired, if all others match by chance; not below 0."""
    return np.maximum(0.0, (np.asarray(matched, dtype=float) - 1 / seeds) / (1 - 1 / seeds))


def _p(values: Floats, inference: Inference) -> float:
    """One-sided: pictures of one seed are more alike. The sum of all similarities does not change, so the mean of the diagonal is enough."""
    receivers, seeds = values.shape[:2]
    generator = np.random.default_rng(inference.seed)
    observed, count = np.array([np.einsum("rss->", values)]), np.zeros(1, np.int64)
    rows, prompts = np.arange(seeds), np.arange(receivers)[:, None]
    for block in blocks(inference.permutations, receivers * seeds * 4):
        orders = generator.permuted(np.tile(rows, (block.stop - block.start, receivers, 1)), axis=-1)
        count += extreme(observed, values[prompts, rows, orders].sum(axis=(1, 2))[:, None], "greater")
    return float(p_value(count, inference.permutations)[0])

"""Who trains on what in U-LiRA: 64 halves of the data, and K forget sets in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lethe.core.split import Split

VAL_SEED = 123  # published code (`--data_seed`); split s and forget set k are drawn with s and k as seeds
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class LiraSplits(Split[Indices]):
    """Rows 0..n-1 of the development data by role; ``retain`` (S, K, n_r) and ``forget`` (S, K, n_f) are those of every model.

    Attributes:
        n: number of samples.
        train: (S, n_tr) what the original model of a split is trained on.
        unseen: (S, n_un) what no model of the split ever sees.
        val: (n_v,) held out from all splits.
    """

    n: int
    train: Indices
    unseen: Indices
    val: Indices

    def forgotten(self) -> Mask:
        """(S, K, n): whether a sample was trained on and then in the forget set of that model."""
        return self._mask(self.forget)

    def retained(self) -> Mask:
        """(S, K, n): whether a sample was trained on and is to be kept by that model."""
        return self._mask(self.retain)

    def never_seen(self) -> Mask:
        """(S, n): whether a sample is unseen by all models of a split."""
        mask = np.zeros((len(self.unseen), self.n), dtype=bool)
        np.put_along_axis(mask, self.unseen, True, axis=1)
        return mask

    def _mask(self, rows: Indices) -> Mask:
        mask = np.zeros((*rows.shape[:2], self.n), dtype=bool)
        np.put_along_axis(mask, rows, True, axis=2)
        return mask


def lira_splits(n: int, splits: int = 64, forgets: int = 10, val_share: float = 0.05, forget_share: float = 0.1) -> LiraSplits:
    """The splits of the published study (code of arXiv 2410.01276, ``step_1_lira_generate_splits``).

    The last ``val_share`` of a permutation (seed 123) is held out. Split s permutes the rest with seed s and trains on the first half;
    forget set k of a split permutes its training half with seed k and takes the last ``forget_share``. All splits share the positions
    of forget set k, not its samples.

    Args:
        n: size of the development data. splits: S. forgets: K.
        val_share: of n. forget_share: of a training half.

    Raises:
        ValueError: a number or share leaves one of the sets empty.
    """
    val_size = int(n * val_share)
    dev_size = n - val_size
    unseen_size = int(dev_size * 0.5)
    train_size = dev_size - unseen_size
    forget_size = int(train_size * forget_share)
    sizes = {"val": val_size, "unseen": unseen_size, "forget": forget_size, "retain": train_size - forget_size}
    empty = [name for name, size in sizes.items() if size < 1]
    if empty or splits < 1 or forgets < 1:
        raise ValueError(
            f"n = {n}, splits = {splits}, forgets = {forgets}, val_share = {val_share}, forget_share = {forget_share}: "
            f"at least 1 split, 1 forget set and 1 sample in every set are needed; empty: {', '.join(empty) or 'none'}"
        )
    order = np.random.default_rng(VAL_SEED).permutation(n)
    dev, val = order[:-val_size], order[-val_size:]
    halves = np.stack([np.random.default_rng(s).permutation(dev) for s in range(splits)])
    train, unseen = halves[:, :train_size], halves[:, train_size:]
    parts = np.stack([np.stack([np.random.default_rng(k).permutation(row) for k in range(forgets)]) for row in train])
    retain, forget = parts[..., :-forget_size], parts[..., -forget_size:]
    return LiraSplits(retain, forget, n, train, unseen, val)

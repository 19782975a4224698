"""Forget sets to tune on: what is reported must not be what hyper-parameters were chosen on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


def tuning_rows(retain: Indices, forget: Indices, seeds: Sequence[int]) -> tuple[Indices, Indices]:
    """One forget set per tuning model, of the reported one's size but at most half of the reported retain set, which it is drawn from.

    A search that sees one forget set only learns its noise: every model has one of its own.

    Args:
        retain, forget: the reported split, (n,) and (f,). seeds: M numbers, one draw each.

    Returns:
        What to retain (M, n), the reported forget set included, and what to forget (M, f).
    """
    drawn = np.stack([np.random.default_rng(seed).permutation(retain) for seed in seeds])
    kept, chosen = np.split(drawn, [len(retain) - min(len(forget), len(retain) // 2)], axis=1)
    return np.concatenate([kept, np.broadcast_to(forget, (len(seeds), len(forget)))], axis=1), chosen

"""Similarity of entities by what unlearning them changes: the cosine of their deltas.

Deltas are never made dense. Of low-rank additions, <B1 A1, B2 A2> = sum((B1' B2) * (A1 A2')), summed over modules. Of text maps
T = s I + L' R, with T - I = (s - 1) I + L' R, the inner product is
(s1 - 1)(s2 - 1) d + (s1 - 1) tr(L2' R2) + (s2 - 1) tr(L1' R1) + sum((L1 L2') * (R1 R2')).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lethe.diffusion.delta import Delta, LoraDelta, SparseDelta, TextMapDelta

Matrix = NDArray[np.float64]


def weight_similarity(deltas: Sequence[Delta]) -> Matrix:
    """(N, N) cosines of N deltas of one kind, in [-1, 1], diagonal 1.

    Raises:
        ValueError: for kinds without a factored inner product (dense, sparse, none), several kinds, other modules, or a zero delta.
    """
    kinds = sorted({delta.kind for delta in deltas})
    if all(isinstance(delta, LoraDelta) and not isinstance(delta, SparseDelta) for delta in deltas):
        products = _lora_products([delta for delta in deltas if isinstance(delta, LoraDelta)])
    elif all(isinstance(delta, TextMapDelta) for delta in deltas):
        products = _text_map_products([delta for delta in deltas if isinstance(delta, TextMapDelta)])
    else:
        raise ValueError(
            f"similarity weights: deltas are {', '.join(kinds)}; allowed: all lora or all text_map (stored as factors)"
        )
    norms = np.sqrt(np.diagonal(products))
    if (norms == 0).any():
        raise ValueError(f"similarity weights: the delta of entity {int(np.argmin(norms))} is zero and has no direction")
    result = np.clip(products / np.outer(norms, norms), -1, 1)
    np.fill_diagonal(result, 1.0)
    return result


def _lora_products(deltas: Sequence[LoraDelta]) -> Matrix:
    modules = sorted(deltas[0].factors)
    for number, delta in enumerate(deltas):
        if odd := set(modules) ^ set(delta.factors):
            raise ValueError(f"similarity weights: entities 0 and {number} differ in module '{min(odd)}'")
    n = len(deltas)
    total = np.zeros((n, n))
    for module in modules:
        down = [delta.factors[module][0].flatten(1).double() for delta in deltas]  # (r, in)
        up = [delta.factors[module][1].flatten(1).double().T for delta in deltas]  # (r, out)
        total += _paired(down, up)
    return total


def _text_map_products(deltas: Sequence[TextMapDelta]) -> Matrix:
    left, right = [delta.left.double() for delta in deltas], [delta.right.double() for delta in deltas]
    shift = np.array([delta.scale - 1 for delta in deltas])
    trace = np.array([float((one * other).sum()) for one, other in zip(left, right, strict=True)])
    width = deltas[0].left.shape[1]
    return _paired(left, right) + width * np.outer(shift, shift) + np.outer(shift, trace) + np.outer(trace, shift)


def _paired(first: Sequence[Tensor], second: Sequence[Tensor]) -> Matrix:
    """(N, N) sums over (F_i F_j') * (S_i S_j') of factors F_i (r_i, p) and S_i (r_i, q); ranks may differ."""
    ranks = [len(factor) for factor in first]
    products = (torch.cat(list(first)) @ torch.cat(list(first)).T) * (torch.cat(list(second)) @ torch.cat(list(second)).T)
    owner = torch.repeat_interleave(torch.arange(len(ranks)), torch.tensor(ranks))
    member = torch.nn.functional.one_hot(owner, len(ranks)).double()
    return np.asarray((member.T @ products @ member).numpy())

"""Cosines of deltas from their factors equal those of the dense deltas."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lethe.benchmarks.icare.weight_similarity import weight_similarity
from lethe.diffusion.delta import DenseDelta, LoraDelta, TextMapDelta


def dense_cosines(vectors: list[np.ndarray]) -> np.ndarray:
    rows = np.stack([v.ravel() for v in vectors])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows @ rows.T


def test_lora_of_several_modules_and_ranks() -> None:
    draw = torch.Generator().manual_seed(0)

    def lora(rank: int) -> LoraDelta:
        shapes = {"unet.a": (5, 7), "unet.b": (4, 3)}
        factors = {
            m: (torch.randn(rank, i, generator=draw), torch.randn(o, rank, generator=draw)) for m, (o, i) in shapes.items()
        }
        return LoraDelta(
            factors | {"unet.c": (torch.randn(rank, 2, 3, 3, generator=draw), torch.randn(6, rank, 1, 1, generator=draw))}
        )

    deltas = [lora(2), lora(2), lora(3), lora(1)]
    dense = []
    for delta in deltas:
        parts = [(b.flatten(1) @ a.flatten(1)).flatten() for a, b in (delta.factors[m] for m in sorted(delta.factors))]
        dense.append(torch.cat(parts).double().numpy())
    np.testing.assert_allclose(weight_similarity(deltas), dense_cosines(dense), atol=1e-6)


def test_text_maps_with_and_without_scale() -> None:
    draw = torch.Generator().manual_seed(1)
    deltas = [
        TextMapDelta(torch.randn(k, 6, generator=draw), torch.randn(k, 6, generator=draw), scale)
        for k, scale in ((1, 1.0), (2, 0.9), (1, 1.1))
    ]
    dense = [(delta.matrix() - torch.eye(6)).double().numpy() for delta in deltas]
    np.testing.assert_allclose(weight_similarity(deltas), dense_cosines(dense), atol=1e-5)


def test_what_has_no_cosine_is_named() -> None:
    one = TextMapDelta(torch.ones(1, 3), torch.ones(1, 3))
    with pytest.raises(ValueError, match="dense, text_map; allowed"):
        weight_similarity([one, DenseDelta({"unet.w": torch.ones(2)})])
    with pytest.raises(ValueError, match="entity 1 is zero"):
        weight_similarity([one, TextMapDelta(torch.zeros(1, 3), torch.zeros(1, 3))])
    lora = {"unet.a": (torch.ones(1, 2), torch.ones(2, 1))}
    with pytest.raises(ValueError, match="differ in module 'unet.b'"):
        weight_similarity([LoraDelta(lora), LoraDelta(lora | {"unet.b": lora["unet.a"]})])

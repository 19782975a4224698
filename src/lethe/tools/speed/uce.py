"""Time, size and error of the UCE solve against the reference's per-layer dense edit, at the size of SD v1.4."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from lethe.diffusion.delta import TextMapDelta
from lethe.diffusion.methods._text_maps import truncate
from lethe.diffusion.methods.uce import dense_edit, solve

WIDTH = 768
OUTPUTS = [320] * 10 + [640] * 10 + [1280] * 12  # rows of the 16 key and 16 value matrices of cross-attention
NORM = 28.0  # of a hidden state of CLIP ViT-L/14's text encoder


def bench_uce(
    entities: int = 100,
    dense_entities: int = 2,
    erase_scale: float = 230.0,
    preserve_scale: float = 1.2,
    lamb: float = 0.1,
    seed: int = 0,
) -> dict[str, Any]:
    """Measure our solve of ``entities`` emitters and the reference's of ``dense_entities``, scaled linearly to all.

    The setting is I-CARE's (one vector per emitter, guide = preserve). The reference is timed in float32, as it runs; errors
    are against its formula in float64, since in float32 its explicit inverse is the less exact side.

    Returns:
        Seconds, speed-up, bytes on disk of all deltas, and errors ||W_new - W_ref||_F / ||W_ref||_F, the maximum over
        matrices and ``dense_entities`` (ours, and the reference's own in float32).
    """
    generator = torch.Generator().manual_seed(seed)
    weights = [torch.randn(rows, WIDTH, generator=generator) / WIDTH**0.5 for rows in OUTPUTS]
    concepts = torch.randn(entities, 1, WIDTH, generator=generator)
    concepts *= NORM / concepts.norm(dim=2, keepdim=True)
    guide = torch.randn(1, 1, WIDTH, generator=generator)
    guides = (guide * NORM / guide.norm()).expand(entities, 1, WIDTH)
    scales = (erase_scale, preserve_scale, lamb)

    solve(concepts[:1], guides[:1], guides[:1], *scales)  # first calls load the linear algebra library
    begin = time.perf_counter()
    scale, lefts, rights = solve(concepts, guides, guides, *scales)
    factors = [truncate(scale, left, right) for left, right in zip(lefts, rights, strict=True)]
    ours = time.perf_counter() - begin

    with tempfile.TemporaryDirectory() as folder:
        for index, (left, right) in enumerate(factors):
            TextMapDelta(left, right, scale).save(Path(folder) / f"{index:03d}.safetensors")
        size = sum(file.stat().st_size for file in Path(folder).iterdir())

    dense_seconds, error, error_float32 = 0.0, 0.0, 0.0
    for index in range(dense_entities):
        vectors = (concepts[index], guides[index], guides[index])
        begin = time.perf_counter()
        edited = [dense_edit(weight, *vectors, *scales) for weight in weights]
        dense_seconds += time.perf_counter() - begin
        left, right = factors[index]
        concept, guide, kept = (vector.double() for vector in vectors)
        exact_map = dense_edit(torch.eye(WIDTH, dtype=torch.float64), concept, guide, kept, *scales)
        for weight, float32 in zip(weights, edited, strict=True):
            exact = weight.double() @ exact_map  # equal to dense_edit(weight); tests/unit/diffusion/test_uce.py checks it
            mine = scale * weight + (weight @ left.T) @ right
            error = max(error, float((mine - exact).norm() / exact.norm()))
            error_float32 = max(error_float32, float((float32 - exact).norm() / exact.norm()))
    dense_all = dense_seconds * entities / max(dense_entities, 1)
    return {
        "entities": entities,
        "matrices": len(weights),
        "threads": torch.get_num_threads(),
        "seconds": ours,
        "reference_seconds": dense_all,
        "reference_note": f"measured on {dense_entities} entities and scaled linearly to {entities}",
        "speed_up": dense_all / ours,
        "bytes_on_disk": size,
        "max_rank": max(len(left) for left, _ in factors),
        "max_relative_error": error,
        "reference_float32_relative_error": error_float32,
    }

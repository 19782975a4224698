"""Effects on unlearned models: MUNBa beside its published variant, clipping, the size of UCE, the exactness of its solve."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lethe.benchmarks.icare.matrices import Matrix, by_method
from lethe.benchmarks.icare.pairs import image_quantities, pair_means, tidy
from lethe.core.records import ModelId
from lethe.diffusion.methods import VARIANTS
from lethe.io.tables import read_json, read_parquet
from lethe.tools.fidelity.world import Effect, World, agreement, others

UNTUNED = "munba_published is not tuned in this world, munba is"


def _pairs_of_methods(world: World) -> Iterator[tuple[str, str, str]]:
    """(task, our method, published variant) wherever both ran."""
    for task, methods in world.runs.items():
        for ours, published in VARIANTS.published(methods).items():
            if methods.get(ours) and methods.get(published):
                yield task, ours, published


def munba(world: World) -> Iterator[Effect]:
    """All faults of the published MUNBa together: does it forget, what does it keep?"""
    for task, ours, published in _pairs_of_methods(world):
        old, new = _quantities(world, task, published), world.data(task)
        tuned = world.tasks[task].tuning_emitters
        reported = [k for k in range(len(world.metadata(task))) if k not in tuned]
        for metric in ("judge", "ssim", "clip_diff"):
            if metric not in old:
                continue
            a, b = old[metric], new.matrix(ours, metric)
            yield Effect(
                scope=task,
                quantity=f"{metric} on the emitter",
                published=float(np.mean([a[k, k] for k in reported])),
                lethe=float(np.mean([b[k, k] for k in reported])),
                how=f"mean over {len(reported)} emitters that were not tuned on; all MUNBa deviations together; {UNTUNED}",
            )
            yield Effect(
                scope=task,
                quantity=f"{metric} on others",
                published=float(np.mean([np.delete(a[k], k).mean() for k in reported])),
                lethe=float(np.mean([np.delete(b[k], k).mean() for k in reported])),
                how=f"mean over {len(reported)} emitters and their receivers; agreement over all pairs; {UNTUNED}",
                agreement=agreement(others(a), others(b)),
            )


def retain_noise(world: World) -> Iterator[Effect]:
    """All of ``munba``, and the retain loss before any step: predicting well is wrong where the target is other noise."""
    yield from munba(world)
    for task, ours, published in _pairs_of_methods(world):
        losses = [[r["loss_retain_first"] for r in world.records(task, method)] for method in (published, ours)]
        yield Effect(
            scope=task,
            quantity="retain loss at the first step",
            published=float(np.median(losses[0])),
            lethe=float(np.median(losses[1])),
            how=f"of the base, median of {len(losses[0])} models; published: the target is not the noise that was added",
        )


def _quantities(world: World, task: str, method: str) -> dict[str, Matrix]:
    """(N, N) of every metric of a method that is not in the tables of the world."""
    off, n, parts = read_parquet(world.path(f"scores/{task}_baseline.parquet")), len(world.metadata(task)), []
    for run in world.runs[task][method]:
        path = world.path(f"scores/{run}.parquet")
        parts.append(tidy(pair_means(image_quantities(off, read_parquet(path), run), n, run), ModelId.parse(run)))
    return next(found for _, _, found in by_method(pd.concat(parts, ignore_index=True), n))


def nash(world: World) -> Iterator[Effect]:
    """How large the forget gradient's weight is beside the retain gradient's, at the first step."""
    for task, ours, published in _pairs_of_methods(world):
        ratios = [
            [abs(r["alpha_forget_first"]) / r["alpha_retain_first"] for r in world.records(task, m) if r["alpha_retain_first"]]
            for m in (published, ours)
        ]
        yield Effect(
            scope=task,
            quantity="|weight of the forget gradient| / weight of the retain gradient",
            published=float(np.median(ratios[0])),
            lethe=float(np.median(ratios[1])),
            how=f"first step, median of {len(ratios[0])} models; {UNTUNED}",
        )


def descent(world: World) -> Iterator[Effect]:
    """What training does to the forget loss: it falls where it is descended."""
    for task, ours, published in _pairs_of_methods(world):
        ratios = [[r["loss_forget_last"] / r["loss_forget_first"] for r in world.records(task, m)] for m in (published, ours)]
        yield Effect(
            scope=task,
            quantity="forget loss, last step over first",
            published=float(np.median(ratios[0])),
            lethe=float(np.median(ratios[1])),
            how=f"of the adapter as trained, median of {len(ratios[0])} models; published: it is negated afterwards; {UNTUNED}",
        )


def lora_scale(world: World) -> Iterator[Effect]:
    """The scale at which an adapter is applied, over the scale at which it was trained."""
    for task, _, published in _pairs_of_methods(world):
        trained = {r["hyperparameters"]["alpha"] / r["hyperparameters"]["rank"] for r in world.records(task, published)}
        for scale in sorted(trained):
            yield Effect(
                scope=task,
                quantity="size of the applied over the trained change",
                published=1 / scale,
                lethe=scale / scale,
                how=f"published: trained at alpha / rank = {scale:g} (record of munba_published), applied at 1; here: applied as trained",
            )


def clipping(world: World) -> Iterator[Effect]:
    """The largest recorded gradient of a method's models, without and with the limit; a published variant gets our method's."""
    for task in world.tasks:
        for method in world.runs[task]:
            if not all(world.has(f"models/{run}/record.json") for run in world.runs[task][method]):
                continue
            clipped = VARIANTS.published_of(method) or method
            limits = {r["hyperparameters"].get("max_grad_norm") for r in world.records(task, clipped)}
            norms = [
                max(r["gradient_norm_first"], r["gradient_norm_last"])
                for r in world.records(task, method)
                if "gradient_norm_first" in r
            ]
            if not norms or len(limits) != 1 or (limit := limits.pop()) is None:
                continue
            yield Effect(
                scope=f"{task}/{method}",
                quantity="largest norm of a gradient that is used",
                published=max(norms),
                lethe=min(max(norms), float(limit)),
                how=f"first and last steps of {len(norms)} models, limit {limit:g}; published: the limit never acts",
            )


def uce_size(world: World) -> Iterator[Effect]:
    """Bytes of a model that UCE unlearned."""
    for task in world.tasks:
        runs = world.runs[task].get("uce", ())
        base = f"base/{world.tasks[task].base}/unet/diffusion_pytorch_model.safetensors"
        if not runs or not world.has(base):
            continue
        unet = world.path(base)
        sizes = [world.path(f"models/{run}/delta.safetensors").stat().st_size for run in runs]
        yield Effect(
            scope=f"{task}/uce",
            quantity="bytes of a model",
            published=_edited_bytes(unet),
            lethe=float(np.mean(sizes)),
            how=f"published: the key and value matrices of cross-attention in float32; here: files, mean of {len(sizes)}",
        )


def _edited_bytes(path: Path) -> int:
    """Bytes in float32 of the matrices that UCE edits, from the header of a safetensors file."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header: dict[str, Any] = json.loads(file.read(length))
    shapes = [entry["shape"] for name, entry in header.items() if name.endswith((".attn2.to_k.weight", ".attn2.to_v.weight"))]
    return 4 * sum(int(np.prod(shape)) for shape in shapes)


def uce_exactness(world: World) -> Iterator[Effect]:
    """Error of the edited matrices at the size of Stable Diffusion v1.4 (``results/bench/uce.json``)."""
    if world.uce is None:
        return
    measured = read_json(world.uce)["measured"]
    yield Effect(
        scope="Stable Diffusion v1.4",
        quantity="relative error of an edited matrix",
        published=measured["reference_float32_relative_error"],
        lethe=measured["max_relative_error"],
        how=f"largest over {measured['matrices']} random matrices, against the reference's formula in float64",
    )

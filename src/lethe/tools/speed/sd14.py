"""Stable Diffusion v1.4 on the CPU: every kind of unlearned model is applied and taken back at full size, one image is drawn."""

from __future__ import annotations

import hashlib
import resource
import time
from pathlib import Path
from typing import Any

import torch

from lethe.diffusion.delta import Delta, DenseDelta, LoraDelta, applied
from lethe.diffusion.generate import Request, Sampling, generate
from lethe.diffusion.methods._lora_training import ATTENTION, find_modules
from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.methods.uce import UCE
from lethe.diffusion.pipeline import Pipeline, load_pipeline
from lethe.diffusion.pretraining.sd14 import PARAMETERS, parameter_counts, write_untrained_sd14

PROMPTS = {0: "An image of a giant schnauzer dog", 1: "An image of a soccer field"}
GUIDE = "An image of a cat"
EMITTER = Emitter.of_one(0, "a giant schnauzer dog", PROMPTS[0], GUIDE)
PEAK_GB = 8.0


def write_folder(folder: str | Path, seed: int = 0) -> None:
    """The pipeline folder that ``bench_sd14`` reads (4.3 GB): SD v1.4's architecture with random weights."""
    write_untrained_sd14(folder, [*PROMPTS.values(), GUIDE], seed)


def bench_sd14(folder: str | Path, steps: int = 2, size: int = 512, seed: int = 0) -> dict[str, Any]:
    """Load, unlearn and draw at full size with random weights.

    Args:
        folder: what ``write_folder`` wrote, in a process of its own, so that the peak is that of reading alone.
        steps, size: of the image.

    Returns:
        ``value``, ``target``, ``holds``, ``how`` and what was ``measured``.

    Raises:
        ValueError: if a component has not as many parameters as Stable Diffusion v1.4.
    """
    seconds: dict[str, float] = {}
    begin = time.perf_counter()
    pipe = load_pipeline(folder)
    seconds["load"] = time.perf_counter() - begin
    if (counts := parameter_counts(pipe)) != PARAMETERS:
        raise ValueError(f"parameters of the components are {counts}; Stable Diffusion v1.4 has {PARAMETERS}")
    deltas = example_deltas(pipe, seed)
    before = weights_digest(pipe)
    trips = {name: round_trip(pipe, delta, before) for name, delta in deltas.items()}
    begin = time.perf_counter()
    image = draw_one(pipe, deltas["uce"], steps, size)
    seconds["image"] = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    restored = all(trip["restored"] for trip in trips.values())
    return {
        "value": {"peak_gb": peak, "restored": restored},
        "target": {"peak_gb": PEAK_GB, "restored": True},
        "holds": restored and peak <= PEAK_GB,
        "how": f"SD v1.4's architecture with random weights, float32, CPU: SHA-256 of all weights of UNet and text encoder before and "
        f"after {', '.join(trips)}; then one image of {size} px in {steps} PNDM steps under the UCE delta",
        "measured": {
            "parameters": counts,
            "threads": torch.get_num_threads(),
            "seconds": seconds,
            "deltas": trips,
            "image_mean": image,
            "torch": torch.__version__,
        },
    }


def example_deltas(pipe: Pipeline, seed: int = 0) -> dict[str, Delta]:
    """A UCE edit of ``EMITTER``, a LoRA of rank 16 on all attention projections, and new values for the whole middle block."""
    generator = torch.Generator().manual_seed(seed)
    data = UnlearnData(torch.zeros(0, 4, 8, 8), torch.zeros(0, dtype=torch.int64), PROMPTS)  # UCE looks at no image
    (uce,) = UCE(erase_scale=230.0, preserve_scale=1.2, lamb=0.1).unlearn(pipe, [EMITTER], data, seed=seed)
    factors = {}
    for name in find_modules(pipe.unet, ATTENTION):
        out, width = pipe.unet.get_parameter(f"{name}.weight").shape
        a = torch.randn(16, width, generator=generator) / 16
        factors[f"unet.{name}"] = (a, 1e-3 * torch.randn(out, 16, generator=generator))
    middle = {
        f"unet.mid_block.{name}": parameter + 1e-3 * torch.randn(parameter.shape, generator=generator)
        for name, parameter in pipe.unet.get_submodule("mid_block").named_parameters()
    }
    return {"uce": uce.delta, "lora": LoraDelta(factors), "dense": DenseDelta(middle)}


def round_trip(pipe: Pipeline, delta: Delta, before: str) -> dict[str, Any]:
    """Apply a delta and take it back.

    Args:
        before: ``weights_digest`` of the pipeline as it is.

    Returns:
        Kind, seconds of both ways, numbers stored, and ``restored``: a weight had changed and now all have their bits again.
    """
    _, parameter, _ = next(delta.new_weights(pipe))
    old = parameter.clone()
    begin = time.perf_counter()
    with applied(pipe, delta):
        apply = time.perf_counter() - begin
        changed = not torch.equal(parameter, old)
        begin = time.perf_counter()
    return {
        "kind": delta.kind,
        "seconds_apply": apply,
        "seconds_remove": time.perf_counter() - begin,
        "stored_numbers": sum(tensor.numel() for tensor in delta.tensors().values()),
        "restored": changed and weights_digest(pipe) == before,
    }


def weights_digest(pipe: Pipeline) -> str:
    """SHA-256 of every weight of UNet and text encoder, the components that deltas may change."""
    sha = hashlib.sha256()
    for module in (pipe.unet, pipe.text_encoder):
        for parameter in module.parameters():
            sha.update(parameter.detach().flatten().view(torch.uint8).numpy().data)
    return sha.hexdigest()


def draw_one(pipe: Pipeline, delta: Delta, steps: int, size: int) -> float:
    """Mean pixel value, 0 to 255, of one image under ``delta``."""
    settings = Sampling(scheduler="pndm", steps=steps, guidance=7.5, batch_size=1, size=size)
    ((_, image),) = generate(pipe, [Request(PROMPTS[0], 0, 42, delta)], settings, world="bench", task="sd14")
    return float(image.mean())

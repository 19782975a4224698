"""What a UNet's cross-attention does for each entity: the fingerprints behind the similarity ``act``. Needs torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from diffusers.models import UNet2DConditionModel
from numpy.typing import NDArray

from lethe.diffusion.pipeline import Pipeline, Scheduler

NoiseFn = Callable[[int, int], torch.Tensor]
EncodeFn = Callable[[Pipeline, list[str]], torch.Tensor]
SchedulerFn = Callable[[int], Scheduler]


@contextmanager
def cross_attention_means(unet: torch.nn.Module) -> Iterator[dict[str, torch.Tensor]]:
    """Record, per forward pass, the mean over positions of what every cross-attention module gives.

    Yields:
        A mapping from module name (in module order, every name that ends in ``.attn2``) to the last pass's ``(B, d)``
        float32 tensor. The hooks are removed at the end, also after an error.

    Raises:
        ValueError: for a model without such a module.
    """
    modules = [(name, module) for name, module in unet.named_modules() if name.endswith(".attn2")]
    if not modules:
        raise ValueError(f"{type(unet).__name__} has no module whose name ends in '.attn2', so it has no cross-attention")
    # Filled in module order here: forward runs the middle block before the up blocks, which stand before it in the model.
    seen = {name: torch.empty(0) for name, _ in modules}

    def recorder(name: str) -> Callable[[torch.nn.Module, tuple[torch.Tensor, ...], torch.Tensor], None]:
        def record(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
            seen[name] = output.detach().float().mean(dim=1)

        return record

    handles = [module.register_forward_hook(recorder(name)) for name, module in modules]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


@torch.no_grad()
def act_fingerprints(
    pipe: Pipeline,
    prompts: Sequence[str],
    steps: int,
    seeds: Sequence[int],
    noise_fn: NoiseFn,
    *,
    encode: EncodeFn,
    make_scheduler: SchedulerFn,
    batch_size: int = 64,
    published: bool = False,
    guidance: float = 7.5,
) -> NDArray[np.float32]:
    """One vector per prompt: cross-attention outputs, averaged over positions, denoising steps and seeds.

    Only the conditional branch is run: no guidance, half the cost, and nothing of the empty prompt in the vector. With
    ``published`` the sampler is guided and both branches are averaged, as Vision Unlearning 1.0.0 did by accident.

    Args:
        pipe: a diffusers Stable Diffusion pipeline; ``unet`` and ``device`` are used.
        prompts: N evaluation prompts in index order.
        steps: denoising steps (published: 10).
        seeds: of the initial noise (published: 42 to 45).
        noise_fn: ``(receiver, seed) -> (C, h, w)`` standard normal latent: ``lethe.diffusion.noise.initial_noise`` with its
            world, task and shape bound.
        encode: ``(pipe, prompts) -> (n, L, d)``: ``lethe.diffusion.pipeline.encode_prompts``.
        make_scheduler: ``steps -> scheduler`` with timesteps set; a fresh one per batch, as some keep state.
        batch_size: images per forward pass, over entities and seeds together. The result does not depend on it (up to
            rounding).
        published: mix the unconditional and the conditional half.
        guidance: classifier-free guidance of the published trajectory; unused otherwise.

    Returns:
        ``(N, D)`` float32, D the summed widths of all ``.attn2`` modules (Stable Diffusion 1.4: 12,480), module order.

    Raises:
        ValueError: without prompts or seeds, with fewer than one step or image per batch, or if latents or activations are
            not finite (a damaged model, or half precision that overflowed).
    """
    if not prompts or not seeds or steps < 1 or batch_size < 1:
        raise ValueError(
            f"{len(prompts)} prompts, {len(seeds)} seeds, {steps} steps, batches of {batch_size}; allowed: at least 1 of each"
        )
    unet = pipe.unet
    device, dtype = unet.device, unet.dtype
    text = encode(pipe, list(prompts)).to(device, dtype)
    empty = encode(pipe, [""]).to(device, dtype) if published else None
    work = [(entity, seed) for entity in range(len(prompts)) for seed in seeds]
    sums: torch.Tensor | None = None
    passes = 0
    for start in range(0, len(work), batch_size):
        batch = work[start : start + batch_size]
        entities = torch.tensor([entity for entity, _ in batch], device=device)
        noise = torch.stack([noise_fn(entity, seed) for entity, seed in batch])
        means, passes = _denoise(unet, noise.to(device, dtype), text[entities], empty, make_scheduler(steps), guidance)
        if sums is None:
            sums = means.new_zeros(len(prompts), means.shape[1])
        sums.index_add_(0, entities, means)
    assert sums is not None  # there is at least one batch
    result: NDArray[np.float32] = (sums / (passes * len(seeds))).float().cpu().numpy()
    if not np.isfinite(result).all():
        wrong = int(np.flatnonzero(~np.isfinite(result).all(axis=1))[0])
        raise ValueError(
            f"latents or activations for prompt '{prompts[wrong]}' are not finite; the model is damaged or overflows"
        )
    return result


def _denoise(
    unet: UNet2DConditionModel,
    noise: torch.Tensor,
    text: torch.Tensor,
    empty: torch.Tensor | None,
    scheduler: Scheduler,
    guidance: float,
) -> tuple[torch.Tensor, int]:
    """Sum over forward passes of the concatenated ``(B, D)`` means in float64, and the number of passes."""
    size = len(noise)
    latents = noise * scheduler.init_noise_sigma
    context = text if empty is None else torch.cat([empty.expand(size, -1, -1), text])
    total: torch.Tensor | None = None
    with cross_attention_means(unet) as seen:
        for timestep in scheduler.timesteps:
            inputs = latents if empty is None else torch.cat([latents, latents])
            inputs = scheduler.scale_model_input(inputs, timestep)
            predicted = unet(inputs, timestep, encoder_hidden_states=context).sample
            means = torch.cat(list(seen.values()), dim=1).double()
            if empty is not None:
                without, conditional = predicted.chunk(2)
                predicted = without + guidance * (conditional - without)
                means = (means[:size] + means[size:]) / 2
            total = means if total is None else total + means
            latents = scheduler.step(predicted, timestep, latents, return_dict=False)[0]
    if total is None:
        raise ValueError(f"{type(scheduler).__name__} has no timesteps; call set_timesteps before handing it over")
    # The fused attention on the CPU gives zeros for a NaN query, so the activations alone would look healthy.
    total[~torch.isfinite(latents).flatten(1).all(dim=1)] = torch.nan
    return total, len(scheduler.timesteps)

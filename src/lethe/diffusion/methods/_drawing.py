"""Latents that a model under training draws itself, part of the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from lethe.diffusion.methods._training import Rows
from lethe.diffusion.parameterization import noise_of
from lethe.diffusion.pipeline import Scheduler


@torch.no_grad()
def drawn(
    predict: Callable[[Rows], Tensor], rows: Rows, unconditional: Tensor, scheduler: Scheduler, count: int, guidance: float
) -> Tensor:
    """Latents ``(n, c, h, w)`` after the first ``count`` steps of a sampler, for the prompts of ``rows``, from their noise.

    Args:
        predict: the model's prediction for some rows.
        rows: as they were noised, so that their target tells the noise.
        unconditional: ``(n,)``, what ``rows.prompt`` is of what guidance leads away from.
        scheduler: with its steps.
        guidance: classifier-free guidance scale.
    """
    latents = noise_of(scheduler, rows.target, rows.noisy, rows.timesteps) * scheduler.init_noise_sigma
    for step in scheduler.timesteps[:count]:
        own = replace(rows, noisy=latents, timesteps=torch.full_like(rows.timesteps, int(step)))
        empty = replace(own, prompt=unconditional)
        without, with_prompt = predict(Rows.cat(empty, own)).chunk(2)
        latents = scheduler.step(without + guidance * (with_prompt - without), step, latents, return_dict=False)[0]
    return latents

"""What comes of an attack: pictures drawn with it, and the denoising error of its reference pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lethe.diffusion.attacks.search import Reference
from lethe.diffusion.attacks.vectors import Place, beside, check_room, speaking
from lethe.diffusion.delta import Delta, applied
from lethe.diffusion.generate import Request, SamplingLike, generate
from lethe.diffusion.metrics.membership import Questions, denoising_losses
from lethe.diffusion.noise import loss_noise
from lethe.diffusion.pipeline import Pipeline

LOSS_TIMESTEPS = 8  # evenly over the schedule


def _prompts(prompts: Sequence[str], vectors: Tensor | None, place: Place) -> list[str]:
    if vectors is None:
        return list(prompts)
    count = vectors.shape[1]
    return [beside(prompt, range(i * count, (i + 1) * count), place) for i, prompt in enumerate(prompts)]


def drawn(
    pipe: Pipeline,
    delta: Delta,
    asked: Sequence[tuple[int, str]],
    vectors: Tensor | None,
    place: Place,
    seeds: Sequence[int],
    settings: SamplingLike,
    *,
    world: str,
    task: str,
) -> NDArray[np.uint8]:
    """The pictures of an unlearned model, (n, seeds, size, size, 3), each from the noise of its receiver and seed.

    All batches have one shape, so that a picture is the same whatever else the call draws.

    Args:
        asked: n receivers and prompts. vectors: (n, k, d) of each, beside its prompt; None: nothing is.
    """
    count = 0 if vectors is None else vectors.shape[1]
    check_room(pipe.tokenizer, [prompt for _, prompt in asked], count)
    prompts = _prompts([prompt for _, prompt in asked], vectors, place)
    requests = [
        Request(prompt, receiver, seed, delta) for (receiver, _), prompt in zip(asked, prompts, strict=True) for seed in seeds
    ]
    given = torch.zeros(1, 1) if vectors is None else vectors.flatten(0, 1)
    with speaking(pipe, len(given), lambda: given) as view:
        images = [image for _, image in generate(view, requests, settings, world=world, task=task, shape=settings.batch_size)]
    return np.stack(images).reshape(len(asked), len(seeds), *images[0].shape)


def errors(
    pipe: Pipeline,
    delta: Delta,
    references: Sequence[Reference],
    vectors: Tensor | None,
    place: Place,
    batch_size: int,
    *,
    world: str,
    task: str,
    seed: int,
) -> NDArray[np.float64]:
    """Mean denoising error of every reference picture, (n,), under noise that is the same for every model and attack.

    Args:
        vectors: (n, k, d), beside the prompts of the references; None: nothing is.
        batch_size: rows of a pass.
    """
    total = len(pipe.scheduler.alphas_cumprod)
    timesteps = [int((number + 0.5) * total / LOSS_TIMESTEPS) for number in range(LOSS_TIMESTEPS)]
    shape = references[0].latent.shape

    def noise_of(row: int, timestep: int) -> Tensor:
        return loss_noise(world, task, references[row].receiver, references[row].name, timestep, seed, shape)

    latents = torch.stack([reference.latent for reference in references])
    asked = Questions(latents, _prompts([r.prompt for r in references], vectors, place), timesteps, noise_of)
    given = torch.zeros(1, 1) if vectors is None else vectors.flatten(0, 1)
    with applied(pipe, delta), speaking(pipe, len(given), lambda: given) as view:
        return denoising_losses(view, asked, range(len(references)), batch_size).mean(axis=1)

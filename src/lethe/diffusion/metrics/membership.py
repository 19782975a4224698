"""The loss of single images under a diffusion model: what a membership attack with a threshold on the loss looks at.

A model denoises images that it was trained on a little better than others of the same kind. The loss of an image is its
error of noise prediction, averaged over fixed timesteps; the noise belongs to image and timestep, so every model is asked
the same questions, and a difference between two models is one of their weights alone.

Source: Matsumoto, Miura and Yanai 2023, arXiv 2302.03262 (white-box attack); Carlini et al. 2023, arXiv 2301.13188.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from lethe.core.device import to_device
from lethe.core.records import Fidelity
from lethe.diffusion.delta import Delta, applied
from lethe.diffusion.noise import loss_noise
from lethe.diffusion.pipeline import Pipeline, encode_prompts
from lethe.diffusion.testbed.receivers import Receiver
from lethe.settings.membership import Membership

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Questions:
    """Images whose loss is asked for.

    Attributes:
        latents: ``(n, c, h, w)`` float32, scaled as for the UNet.
        captions: n, those used in training.
        timesteps: of the forward process, where the loss is taken.
        noise_of: row and timestep -> noise ``(c, h, w)`` float32.
    """

    latents: torch.Tensor
    captions: Sequence[str]
    timesteps: Sequence[int]
    noise_of: Callable[[int, int], torch.Tensor]


def questions(
    candidates: pd.DataFrame,
    latents: torch.Tensor,
    receivers: Sequence[Receiver],
    membership: Membership,
    *,
    fidelity: Fidelity,
    world: str,
    task: str,
    seed: int,
) -> Questions:
    """What every model of a task is asked.

    Args:
        candidates: ``entity, image`` of each latent.
        latents: of the candidates.
        receivers: of the task: every entity.
        membership: timesteps, and who trained on the members: a method under ``fidelity: published`` saw raw labels as
            captions, a base never did.
        fidelity: ``corrected`` or ``published``.
        world, task, seed: part of the identity of the noise.
    """
    if len(latents) != len(candidates):
        raise ValueError(f"{len(latents)} latents for {len(candidates)} candidates; they are written by one job, run it again")
    seen: Fidelity = fidelity if membership.members == "unlearning" else "corrected"
    entities, images = candidates["entity"].tolist(), candidates["image"].tolist()

    def noise_of(row: int, timestep: int) -> torch.Tensor:
        return loss_noise(world, task, entities[row], images[row], timestep, seed, latents.shape[1:])

    captions = [receivers[entity].caption(seen) for entity in entities]
    return Questions(latents, captions, membership.timesteps, noise_of)


@torch.inference_mode()
def denoising_losses(pipe: Pipeline, asked: Questions, rows: Sequence[int], batch_size: int) -> NDArray[np.float64]:
    """Mean squared error of the predicted noise, per image and timestep: E(x, t) = mean (eps - eps_theta(x_t, t, caption))^2.

    Args:
        pipe: a pipeline that predicts noise.
        asked: images.
        rows: which of them.
        batch_size: rows per UNet pass.

    Returns:
        ``(rows, timesteps)``.

    Raises:
        ValueError: a scheduler that does not predict noise, a timestep that it does not have, a loss that is not finite.
    """
    config, unet = pipe.scheduler.config, pipe.unet
    if config.prediction_type != "epsilon":
        raise ValueError(f"prediction_type is '{config.prediction_type}'; only 'epsilon' is supported")
    for step in asked.timesteps:
        if step not in range(config.num_train_timesteps):
            raise ValueError(f"timestep {step} does not exist; allowed: 0 to {config.num_train_timesteps - 1}")
    places = {text: place for place, text in enumerate(dict.fromkeys(asked.captions[row] for row in rows))}
    states = encode_prompts(pipe, list(places))
    kept = pipe.scheduler.alphas_cumprod.float().cpu()
    passes = [(row, step) for row in rows for step in asked.timesteps]
    losses = []
    for begin in range(0, len(passes), batch_size):
        batch = passes[begin : begin + batch_size]
        images, steps = [row for row, _ in batch], torch.tensor([step for _, step in batch])
        noise = torch.stack([asked.noise_of(row, step) for row, step in batch])
        scale = kept[steps][:, None, None, None]
        noised = scale.sqrt() * asked.latents[images] + (1 - scale).sqrt() * noise
        text = states[torch.tensor([places[asked.captions[row]] for row in images], device=states.device)]
        inputs = to_device(noised, unet.device).to(unet.dtype).contiguous(memory_format=torch.channels_last)
        predicted = unet(inputs, to_device(steps, unet.device), encoder_hidden_states=text, return_dict=False)[0]
        losses.append((predicted.float() - to_device(noise, unet.device)).square().mean((1, 2, 3)).cpu())
    found = torch.cat(losses).double().reshape(len(rows), len(asked.timesteps)).numpy()
    if not np.isfinite(found).all():
        row = rows[int(np.argwhere(~np.isfinite(found))[0, 0])]
        raise ValueError(f"the loss of image {row} ('{asked.captions[row]}') is not finite; did the model diverge?")
    return found


def losses_of_models(
    pipe: Pipeline, asked: Questions, deltas: Sequence[Delta], rows: Sequence[NDArray[np.intp]], batch_size: int
) -> Iterator[NDArray[np.float64]]:
    """Yield, per model, the loss of the images it is asked about, averaged over timesteps.

    Equal models (ten no-ops) are asked once. The pipeline's weights are as before afterwards.

    Args:
        pipe: the base.
        asked: images.
        deltas: one per model.
        rows: which images each model is asked about.
        batch_size: rows per UNet pass.
    """
    answers: dict[str, NDArray[np.float64]] = {}
    for number, delta in enumerate(deltas):
        if delta.digest not in answers:
            wanted = [own for other, own in zip(deltas, rows, strict=True) if other.digest == delta.digest]
            union = np.unique(np.concatenate(wanted))
            answers[delta.digest] = np.full(len(asked.latents), np.nan)
            with applied(pipe, delta):
                found = denoising_losses(pipe, asked, union.tolist(), batch_size)
            answers[delta.digest][union] = found.mean(1)
        yield answers[delta.digest][rows[number]]

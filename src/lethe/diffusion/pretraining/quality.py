"""What the trained models are measured by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from diffusers.models import AutoencoderKL, UNet2DConditionModel
from torch import nn
from torch.nn import functional as F
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from lethe.diffusion.pretraining.backbone import embed
from lethe.diffusion.pretraining.base import build_scheduler
from lethe.diffusion.pretraining.judge import classify
from lethe.diffusion.pretraining.text import tokenize
from lethe.diffusion.pretraining.vae import decode_latents
from lethe.settings.pretraining import NoiseScheduleSettings, SamplingSettings


@dataclass(frozen=True)
class Accuracy:
    """Accuracy over classes: the mean, the worst and each."""

    mean: float
    worst: float
    per_class: dict[str, float]


@torch.no_grad()
def sample_images(
    vae: AutoencoderKL,
    text_encoder: CLIPTextModel,
    unet: UNet2DConditionModel,
    tokenizer: PreTrainedTokenizerFast,
    captions: Sequence[str],
    seeds: Sequence[int],
    noise: NoiseScheduleSettings,
    sampling: SamplingSettings,
    batch_size: int = 64,
) -> torch.Tensor:
    """One image per caption and seed, ``(N, 3, H, W)`` uint8; an image's initial latent is a function of its seed alone."""
    if len(captions) != len(seeds):
        raise ValueError(f"{len(captions)} captions but {len(seeds)} seeds")
    size, channels = unet.config["sample_size"], unet.config["in_channels"]
    images = []
    for start in range(0, len(captions), batch_size):
        texts, numbers = list(captions[start : start + batch_size]), seeds[start : start + batch_size]
        unique = sorted(set(texts))
        states = text_encoder(tokenize(tokenizer, [*unique, ""])).last_hidden_state
        states = states[torch.tensor([unique.index(text) for text in texts] + [len(unique)] * len(texts))]
        latents = torch.cat([torch.randn(1, channels, size, size, generator=torch.Generator().manual_seed(n)) for n in numbers])
        scheduler = build_scheduler(noise, sampling.sampler)
        scheduler.set_timesteps(sampling.steps)
        for time in scheduler.timesteps:
            doubled = torch.cat([latents, latents]).contiguous(memory_format=torch.channels_last)
            asked, unasked = unet(doubled, time, states).sample.chunk(2)
            predicted = unasked + sampling.guidance * (asked - unasked)
            latents = scheduler.step(predicted, time, latents, return_dict=False)[0]
        images.append(decode_latents(vae, latents))
    return torch.cat(images)


def judge_accuracy(judge: nn.Module, images: torch.Tensor, labels: torch.Tensor, classes: Sequence[str]) -> Accuracy:
    """How often the judge, free to answer any class of any task, names the class of ``labels`` (indices into ``classes``)."""
    right = (classify(judge, images) == labels).double()
    per_class = {classes[label]: right[labels == label].mean().item() for label in labels.unique().tolist()}
    return Accuracy(mean=sum(per_class.values()) / len(per_class), worst=min(per_class.values()), per_class=per_class)


@torch.no_grad()
def neighbour_accuracy(backbone: nn.Module, images: torch.Tensor, labels: torch.Tensor, held_out: torch.Tensor) -> float:
    """Share of held-out images whose nearest other image, by cosine of embeddings, is of the same class."""
    embeddings = F.normalize(embed(backbone, images), dim=1)
    nearest = (embeddings[held_out] @ embeddings[~held_out].T).argmax(1)
    return (labels[~held_out][nearest] == labels[held_out]).double().mean().item()

"""The text-to-image model of one task: a text encoder and a UNet on latents, under Stable Diffusion v1's conventions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, cast

import torch
from diffusers.models import UNet2DConditionModel
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from lethe.core.registry import nearest
from lethe.diffusion.layout import channels_last
from lethe.diffusion.pretraining.architectures import ddim_config, noise_config, text_encoder_config, unet_config
from lethe.diffusion.pretraining.denoising import Forward
from lethe.diffusion.pretraining.loop import Average, Trainer
from lethe.diffusion.pretraining.text import tokenize
from lethe.settings.pretraining import BaseModelSettings, NoiseScheduleSettings, TextEncoderSettings, UNetSettings

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Scheduler


def build_text_encoder(settings: TextEncoderSettings, tokenizer: PreTrainedTokenizerFast) -> CLIPTextModel:
    """An untrained text encoder for ``tokenizer``."""
    return CLIPTextModel(CLIPTextConfig(**text_encoder_config(settings, tokenizer.get_vocab(), tokenizer.model_max_length)))


def build_unet(settings: UNetSettings, cross_attention_dim: int, latent_channels: int = 4) -> UNet2DConditionModel:
    """An untrained denoiser, channels last."""
    return channels_last(UNet2DConditionModel(**unet_config(settings, cross_attention_dim, latent_channels)))


def build_scheduler(noise: NoiseScheduleSettings, sampler: str) -> Scheduler:
    """The sampler ``"ddim"`` or ``"dpm"`` (DPM-Solver++ 2M) for the forward process ``noise``."""
    if sampler == "ddim":
        return cast("Scheduler", DDIMScheduler(**ddim_config(noise)))
    if sampler == "dpm":
        return cast("Scheduler", DPMSolverMultistepScheduler(**noise_config(noise)))
    raise ValueError(f"unknown sampler '{sampler}'; known: ddim, dpm")


def sampling_weights(popularity: Sequence[float], scale: float) -> torch.Tensor:
    """How often an entity is drawn in training: ``1 + popularity / scale``, ``(entities,)`` float64."""
    return 1 + torch.tensor(list(popularity), dtype=torch.float64) / scale


def with_fillers(
    token_ids: torch.Tensor, prefixes: torch.Tensor, words: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """Captions with random words in front; what no longer fits is cut at the end.

    Args:
        token_ids: ``(N, length)`` int64, the begin token first.
        prefixes: ``(N,)`` int64, how many words stand before each.
        words: ``(W,)`` int64, ids of the words that are drawn.

    >>> ids, generator = torch.tensor([[1, 5, 6, 2, 2, 2]]), torch.Generator().manual_seed(0)
    >>> with_fillers(ids, torch.tensor([2]), torch.tensor([9]), generator)
    tensor([[1, 9, 9, 5, 6, 2]])
    """
    place, prefixes = torch.arange(token_ids.shape[1]), prefixes[:, None]
    drawn = words[torch.randint(len(words), tuple(token_ids.shape), generator=generator)]
    moved = token_ids.gather(1, (place - prefixes).clamp(min=0))
    moved = torch.where(place <= prefixes, drawn, moved)
    return torch.where(place == 0, token_ids[:, :1], moved)


def _words_of(token_ids: torch.Tensor, tokenizer: PreTrainedTokenizerFast) -> torch.Tensor:
    """Ids of the words of captions, without special tokens; of the captions that a training sees, so that no other word is learned."""
    found = token_ids.unique()
    return found[~torch.isin(found, torch.tensor(tokenizer.all_special_ids))]


def train_base(
    latents: torch.Tensor,
    labels: torch.Tensor,
    names: Sequence[str],
    captions: Sequence[str],
    weights: torch.Tensor,
    tokenizer: PreTrainedTokenizerFast,
    settings: BaseModelSettings,
    seed: int,
    exclude: Collection[str] = (),
) -> tuple[CLIPTextModel, UNet2DConditionModel]:
    """Train a text encoder and a UNet jointly to predict the noise.

    Args:
        latents: ``(N, C, h, w)`` float32, standardized.
        labels: ``(N,)`` int64, index into ``names``.
        names: entities.
        captions: one per entity.
        weights: ``(entities,)`` how often an entity is drawn (``sampling_weights``).
        tokenizer: of the captions.
        settings: architecture and training.
        seed: of the initialisation and of every draw.
        exclude: entities that the training never sees. All else, the initialisation included, is that of the full
            training: the reference of exact unlearning.

    Returns:
        The averaged text encoder and UNet, in evaluation mode.
    """
    if not len(latents) == len(labels):
        raise ValueError(f"{len(latents)} latents but {len(labels)} labels")
    if not len(names) == len(captions) == len(weights):
        raise ValueError(f"{len(names)} names, {len(captions)} captions, {len(weights)} weights")
    weights = weights.clone()
    for left_out in exclude:
        if left_out not in names:
            raise ValueError(f"cannot exclude '{left_out}'; entities: {', '.join(names)}{nearest(left_out, list(names))}")
        weights[list(names).index(left_out)] = 0
    image_weights = (weights / torch.bincount(labels, minlength=len(names)).clamp(min=1))[labels]

    torch.manual_seed(seed)
    text_encoder = build_text_encoder(settings.text_encoder, tokenizer).train()
    unet = build_unet(settings.unet, settings.text_encoder.width, latents.shape[1]).train()
    trainer = Trainer([text_encoder, unet], settings.optimizer, f"base without {', '.join(exclude)}" if exclude else "base")
    average = Average(trainer.parameters, settings.ema_decay)
    token_ids = tokenize(tokenizer, [*captions, ""])  # the empty caption comes last
    words = _words_of(token_ids[torch.tensor([weight > 0 for weight in weights.tolist()] + [False])], tokenizer)
    few = len(token_ids) <= settings.optimizer.batch_size  # then each caption is encoded once a step, however often it is drawn
    forward = Forward.of(build_scheduler(settings.noise, "ddim").alphas_cumprod, settings.min_snr_gamma)
    batch = settings.optimizer.batch_size
    generator = torch.Generator().manual_seed(seed)
    latents = latents.contiguous(memory_format=torch.channels_last)
    for _ in trainer.steps():
        chosen = torch.multinomial(image_weights, batch, replacement=True, generator=generator)
        noise = torch.randn(latents[chosen].shape, generator=generator).contiguous(memory_format=torch.channels_last)
        times = forward.times(batch, generator)
        silent = torch.rand(batch, generator=generator) < settings.caption_dropout
        caption_index = torch.where(silent, len(captions), labels[chosen])
        noised = forward.noised(latents[chosen], noise, times)
        if settings.filler_words:
            prefixes = torch.randint(settings.filler_words + 1, (batch,), generator=generator).masked_fill(silent, 0)
            states = text_encoder(with_fillers(token_ids[caption_index], prefixes, words, generator)).last_hidden_state
        else:
            states = text_encoder(token_ids[slice(None) if few else caption_index]).last_hidden_state
            states = states[caption_index] if few else states
        trainer.update(forward.loss(unet(noised, times, states).sample, noise, times))
        average.update()
    average.store()
    return text_encoder.eval().requires_grad_(False), unet.eval().requires_grad_(False)

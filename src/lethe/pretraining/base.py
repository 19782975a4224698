"""The text-to-image model of one task: a text encoder and a UNet on latents, under Stable Diffusion v1's conventions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch.nn import functional as F

from lethe.compat import repair_torchvision
from lethe.pretraining.loop import Average, Trainer
from lethe.pretraining.text import tokenize
from lethe.registry import nearest
from lethe.settings.pretraining import BaseModelSettings, NoiseScheduleSettings, TextEncoderSettings, UNetSettings

repair_torchvision()

from diffusers import (  # noqa: E402
    AutoencoderKL,
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast  # noqa: E402


def build_text_encoder(settings: TextEncoderSettings, tokenizer: PreTrainedTokenizerFast) -> CLIPTextModel:
    """An untrained text encoder for ``tokenizer``."""
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.width,
        intermediate_size=settings.intermediate,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        max_position_embeddings=tokenizer.model_max_length,
        projection_dim=settings.width,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)


def build_unet(settings: UNetSettings, cross_attention_dim: int, latent_channels: int = 4) -> UNet2DConditionModel:
    """An untrained denoiser, channels last."""
    unet = UNet2DConditionModel(
        sample_size=settings.sample_size,
        in_channels=latent_channels,
        out_channels=latent_channels,
        block_out_channels=settings.block_out_channels,
        down_block_types=tuple("CrossAttnDownBlock2D" if attends else "DownBlock2D" for attends in settings.cross_attention),
        up_block_types=tuple("CrossAttnUpBlock2D" if attends else "UpBlock2D" for attends in reversed(settings.cross_attention)),
        layers_per_block=settings.layers_per_block,
        cross_attention_dim=cross_attention_dim,
        attention_head_dim=settings.attention_heads,  # diffusers' historical name: for this class it is the number of heads
        norm_num_groups=settings.norm_num_groups,
    )
    return unet.to(memory_format=torch.channels_last)


def build_scheduler(noise: NoiseScheduleSettings, sampler: str) -> DDIMScheduler | DPMSolverMultistepScheduler:
    """The sampler ``"ddim"`` or ``"dpm"`` (DPM-Solver++ 2M) for the forward process ``noise``."""
    common = {
        "num_train_timesteps": noise.train_timesteps,
        "beta_start": noise.beta_start,
        "beta_end": noise.beta_end,
        "beta_schedule": noise.beta_schedule,
        "steps_offset": 1,
    }
    if sampler == "ddim":
        return DDIMScheduler(**common, clip_sample=False, set_alpha_to_one=False)
    if sampler == "dpm":
        return DPMSolverMultistepScheduler(**common)
    raise ValueError(f"unknown sampler '{sampler}'; known: ddim, dpm")


def sampling_weights(popularity: Sequence[float], scale: float) -> torch.Tensor:
    """How often an entity is drawn in training: ``1 + popularity / scale``, ``(entities,)`` float64."""
    return 1 + torch.tensor(list(popularity), dtype=torch.float64) / scale


def train_base(
    latents: torch.Tensor,
    labels: torch.Tensor,
    names: Sequence[str],
    captions: Sequence[str],
    weights: torch.Tensor,
    tokenizer: PreTrainedTokenizerFast,
    settings: BaseModelSettings,
    seed: int,
    exclude: str | None = None,
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
        exclude: an entity that the training never sees. All else, the initialisation included, is that of the full
            training: the reference of exact unlearning.

    Returns:
        The averaged text encoder and UNet, in evaluation mode.
    """
    if not len(latents) == len(labels):
        raise ValueError(f"{len(latents)} latents but {len(labels)} labels")
    if not len(names) == len(captions) == len(weights):
        raise ValueError(f"{len(names)} names, {len(captions)} captions, {len(weights)} weights")
    weights = weights.clone()
    if exclude is not None:
        if exclude not in names:
            raise ValueError(f"cannot exclude '{exclude}'; entities: {', '.join(names)}{nearest(exclude, list(names))}")
        weights[list(names).index(exclude)] = 0
    image_weights = (weights / torch.bincount(labels, minlength=len(names)).clamp(min=1))[labels]

    torch.manual_seed(seed)
    text_encoder = build_text_encoder(settings.text_encoder, tokenizer).train()
    unet = build_unet(settings.unet, settings.text_encoder.width, latents.shape[1]).train()
    trainer = Trainer([text_encoder, unet], settings.optimizer, f"base without {exclude}" if exclude else "base")
    average = Average(trainer.parameters, settings.ema_decay)
    # The empty caption comes last. All captions together are fewer than a batch, so each is encoded once per step.
    token_ids = tokenize(tokenizer, [*captions, ""])
    kept = build_scheduler(settings.noise, "ddim").alphas_cumprod
    snr = kept / (1 - kept)
    loss_weight = snr.clamp(max=settings.min_snr_gamma) / snr
    batch = settings.optimizer.batch_size
    generator = torch.Generator().manual_seed(seed)
    latents = latents.contiguous(memory_format=torch.channels_last)
    for _ in trainer.steps():
        chosen = torch.multinomial(image_weights, batch, replacement=True, generator=generator)
        noise = torch.randn(latents[chosen].shape, generator=generator).contiguous(memory_format=torch.channels_last)
        # One time step from each of `batch` equal strata: the same distribution, far less variance.
        strata = (torch.arange(batch) + torch.rand(batch, generator=generator)) / batch
        times = (strata * len(kept)).long().clamp(max=len(kept) - 1)
        silent = torch.rand(batch, generator=generator) < settings.caption_dropout
        caption_index = torch.where(silent, len(captions), labels[chosen])
        scale = kept[times][:, None, None, None]
        noised = scale.sqrt() * latents[chosen] + (1 - scale).sqrt() * noise
        states = text_encoder(token_ids).last_hidden_state[caption_index]
        error = F.mse_loss(unet(noised, times, states).sample, noise, reduction="none").mean((1, 2, 3))
        trainer.update((loss_weight[times] * error).mean())
        average.update()
    average.store()
    return text_encoder.eval().requires_grad_(False), unet.eval().requires_grad_(False)


def assemble_pipeline(
    vae: AutoencoderKL,
    text_encoder: CLIPTextModel,
    tokenizer: PreTrainedTokenizerFast,
    unet: UNet2DConditionModel,
    settings: BaseModelSettings,
    sampler: str = "ddim",
) -> StableDiffusionPipeline:
    """An ordinary Stable Diffusion pipeline of the parts; ``save_pretrained`` gives a folder any diffusers code can load."""
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=build_scheduler(settings.noise, sampler),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def save_pipeline(pipeline: StableDiffusionPipeline, folder: Path) -> None:
    """Write a pipeline folder."""
    pipeline.save_pretrained(folder, safe_serialization=True)

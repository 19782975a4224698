"""The architecture of Stable Diffusion v1.4, untrained: what its weights are not needed for can be measured without them.

Values as in the configuration files of ``CompVis/stable-diffusion-v1-4`` (unet, vae, text_encoder, scheduler), whose parameters
number ``PARAMETERS``. The tokenizer is a word-level stand-in: CLIP's vocabulary is a download, and which rows of the embedding
a prompt selects does not matter here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers.models import AutoencoderKL, UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.schedulers.scheduling_pndm import PNDMScheduler
from transformers import CLIPTextConfig, CLIPTextModel

from lethe.diffusion.pipeline import Pipeline, prepare_pipeline, typed, write_base_record
from lethe.diffusion.pretraining.text import build_tokenizer
from lethe.io.atomic import atomic_path
from lethe.settings.pretraining import TokenizerSettings

PARAMETERS = {"unet": 859_520_964, "vae": 83_653_863, "text_encoder": 123_060_480}

UNET: dict[str, Any] = {
    "sample_size": 64,
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": (320, 640, 1280, 1280),
    "layers_per_block": 2,
    "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
}
VAE: dict[str, Any] = {
    "sample_size": 512,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "latent_channels": 4,
    "norm_num_groups": 32,
    "scaling_factor": 0.18215,
}
TEXT_ENCODER: dict[str, Any] = {
    "vocab_size": 49_408,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "max_position_embeddings": 77,
    "hidden_act": "quick_gelu",
}
SCHEDULER: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "skip_prk_steps": True,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}
NARROW: dict[str, dict[str, Any]] = {  # the same layers with few channels, for what depends on their number alone
    "unet": {"sample_size": 8, "block_out_channels": (32, 64, 128, 128), "cross_attention_dim": 32},
    "vae": {"sample_size": 64, "block_out_channels": (32, 32, 32, 32)},
    "text_encoder": {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2},
}


def untrained_sd14(
    captions: Sequence[str],
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
    instead: Mapping[str, Mapping[str, Any]] | None = None,
) -> Pipeline:
    """A pipeline with random weights, as ``load_pipeline`` would return it.

    Args:
        captions: prompts whose words the tokenizer shall know.
        device: where the weights are drawn; equal seeds give equal weights on equal devices.
        dtype: of UNet, VAE and text encoder.
        seed: of the weights.
        instead: of ``unet``, ``vae`` and ``text_encoder`` settings that take the place of the published ones, such as ``NARROW``.
    """
    other = {name: dict((instead or {}).get(name, {})) for name in PARAMETERS}
    tokenizer = build_tokenizer(captions, TokenizerSettings(max_length=TEXT_ENCODER["max_position_embeddings"]))
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    with torch.random.fork_rng(), torch.device(device):
        torch.manual_seed(seed)
        unet = UNet2DConditionModel(**UNET | other["unet"])
        vae = AutoencoderKL(**VAE | other["vae"])
        text_encoder = CLIPTextModel(CLIPTextConfig(**TEXT_ENCODER | other["text_encoder"], **ids))
    pipe = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=PNDMScheduler(**SCHEDULER),  # declared as an enumeration of names, and never one
        safety_checker=None,  # type: ignore[arg-type]  # declared as if it had to be there
        feature_extractor=None,
        requires_safety_checker=False,
    )
    return prepare_pipeline(typed(pipe), device, dtype)


def write_untrained_sd14(folder: str | Path, captions: Sequence[str], seed: int = 0) -> None:
    """Write the pipeline as an ordinary folder in float32 (4.3 GB) with its ``base.json``, atomically."""
    with atomic_path(folder) as part:
        untrained_sd14(captions, seed=seed).save_pretrained(part)
        write_base_record(part, {"made_by": "lethe.diffusion.pretraining.sd14", "seed": seed})


def parameter_counts(pipe: Pipeline) -> dict[str, int]:
    """Number of parameters of each component."""
    return {name: sum(p.numel() for p in getattr(pipe, name).parameters()) for name in PARAMETERS}

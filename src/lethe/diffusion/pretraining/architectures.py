"""What the mini world's models are, in the words of the libraries that run them; imports none of those.

The trainings build their models from these values and the folders hold the same values as configuration files, so that a folder
is written without importing diffusers, open_clip or timm. A value that is not here is the library's default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lethe.settings.pretraining import (
    BackboneSettings,
    ClipSettings,
    NoiseScheduleSettings,
    TextEncoderSettings,
    TokenizerSettings,
    UNetSettings,
    VaeSettings,
)

UNKNOWN, BEGIN, END = "<|unknown|>", "<|startoftext|>", "<|endoftext|>"
BACKBONE = "vit_tiny_patch16_224"  # timm's name of the architecture that ``backbone_config`` shrinks


def tokenizer_config(settings: TokenizerSettings) -> dict[str, Any]:
    """``transformers.PreTrainedTokenizerFast``; as in CLIP, padding is the end token."""
    return {
        "unk_token": UNKNOWN,
        "bos_token": BEGIN,
        "eos_token": END,
        "pad_token": END,
        "model_max_length": settings.max_length,
    }


def text_encoder_config(settings: TextEncoderSettings, vocabulary: Mapping[str, int], max_length: int) -> dict[str, Any]:
    """``transformers.CLIPTextConfig`` for a ``vocabulary`` (token to id) and captions of ``max_length`` tokens."""
    return {
        "vocab_size": len(vocabulary),
        "hidden_size": settings.width,
        "intermediate_size": settings.intermediate,
        "num_hidden_layers": settings.layers,
        "num_attention_heads": settings.heads,
        "max_position_embeddings": max_length,
        "projection_dim": settings.width,
        "bos_token_id": vocabulary[BEGIN],
        "eos_token_id": vocabulary[END],
        "pad_token_id": vocabulary[END],
    }


def unet_config(settings: UNetSettings, cross_attention_dim: int, latent_channels: int) -> dict[str, Any]:
    """``diffusers.UNet2DConditionModel``."""
    return {
        "sample_size": settings.sample_size,
        "in_channels": latent_channels,
        "out_channels": latent_channels,
        "block_out_channels": settings.block_out_channels,
        "down_block_types": tuple("CrossAttnDownBlock2D" if attends else "DownBlock2D" for attends in settings.cross_attention),
        "up_block_types": tuple(
            "CrossAttnUpBlock2D" if attends else "UpBlock2D" for attends in reversed(settings.cross_attention)
        ),
        "layers_per_block": settings.layers_per_block,
        "cross_attention_dim": cross_attention_dim,
        "attention_head_dim": settings.attention_heads,  # diffusers' historical name: for this class it is the number of heads
        "norm_num_groups": settings.norm_num_groups,
    }


def vae_config(settings: VaeSettings) -> dict[str, Any]:
    """``diffusers.AutoencoderKL``; the scaling factor is one because ``train_vae`` standardizes the latents in the weights."""
    blocks = len(settings.block_out_channels)
    return {
        "down_block_types": ("DownEncoderBlock2D",) * blocks,
        "up_block_types": ("UpDecoderBlock2D",) * blocks,
        "block_out_channels": settings.block_out_channels,
        "layers_per_block": settings.layers_per_block,
        "latent_channels": settings.latent_channels,
        "norm_num_groups": settings.norm_num_groups,
        "sample_size": 8 * 2 ** (blocks - 1),
        "scaling_factor": 1.0,
        "mid_block_add_attention": False,
    }


def noise_config(noise: NoiseScheduleSettings) -> dict[str, Any]:
    """What every scheduler of diffusers is told of the forward process."""
    return {
        "num_train_timesteps": noise.train_timesteps,
        "beta_start": noise.beta_start,
        "beta_end": noise.beta_end,
        "beta_schedule": noise.beta_schedule,
        "prediction_type": "epsilon",
        "steps_offset": 1,
    }


def ddim_config(noise: NoiseScheduleSettings) -> dict[str, Any]:
    """``diffusers.DDIMScheduler`` as Stable Diffusion v1 uses it.

    The spacing of the steps is its default, and said all the same: a scheduler made from this one's configuration takes what is
    written and replaces what is not by defaults of its own, which differ.
    """
    return noise_config(noise) | {"clip_sample": False, "set_alpha_to_one": False, "timestep_spacing": "leading"}


def clip_config(settings: ClipSettings, vocabulary_size: int, max_length: int) -> dict[str, Any]:
    """The content of ``open_clip_config.json``."""
    half = [0.5, 0.5, 0.5]
    return {
        "model_cfg": {
            "embed_dim": settings.embed_dim,
            "quick_gelu": False,
            "vision_cfg": {
                "image_size": settings.image_size,
                "patch_size": settings.patch_size,
                "width": settings.vision_width,
                "layers": settings.vision_layers,
                "head_width": settings.head_width,
            },
            "text_cfg": {
                "context_length": max_length,
                "vocab_size": vocabulary_size,
                "hf_tokenizer_name": "local",  # any value makes open_clip read the tokenizer beside this file
                "width": settings.text_width,
                "heads": settings.text_heads,
                "layers": settings.text_layers,
            },
        },
        "preprocess_cfg": {
            "size": settings.image_size,
            "mean": half,
            "std": half,
            "interpolation": "bicubic",
            "resize_mode": "squash",
        },
    }


def backbone_config(settings: BackboneSettings) -> dict[str, Any]:
    """The content of a timm folder's ``config.json``; ``model_args`` turn the tiny vision transformer into ours."""
    half = [0.5, 0.5, 0.5]
    return {
        "architecture": BACKBONE,
        "num_classes": 0,
        "num_features": settings.width,
        "global_pool": "token",
        "model_args": {
            "img_size": settings.image_size,
            "patch_size": settings.patch_size,
            "embed_dim": settings.width,
            "depth": settings.depth,
            "num_heads": settings.heads,
            "num_classes": 0,
        },
        "pretrained_cfg": {
            "custom_load": False,
            "input_size": [3, settings.image_size, settings.image_size],
            "fixed_input_size": True,
            "interpolation": "bicubic",
            "crop_pct": 1.0,
            "crop_mode": "squash",
            "mean": half,
            "std": half,
            "num_classes": 0,
            "pool_size": None,
            "first_conv": "patch_embed.proj",
            "classifier": "head",
        },
    }

"""From checkpoints to folders that diffusers, open_clip and timm load as any other; imports none of them, nor torch.

A folder is made with the first file in it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from lethe.diffusion.folder import write_base_record
from lethe.diffusion.pretraining.architectures import (
    backbone_config,
    clip_config,
    ddim_config,
    text_encoder_config,
    tokenizer_config,
    unet_config,
    vae_config,
)
from lethe.diffusion.pretraining.assets import load_asset, provenance_path
from lethe.io.tables import write_json
from lethe.settings.pretraining import PretrainingSettings, TokenizerSettings


def base_folder(folder: Path, vae: Path, weights: Path, tokenizer: Path, settings: PretrainingSettings) -> None:
    """Write a base as a Stable Diffusion pipeline's folder with its ``base.json``.

    Args:
        folder: created.
        vae, weights: checkpoints of the autoencoder and of the text encoder and UNet.
        tokenizer: a ``tokenizer.json``.
        settings: those the checkpoints were trained with.

    Raises:
        AssetError: a checkpoint is missing or damaged.
    """
    autoencoder, parts, base = load_asset(vae), load_asset(weights), settings.base
    words = Tokenizer.from_file(str(tokenizer)).get_vocab()
    text_encoder = text_encoder_config(base.text_encoder, words, settings.tokenizer.max_length)
    unet = unet_config(base.unet, base.text_encoder.width, settings.vae.latent_channels)
    components = {
        "scheduler": ("diffusers", "DDIMScheduler"),
        "text_encoder": ("transformers", "CLIPTextModel"),
        "tokenizer": ("transformers", "PreTrainedTokenizerFast"),
        "unet": ("diffusers", "UNet2DConditionModel"),
        "vae": ("diffusers", "AutoencoderKL"),
    }
    absent = dict.fromkeys(("feature_extractor", "image_encoder", "safety_checker"), (None, None))
    write_json(
        folder / "model_index.json",
        {"_class_name": "StableDiffusionPipeline", "requires_safety_checker": False, **components, **absent},
    )
    write_json(folder / "scheduler" / "scheduler_config.json", {"_class_name": "DDIMScheduler", **ddim_config(base.noise)})
    _write_tokenizer(folder / "tokenizer", tokenizer, settings.tokenizer)
    _write_model(folder / "unet", {"_class_name": "UNet2DConditionModel", **unet}, parts.parts["unet"])
    _write_model(folder / "vae", {"_class_name": "AutoencoderKL", **vae_config(settings.vae)}, autoencoder.parts["vae"])
    names = {"architectures": ["CLIPTextModel"], "model_type": "clip_text_model"}
    _write_model(folder / "text_encoder", names | text_encoder, parts.parts["text_encoder"], "model.safetensors")
    write_base_record(folder, {"vae": autoencoder.provenance, "weights": parts.provenance})


def clip_folder(folder: Path, weights: Path, tokenizer: Path, settings: PretrainingSettings) -> None:
    """Write a folder that ``open_clip.create_model_and_transforms("local-dir:...")`` and ``get_tokenizer`` load.

    Raises:
        AssetError: the checkpoint is missing or damaged.
    """
    asset = load_asset(weights)
    words = Tokenizer.from_file(str(tokenizer)).get_vocab()
    _write_tokenizer(folder, tokenizer, settings.tokenizer)
    write_json(folder / "open_clip_config.json", clip_config(settings.clip, len(words), settings.tokenizer.max_length))
    save_file(asset.parts["clip"], folder / "open_clip_model.safetensors")
    write_json(folder / "provenance.json", asset.provenance)


def backbone_folder(folder: Path, weights: Path, tokenizer: Path | None, settings: PretrainingSettings) -> None:
    """Write a folder that ``timm.create_model("local-dir:...")`` loads; ``tokenizer`` is not used.

    Raises:
        AssetError: the checkpoint is missing or damaged.
    """
    asset = load_asset(weights)
    _write_model(folder, backbone_config(settings.backbone), asset.parts["backbone"], "model.safetensors")
    write_json(folder / "provenance.json", asset.provenance)


def judge_folder(folder: Path, weights: Path, tokenizer: Path | None, settings: PretrainingSettings) -> None:
    """Write the judge's folder, which ``lethe.diffusion.metrics.run.load_judge`` loads; ``tokenizer`` is not used.

    Raises:
        AssetError: the checkpoint is missing or damaged.
    """
    asset = load_asset(weights)
    write_json(folder / "config.json", {"settings": settings.judge.model_dump(), "classes": asset.provenance["classes"]})
    shutil.copyfile(weights, folder / "judge.safetensors")
    shutil.copyfile(provenance_path(weights), folder / "judge.json")
    write_json(folder / "provenance.json", asset.provenance)


def _write_tokenizer(folder: Path, tokenizer: Path, settings: TokenizerSettings) -> None:
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", **tokenizer_config(settings)})
    shutil.copyfile(tokenizer, folder / "tokenizer.json")


def _write_model(
    folder: Path,
    config: Mapping[str, Any],
    weights: dict[str, NDArray[Any]],
    file: str = "diffusion_pytorch_model.safetensors",
) -> None:
    write_json(folder / "config.json", config)
    # Transformers and diffusers refuse weights that do not say which framework's layout they have
    save_file(weights, folder / file, metadata={"format": "pt"})

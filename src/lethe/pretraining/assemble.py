"""From checkpoints to the folders that everything else reads: diffusers pipelines, open_clip and timm folders, the judge."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from lethe.diffusion.pipeline import write_base_record
from lethe.io.tables import write_json
from lethe.pretraining.assets import Asset, load_asset
from lethe.pretraining.backbone import build_backbone, save_backbone
from lethe.pretraining.base import assemble_pipeline, build_text_encoder, build_unet, save_pipeline
from lethe.pretraining.clip import build_clip, save_clip
from lethe.pretraining.text import load_tokenizer
from lethe.pretraining.vae import build_vae
from lethe.settings.pretraining import PretrainingSettings


def base_folder(folder: Path, vae: Path, weights: Path, tokenizer: Path, settings: PretrainingSettings) -> None:
    """Write a base's pipeline folder with its ``base.json``.

    Raises:
        AssetError: a checkpoint is missing or damaged.
    """
    words = load_tokenizer(tokenizer, settings.tokenizer)
    autoencoder, parts = load_asset(vae), load_asset(weights)
    vae_model = build_vae(settings.vae)
    vae_model.load_state_dict(autoencoder.parts["vae"])
    text_encoder = build_text_encoder(settings.base.text_encoder, words)
    text_encoder.load_state_dict(parts.parts["text_encoder"])
    unet = build_unet(settings.base.unet, settings.base.text_encoder.width, settings.vae.latent_channels)
    unet.load_state_dict(parts.parts["unet"])
    save_pipeline(assemble_pipeline(vae_model, text_encoder, words, unet, settings.base), folder)
    write_base_record(folder, {"vae": autoencoder.provenance, "weights": parts.provenance})


def evaluator_folder(folder: Path, evaluator: str, weights: Path, tokenizer: Path, settings: PretrainingSettings) -> None:
    """Write the folder of the ``clip``, ``backbone`` or ``judge`` evaluator.

    Raises:
        AssetError: a checkpoint is missing or damaged.
    """
    asset = load_asset(weights)
    write = {"clip": _clip, "backbone": _backbone, "judge": _judge}[evaluator]
    folder.mkdir(parents=True)
    write(folder, asset, weights, tokenizer, settings)
    write_json(folder / "provenance.json", asset.provenance)


def _clip(folder: Path, asset: Asset, weights: Path, tokenizer: Path, settings: PretrainingSettings) -> None:
    words = load_tokenizer(tokenizer, settings.tokenizer)
    model = build_clip(settings.clip, words)
    model.load_state_dict(asset.parts["clip"])
    save_clip(folder, model, words, settings.clip)


def _backbone(folder: Path, asset: Asset, weights: Path, tokenizer: Path, settings: PretrainingSettings) -> None:
    model = build_backbone(settings.backbone)
    model.load_state_dict(asset.parts["backbone"])
    save_backbone(folder, model, settings.backbone)


def _judge(folder: Path, asset: Asset, weights: Path, tokenizer: Path, settings: PretrainingSettings) -> None:
    config: dict[str, Any] = {"settings": settings.judge.model_dump(), "classes": asset.provenance["classes"]}
    write_json(folder / "config.json", config)
    shutil.copyfile(weights, folder / "judge.safetensors")
    shutil.copyfile(weights.with_suffix(".json"), folder / "judge.json")

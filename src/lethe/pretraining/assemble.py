"""From checkpoints to an ordinary diffusers pipeline folder."""

from __future__ import annotations

from pathlib import Path

from lethe.diffusion.pipeline import write_base_record
from lethe.pretraining.assets import load_asset
from lethe.pretraining.base import assemble_pipeline, build_text_encoder, build_unet, save_pipeline
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

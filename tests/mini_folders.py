"""Folders of small models, written as the rules write them: through a checkpoint."""

from __future__ import annotations

from pathlib import Path

from torch import nn
from transformers import PreTrainedTokenizerFast

from lethe.diffusion.pretraining import EVALUATOR_FOLDERS
from lethe.diffusion.pretraining.assets import rounded, save_asset
from lethe.diffusion.pretraining.folders import base_folder
from lethe.diffusion.pretraining.text import tokenizer_json
from lethe.settings.pretraining import PretrainingSettings


def write_evaluator(
    root: Path, role: str, model: nn.Module, settings: PretrainingSettings, tokenizer: PreTrainedTokenizerFast | None = None
) -> Path:
    """``root/role``; ``model`` is rounded to what its checkpoint holds."""
    words = _words(root, tokenizer) if tokenizer is not None else root / "tokenizer.json"
    save_asset(root / f"{role}.safetensors", {role: rounded(model)}, {})
    EVALUATOR_FOLDERS.load("classifier" if role == "judge" else role)(root / role, root / f"{role}.safetensors", words, settings)
    return root / role


def write_base(
    root: Path,
    vae: nn.Module,
    text_encoder: nn.Module,
    unet: nn.Module,
    tokenizer: PreTrainedTokenizerFast,
    settings: PretrainingSettings,
) -> Path:
    """``root/base``; the models are rounded to what their checkpoints hold."""
    save_asset(root / "vae.safetensors", {"vae": rounded(vae)}, {})
    save_asset(root / "weights.safetensors", {"text_encoder": rounded(text_encoder), "unet": rounded(unet)}, {})
    base_folder(root / "base", root / "vae.safetensors", root / "weights.safetensors", _words(root, tokenizer), settings)
    return root / "base"


def _words(root: Path, tokenizer: PreTrainedTokenizerFast) -> Path:
    (root / "tokenizer.json").write_text(tokenizer_json(tokenizer))
    return root / "tokenizer.json"

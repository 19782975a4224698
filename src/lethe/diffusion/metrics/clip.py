"""CLIP score: how well an image agrees with its prompt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from lethe.diffusion.metrics.activation import check_built, check_folder_config, check_published
from lethe.diffusion.metrics.base import MetricContext, MetricDescription, ScoringBatch
from lethe.diffusion.metrics.transform import ImageTransform, interpolation_name, triple
from lethe.io.tables import read_json

Tokenizer = Callable[[list[str]], torch.Tensor]  # texts -> (n, tokens) int


def load_clip(source: str, weights: str = "", device: str = "cpu") -> tuple[open_clip.CLIP, Tokenizer, ImageTransform]:
    """An open_clip model in evaluation mode, its tokenizer and its image transform.

    Args:
        source: a folder with ``open_clip_config.json``, or a model name such as ``ViT-B-16-quickgelu``.
        weights: weights tag of a model name, e.g. ``openai``; empty for a folder.
        device: where the model runs.

    Raises:
        FileNotFoundError: if ``source`` looks like a path and holds no ``open_clip_config.json``.
        ValueError: for a model name without weights, which would be scored with random ones.
        ActivationError: the model does not have the activation that its weights were trained with, or does not say which it has.
    """
    folder = Path(source)
    if (folder / "open_clip_config.json").is_file():
        name, weights = f"local-dir:{folder}", ""
        quick = check_folder_config(folder / "open_clip_config.json", read_json(folder / "open_clip_config.json"))
    elif "/" in source and not source.startswith("hf-hub:"):
        raise FileNotFoundError(
            f"{folder / 'open_clip_config.json'} does not exist; an open_clip folder or a model name was expected"
        )
    elif not weights and not source.startswith("hf-hub:"):
        raise ValueError(f"clip model '{source}' needs a weights tag, e.g. 'openai'")
    else:
        name = source
        quick = check_published(name, weights)
    model = open_clip.create_model_from_pretrained(name, pretrained=weights or None, device=device, return_transform=False)
    check_built(model, quick, source)
    config = open_clip.get_model_preprocess_cfg(model)
    size = config["size"][0] if isinstance(config["size"], (tuple, list)) else config["size"]
    if config["resize_mode"] not in ("shortest", "squash"):
        raise ValueError(f"{source}: resize_mode '{config['resize_mode']}' is not supported; allowed: shortest, squash")
    transform = ImageTransform(
        size,
        size,
        config["resize_mode"],
        triple(config["mean"]),
        triple(config["std"]),
        interpolation_name(config["interpolation"]),
    )
    return model.eval().requires_grad_(False), open_clip.get_tokenizer(name), transform


class ClipScore:
    """100 times the cosine of image and prompt (Hessel et al. 2021, eq. 1 without the floor at zero).

    Not floored: the reference's batched path does not floor either, and a difference of floored scores hides damage.
    Every distinct prompt is encoded once in the life of the object. ``embed`` exposes the image embeddings, which are stored.
    """

    about = MetricDescription(
        name="clip",
        kind="image",
        arrow="↑",
        range=(-100.0, 100.0),
        label="CLIP score",
        unit="100 × cosine",
        version="100 x cosine, not floored; paper: ViT-B/16 openai",
        source="CLIPScore, Hessel 2021",
    )
    stored = "clip"

    def __init__(self, model: open_clip.CLIP, tokenizer: Tokenizer, transform: ImageTransform, device: str = "cpu") -> None:
        self.model, self.tokenizer, self.transform, self.device = model, tokenizer, transform, device
        self._text: dict[str, torch.Tensor] = {}
        self._encoding = Lock()

    @classmethod
    def create(cls, context: MetricContext) -> ClipScore:
        """The metric with what it needs from ``context``; a ``ValueError`` names what is missing."""
        if not context.clip:
            raise ValueError("metric 'clip' needs `clip`: an open_clip folder or model name")
        return cls(*load_clip(context.clip, context.clip_weights, context.device), device=context.device)

    @torch.inference_mode()
    def text(self, prompts: list[str]) -> torch.Tensor:
        """(len(prompts), d) normalised text embeddings."""
        with self._encoding:
            new = [prompt for prompt in dict.fromkeys(prompts) if prompt not in self._text]
            for start in range(0, len(new), 256):
                part = new[start : start + 256]
                encoded = F.normalize(self.model.encode_text(self.tokenizer(part).to(self.device)).float(), dim=-1)
                self._text.update(zip(part, encoded, strict=True))
        return torch.stack([self._text[prompt] for prompt in prompts])

    @torch.inference_mode()
    def embed(self, images: torch.Tensor) -> NDArray[np.float32]:
        """(n, 3, H, W) uint8 -> (n, d) float32, not normalised."""
        return self.model.encode_image(self.transform(images.to(self.device))).float().cpu().numpy()

    @torch.inference_mode()
    def score(self, batch: ScoringBatch) -> dict[str, NDArray[np.float64]]:
        """See ``Metric.score``."""
        image = torch.from_numpy(batch.once(self.stored, lambda: self.embed(batch.images))).to(self.device)
        cosine = (F.normalize(image, dim=-1) * self.text(list(batch.prompts))).sum(-1)
        return {"clip": 100 * cosine.double().cpu().numpy()}

"""Similarity of on and off image in the embedding of a self-supervised backbone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from timm.data import resolve_data_config
from torch import nn

from lethe.diffusion.metrics.base import MetricContext, MetricDescription, ScoringBatch
from lethe.diffusion.metrics.transform import ImageTransform, interpolation_name, triple
from lethe.io.tables import read_json

PUBLISHED_SIZE, PUBLISHED_RESIZE = 224, 256  # Vision Unlearning 1.0.0: Resize 256, CenterCrop 224


def load_backbone(source: str, device: str = "cpu") -> tuple[nn.Module, ImageTransform]:
    """A timm model without its classifier, in evaluation mode, and its image transform.

    Args:
        source: a folder with timm's ``config.json``, or a timm name, e.g. ``vit_small_patch14_dinov2.lvd142m``. A DINOv2
            gets the published transform (shorter side 256, centre crop 224), any other model its own.
        device: where the model runs.

    Raises:
        FileNotFoundError: if ``source`` looks like a path and holds no ``config.json``.
    """
    folder = Path(source)
    local = (folder / "config.json").is_file()
    if not local and "/" in source and not source.startswith("hf-hub:"):
        raise FileNotFoundError(f"{folder / 'config.json'} does not exist; a timm folder or a model name was expected")
    if "dinov2" in (read_json(folder / "config.json").get("architecture", "") if local else source):
        # timm's own transform is 518 px; the position embeddings are resampled on loading
        model = timm.create_model(_name(source, local), pretrained=True, num_classes=0, img_size=PUBLISHED_SIZE)
        size, resize, squash = PUBLISHED_SIZE, PUBLISHED_RESIZE, False
        config = resolve_data_config(model=model)
    else:
        model = timm.create_model(_name(source, local), pretrained=True, num_classes=0)
        config = resolve_data_config(model=model)
        size, squash = int(config["input_size"][-1]), config["crop_mode"] == "squash"
        resize = size if squash else int(size / config["crop_pct"])
    mean, std = triple(config["mean"]), triple(config["std"])
    transform = ImageTransform(
        size, resize, "squash" if squash else "shortest", mean, std, interpolation_name(config["interpolation"])
    )
    return model.eval().requires_grad_(False).to(device), transform


def _name(source: str, local: bool) -> str:
    return f"local-dir:{source}" if local else source


class Backbone:
    """A backbone that metrics share. One pass of it over the images of a batch gives each of them what it needs.

    Args:
        model, transform: from ``load_backbone``.
        device: where the model is.

    Attributes:
        layered: whether a metric asks for the features of every block, too.
    """

    def __init__(self, model: nn.Module, transform: ImageTransform, device: str = "cpu") -> None:
        self.model, self.transform, self.device = model, transform, device
        self.layered = False

    @classmethod
    def of(cls, context: MetricContext) -> Backbone:
        """That of ``context``, loaded once."""
        return context.once(
            ("backbone", context.backbone),
            lambda: cls(*load_backbone(context.backbone, context.device), device=context.device),
        )

    @torch.inference_mode()
    def embed(self, images: torch.Tensor) -> NDArray[np.float32]:
        """(n, 3, H, W) uint8 -> (n, d) float32, not normalised."""
        return self.model(self.transform(images.to(self.device))).float().cpu().numpy()

    @torch.inference_mode()
    def layers(self, images: torch.Tensor) -> Sequence[torch.Tensor]:
        """(n, 3, H, W) images in [0, 255] -> (n, C, H', W') features of each block, without its class token."""
        found: Sequence[torch.Tensor] = self.model.forward_intermediates(  # type: ignore[operator]
            self.transform(images.to(self.device)), intermediates_only=True
        )
        return found

    @torch.inference_mode()
    def both(self, batch: ScoringBatch) -> tuple[NDArray[np.float32], Sequence[torch.Tensor]]:
        """``embed`` and ``layers`` of the images of a batch from one pass, which is taken once."""
        return batch.once("backbone", lambda: self._both(batch.images))

    def embedding(self, batch: ScoringBatch) -> NDArray[np.float32]:
        """``embed`` of the images of a batch; with their layers, if these will be asked for."""
        if self.layered and batch.off_images is not None and bool(batch.changed("dino").any()):
            return self.both(batch)[0]
        return self.embed(batch.images)

    def _both(self, images: torch.Tensor) -> tuple[NDArray[np.float32], Sequence[torch.Tensor]]:
        # the steps of the model's own `forward`: its bits, so that an unchanged image keeps the embedding of its off image
        last, layers = self.model.forward_intermediates(self.transform(images.to(self.device)))  # type: ignore[operator]
        return self.model.forward_head(last).float().cpu().numpy(), layers  # type: ignore[operator]


class DinoSimilarity:
    """Cosine of the raw embeddings of on and off image; ``embed`` exposes the embeddings, which are stored."""

    about = MetricDescription(
        name="dino",
        kind="pair",
        arrow="↑",
        range=(-1.0, 1.0),
        untouched=1.0,
        published_name="dino_diff",
        label="DINO similarity of on and off",
        unit="cosine",
        version="cosine of raw class-token embeddings; paper: DINOv2 ViT-S/14",
        source="DINOv2, Oquab 2023; named `dino_diff` in the I-CARE testbeds",
    )
    stored = "embedding"

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone

    @classmethod
    def create(cls, context: MetricContext) -> DinoSimilarity:
        """The metric with what it needs from ``context``; a ``ValueError`` names what is missing."""
        if not context.backbone:
            raise ValueError("metric 'dino' needs `backbone`: a timm folder or model name")
        return cls(Backbone.of(context))

    def embed(self, images: torch.Tensor) -> NDArray[np.float32]:
        """(n, 3, H, W) uint8 -> (n, d) float32, not normalised."""
        return self.backbone.embed(images)

    def score(self, batch: ScoringBatch) -> dict[str, NDArray[np.float64]]:
        """See ``Metric.score``."""
        on = batch.once(self.stored, lambda: self.backbone.embedding(batch))
        off = batch.off_embeddings
        if off is None:
            off_images = batch.off_images
            if off_images is None:
                raise ValueError("metric 'dino' compares with off images, and this batch has neither them nor their embeddings")
            off = batch.once("off_embedding", lambda: self.embed(off_images))
        return {"dino": row_cosine(on, off)}


def row_cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """Cosine of each row of ``a`` with the same row of ``b``; NaN where a row is all zero. Equal rows give exactly
    1.

    Examples:
        >>> row_cosine(np.array([[1, 0], [1, 1]], np.float32), np.array([[1, 0], [1, -1]], np.float32))
        array([1., 0.])
    """
    a64, b64 = a.astype(np.float64), b.astype(np.float64)
    norms = np.linalg.norm(a64, axis=1) * np.linalg.norm(b64, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = np.einsum("nd,nd->n", a64, b64) / norms
    # |a|·|a| and a·a round differently: an unchanged image must give 1, the no-op gate tests for it.
    cosine[(a64 == b64).all(axis=1) & (norms > 0)] = 1.0
    return np.clip(cosine, -1.0, 1.0)

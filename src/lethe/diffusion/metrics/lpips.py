"""LPIPS: distance of two images in the features of a network (Zhang et al. 2018, arXiv 1801.03924, eq. 1).

d(x, y) = sum over layers of the mean over positions of sum_c w_c (x_c - y_c)^2, where the channels x_c, y_c at a position are
scaled to length 1. Two networks, each with a column of its own:

- ``lpips_backbone``: every block of the world's backbone, patch tokens as positions, w = 1 (the paper's uncalibrated variant).
- ``lpips_alex``: AlexNet after each of its five ReLUs with the published linear heads (version 0.1), what is usually meant by
  LPIPS. Both are read from local files, and images keep their size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import nn
from torchvision.models import alexnet

from lethe.diffusion.metrics.base import MetricContext, MetricDescription, ScoringBatch
from lethe.diffusion.metrics.dino import load_backbone
from lethe.io.tables import readable

Features = Callable[[torch.Tensor], Sequence[torch.Tensor]]
CHUNK = 32  # pairs at once: features of every layer are held for both images
EPSILON = 1e-10  # beside the length of a channel vector, as published: a vector of zeros stays one
# of images in [-1, 1]: ImageNet's mean and standard deviation, rounded as published
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
RELUS = (1, 4, 7, 9, 11)  # positions in torchvision's AlexNet
SMALLEST = 31  # px: below, nothing is left after AlexNet's second pooling
WEIGHTS = {
    "alexnet-owt-7be5be79": "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
    "alex": "https://github.com/richzhang/PerceptualSimilarity/raw/master/lpips/weights/v0.1/alex.pth",
}
"""File, without its ending, -> where its authors publish it."""


def layer_distance(on: torch.Tensor, off: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    """(n,) distance in one layer from (n, C, H, W) features: the term of eq. 1.

    Args:
        on, off: features of both images.
        weights: (C,) weight of each channel; None: 1.
    """
    a, b = (x / (x.square().sum(1, keepdim=True).sqrt() + EPSILON) for x in (on, off))
    squares = (a - b).square_()
    if weights is not None:
        squares *= weights.view(1, -1, 1, 1)
    return squares.sum(1).mean((1, 2))


class _Lpips:
    """LPIPS over the layers that ``features`` gives; pairs of equal images are 0 and pass through no network.

    Args:
        features: (n, 3, H, W) float32 images in [0, 255] -> (n, C, H', W') features of each layer.
        weights: (C,) for each layer; None: 1 everywhere.
        device: where the network runs.
    """

    about: MetricDescription

    def __init__(self, features: Features, weights: Sequence[torch.Tensor] | None = None, device: str = "cpu") -> None:
        self.features, self.weights, self.device = features, weights, device

    @torch.inference_mode()
    def distance(self, on: torch.Tensor, off: torch.Tensor) -> torch.Tensor:
        """(n,) float64 distance of (n, 3, H, W) float32 images in [0, 255]."""
        of_on, of_off = (self.features(images.to(self.device)) for images in (on, off))
        weights = [None] * len(of_on) if self.weights is None else self.weights
        return torch.stack([layer_distance(*layer).double() for layer in zip(of_on, of_off, weights, strict=True)]).sum(0)

    def score(self, batch: ScoringBatch) -> dict[str, NDArray[np.float64]]:
        """See ``Metric.score``."""
        on, off = batch.pair(self.about.name)
        values = np.zeros(len(batch))
        changed = (on != off).flatten(1).any(1).nonzero().squeeze(1)
        for start in range(0, len(changed), CHUNK):
            rows = changed[start : start + CHUNK]
            values[rows.numpy()] = self.distance(on[rows], off[rows]).cpu().numpy()
        return {self.about.name: values}


class LpipsBackbone(_Lpips):
    """LPIPS in the backbone that ``dino`` compares embeddings of: same model, same transform of the images."""

    about = MetricDescription(
        name="lpips_backbone",
        kind="pair",
        arrow="↓",
        range=(0.0, None),
        untouched=0.0,
        label="LPIPS of on and off in the backbone",
        unit="",
        version="patch tokens of every block, weights 1; paper: DINOv2 ViT-S/14; mini: its own ViT, 4 blocks, 96 channels",
        source="LPIPS, Zhang 2018, eq. 1",
    )

    @classmethod
    def create(cls, context: MetricContext) -> LpipsBackbone:
        """The metric with what it needs from ``context``; a ``ValueError`` names what is missing."""
        if not context.backbone:
            raise ValueError("metric 'lpips_backbone' needs `backbone`: a timm folder or model name")
        model, transform = load_backbone(context.backbone, context.device)
        intermediates = getattr(model, "forward_intermediates", None)
        if intermediates is None:
            raise ValueError(f"metric 'lpips_backbone': timm gives no features of single layers of '{context.backbone}'")

        def features(images: torch.Tensor) -> Sequence[torch.Tensor]:
            layers: Sequence[torch.Tensor] = intermediates(transform(images), intermediates_only=True)
            return layers

        return cls(features, device=context.device)


class LpipsAlex(_Lpips):
    """LPIPS as published: AlexNet and its linear heads, version 0.1."""

    about = MetricDescription(
        name="lpips_alex",
        kind="pair",
        arrow="↓",
        range=(0.0, None),
        untouched=0.0,
        label="LPIPS of on and off",
        unit="AlexNet",
        version="AlexNet of torchvision, linear heads v0.1",
        source="LPIPS, Zhang 2018, eq. 1",
    )

    @classmethod
    def create(cls, context: MetricContext) -> LpipsAlex:
        """The metric with the weights of ``context.lpips_alex``; errors say what is missing and where it is published."""
        if not context.lpips_alex:
            raise ValueError("metric 'lpips_alex' needs `lpips_alex`: a folder with its weights")
        network, heads = (_weights(Path(context.lpips_alex), stem) for stem in WEIGHTS)
        model = alexnet(weights=None)
        try:
            model.load_state_dict(network)
            weights = [heads[f"lin{layer}.model.1.weight"].flatten().to(context.device) for layer in range(len(RELUS))]
        except (KeyError, RuntimeError) as error:
            raise ValueError(f"{context.lpips_alex}: not the published weights of LPIPS with AlexNet ({error})") from error
        return cls(alex_features(model.features.eval().requires_grad_(False).to(context.device)), weights, context.device)


def alex_features(layers: nn.Sequential) -> Features:
    """Images in [0, 255] -> features after each ReLU of AlexNet's convolutional ``layers``."""

    def features(images: torch.Tensor) -> Sequence[torch.Tensor]:
        if min(images.shape[-2:]) < SMALLEST:
            raise ValueError(f"metric 'lpips_alex' needs images of at least {SMALLEST} px, not {tuple(images.shape[-2:])}")
        shift, scale = (torch.tensor(values, device=images.device).view(3, 1, 1) for values in (SHIFT, SCALE))
        x, found = (images / 127.5 - 1 - shift) / scale, []
        for position, layer in enumerate(list(layers)[: RELUS[-1] + 1]):
            x = layer(x)
            if position in RELUS:
                found.append(x)
        return found

    return features


def _weights(folder: Path, stem: str) -> dict[str, torch.Tensor]:
    """A state dict from ``{stem}.safetensors``; the authors' own ``.pth`` are pickles, which Lethe does not read."""
    path = folder / f"{stem}.safetensors"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} does not exist; scoring.lpips_alex is a folder that holds it. Get {WEIGHTS[stem]} and convert it once: "
            f"safetensors.torch.save_file(torch.load('{WEIGHTS[stem].rsplit('/', 1)[-1]}', weights_only=True), '{path}')"
        )
    with readable(path, "readable weights", remedy=f"; published at {WEIGHTS[stem]}"):
        return dict(safetensors.torch.load_file(path))

"""LPIPS: distance of two images in the features of a network (Zhang et al. 2018, arXiv 1801.03924, eq. 1).

d(x, y) = sum over layers of the mean over positions of sum_c w_c (x_c - y_c)^2, where the channels x_c, y_c at a position are
scaled to length 1. Two networks, each with a column of its own:

- ``lpips_backbone``: every block of the world's backbone, patch tokens as positions, w = 1 (the paper's uncalibrated variant).
- ``lpips_alex``: AlexNet after each of its five ReLUs with the published linear heads (version 0.1), what is usually meant by
  LPIPS. Both are read from local files, and images keep their size.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import nn
from torchvision.models import alexnet

from lethe.diffusion.metrics.base import MetricContext, MetricDescription, ScoringBatch
from lethe.diffusion.metrics.dino import Backbone
from lethe.io.tables import readable

Features = Callable[[torch.Tensor], Sequence[torch.Tensor]]
CHUNK = 32  # pairs at once: features of every layer are held for both images
KEPT = 1 << 31  # bytes of features of off images that a job keeps: those of 400 pictures in DINOv2 ViT-S/14 are 1.9 GB
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


def unit(features: torch.Tensor) -> torch.Tensor:
    """(n, C, H, W) features with channels of length 1 at every position."""
    return features / (features.square().sum(1, keepdim=True).sqrt() + EPSILON)


def layer_distance(on: torch.Tensor, off: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    """(n,) distance in one layer: the term of eq. 1.

    Args:
        on, off: (n, C, H, W) ``unit`` features of both images.
        weights: (C,) weight of each channel; None: 1.
    """
    squares = (on - off).square_()
    if weights is not None:
        squares *= weights.view(1, -1, 1, 1)
    return squares.sum(1).mean((1, 2))


class _Lpips:
    """LPIPS over the layers that ``features`` gives. Pairs of equal images are 0, and a batch of them passes through no network.

    Features of off images are kept for all emitters of a job, where they are not too large.

    Args:
        features: (n, 3, H, W) images in [0, 255] -> (n, C, H', W') features of each layer.
        weights: (C,) for each layer; None: 1 everywhere.
        device: where the network runs.
    """

    about: MetricDescription

    def __init__(self, features: Features, weights: Sequence[torch.Tensor] | None = None, device: str = "cpu") -> None:
        self.features, self.weights, self.device = features, weights, device

    @torch.inference_mode()
    def score(self, batch: ScoringBatch) -> dict[str, NDArray[np.float64]]:
        """See ``Metric.score``."""
        values = np.zeros(len(batch))
        changed = batch.changed(self.about.name).cpu().nonzero().squeeze(1)
        for rows in changed.split(CHUNK):
            if len(rows):
                layers = zip(self._of_on(batch, rows), self._of_off(batch, rows), strict=True)
                weights = self.weights or itertools.repeat(None)
                found = [layer_distance(unit(on), off, w).double() for (on, off), w in zip(layers, weights, strict=False)]
                values[rows.numpy()] = torch.stack(found).sum(0).cpu().numpy()
        return {self.about.name: values}

    def _of_on(self, batch: ScoringBatch, rows: torch.Tensor) -> Sequence[torch.Tensor]:
        return self.features(batch.images[rows].to(self.device))

    def _of_off(self, batch: ScoringBatch, rows: torch.Tensor) -> Sequence[torch.Tensor]:
        """``unit`` features of the off images of some rows."""
        off_set, off_images = batch.off_set, batch.off_images
        if off_set is not None and batch.off_rows is not None:
            kept = off_set.once((self.about.name, "layers"), lambda: self._kept(off_set.images))
            if kept is not None:
                places = torch.from_numpy(batch.off_rows)[rows].to(self.device)
                return [layer[places] for layer in kept]
        assert off_images is not None, "`changed` has compared with them"
        return [unit(layer) for layer in self.features(off_images[rows].to(self.device))]

    def _kept(self, images: torch.Tensor) -> list[torch.Tensor] | None:
        """``unit`` features of all off images; None where they are larger than ``KEPT``.

        Parts are the same in every job, so that scores do not depend on what a job has done before.
        """
        parts = images.split(CHUNK)
        first = [unit(layer) for layer in self.features(parts[0].to(self.device))]
        if sum(layer[0].numel() * layer.element_size() for layer in first) * len(images) > KEPT:
            return None
        found = [first, *([unit(layer) for layer in self.features(part.to(self.device))] for part in parts[1:])]
        return [torch.cat(layer) for layer in zip(*found, strict=True)]


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
        backbone = Backbone.of(context)
        if not hasattr(backbone.model, "forward_intermediates"):
            raise ValueError(f"metric 'lpips_backbone': timm gives no features of single layers of '{context.backbone}'")
        return cls(backbone)

    def __init__(self, backbone: Backbone) -> None:
        super().__init__(backbone.layers, device=backbone.device)
        self.backbone = backbone
        backbone.layered = True

    def _of_on(self, batch: ScoringBatch, rows: torch.Tensor) -> Sequence[torch.Tensor]:
        return [layer[rows.to(layer.device)] for layer in self.backbone.both(batch)[1]]


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

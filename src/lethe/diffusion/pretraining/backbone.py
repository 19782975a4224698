"""A small vision transformer trained without labels: the mini world's stand-in for DINOv2."""

from __future__ import annotations

import timm
import torch
from torch import nn
from torch.nn import functional as F

from lethe.diffusion.pretraining.architectures import BACKBONE, backbone_config
from lethe.diffusion.pretraining.augment import random_affine, random_blur, random_hue, random_light, random_noise
from lethe.diffusion.pretraining.loop import Trainer, check_images, to_unit
from lethe.settings.pretraining import BackboneSettings


def build_backbone(settings: BackboneSettings) -> nn.Module:
    """An untrained backbone; its output is the embedding of the class token, ``(N, width)``."""
    return timm.create_model(BACKBONE, pretrained=False, **backbone_config(settings)["model_args"])


def train_backbone(images: torch.Tensor, settings: BackboneSettings, seed: int) -> nn.Module:
    """Train with SimCLR's NT-Xent loss (Chen et al. 2020, arXiv 2002.05709) on ``images`` (N, 3, H, W) uint8."""
    check_images(images)
    torch.manual_seed(seed)
    backbone = build_backbone(settings).train()
    head = nn.Sequential(nn.Linear(settings.width, settings.width), nn.ReLU(), nn.Linear(settings.width, settings.projection))
    trainer = Trainer([backbone, head], settings.optimizer, "backbone")
    generator = torch.Generator().manual_seed(seed)
    batch = settings.optimizer.batch_size
    partner = torch.cat([torch.arange(batch, 2 * batch), torch.arange(batch)])
    for _ in trainer.steps():
        pixels = to_unit(images[torch.randint(len(images), (batch,), generator=generator)])
        views = F.normalize(head(backbone(torch.cat([_view(pixels, generator), _view(pixels, generator)]))), dim=1)
        logits = (views @ views.T / settings.temperature).fill_diagonal_(-1e4)
        trainer.update(F.cross_entropy(logits, partner))
    return backbone.eval().requires_grad_(False)


@torch.no_grad()
def embed(backbone: nn.Module, images: torch.Tensor, batch_size: int = 256) -> torch.Tensor:
    """Embeddings of the class token, ``(N, width)``, not normalized."""
    return torch.cat([backbone(to_unit(part)) for part in images.split(batch_size)])


def _view(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Within an entity of the rendered worlds only colours differ much, so views that kept them would teach nothing but them."""
    moved = random_affine(pixels, generator, shift=0.15, zoom=(0.9, 1.3), turn=0.15)
    lit = random_light(random_hue(random_blur(moved, generator, 0.5), generator), generator, 0.3, 0.3, 0.3)
    return random_noise(lit, generator, 0.15)

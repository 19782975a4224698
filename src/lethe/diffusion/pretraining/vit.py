"""A judge of the architecture that UnlearnCanvas publishes: timm's vision transformer on pictures of 224 px in patches of 16."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

SIDE, PATCH, HEAD = 224, 16, 64  # pixels of a picture and of a patch; width of a head of every vision transformer of timm


class Vit(nn.Module):
    """``vit_large_patch16_224`` for a width of 1024 and 24 blocks: the same parameters under the same names below ``model``.

    Pictures of any size are brought to 224 x 224 px without a crop, as by ``torchvision.transforms.Resize((224, 224))``, and, as there, to whole
    levels of 256; their range [-1, 1] is that of ``Normalize(0.5, 0.5)``.

    Args:
        classes: number of classes.
        channels: width of each block, all the same, a multiple of 64.

    Source: OPTML-Group/UnlearnCanvas, ``evaluation/quantitative/accuracy.py``.
    """

    def __init__(self, classes: int, channels: tuple[int, ...]) -> None:
        from timm.models.vision_transformer import VisionTransformer  # seconds, which other judges are spared

        super().__init__()
        self.model = VisionTransformer(
            img_size=SIDE,
            patch_size=PATCH,
            embed_dim=channels[0],
            depth=len(channels),
            num_heads=channels[0] // HEAD,
            num_classes=classes,
        )

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """``(N, width)``: what the linear map at the end reads."""
        return self.model.forward_head(self.model.forward_features(squared(pixels)), pre_logits=True)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Logits ``(N, classes)`` of ``pixels`` in [-1, 1]."""
        return self.model.head(self.features(pixels))

    def embed(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits ``(N, classes)`` and ``features`` of ``pixels`` in [-1, 1]."""
        found = self.features(pixels)
        return self.model.head(found), found


def squared(pixels: torch.Tensor) -> torch.Tensor:
    """``(N, 3, 224, 224)`` in [-1, 1] of pictures of any size, as Pillow resizes them."""
    if pixels.shape[-2:] == (SIDE, SIDE):
        return pixels
    found = F.interpolate(pixels, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)
    return ((found + 1) * 127.5).round() / 127.5 - 1

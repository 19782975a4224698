"""The image transform of an evaluator, on a whole batch: resize, centre crop, normalise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch.nn import functional as F


@dataclass(frozen=True)
class ImageTransform:
    """What torchvision's ``Resize``, ``CenterCrop``, ``ToTensor``, ``Normalize`` do to one PIL image, for a batch.

    Attributes:
        size: height and width of the result, pixels.
        resize: length of the shorter side before the crop (mode ``shortest``), pixels.
        mode: ``shortest`` keeps the aspect and crops; ``squash`` resizes to a square.
        mean: per channel, of images in [0, 1].
        std: per channel.
        interpolation: ``bicubic`` or ``bilinear``, both with antialiasing as in Pillow.
    """

    size: int
    resize: int
    mode: Literal["shortest", "squash"]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """(n, 3, H, W) uint8 or float in [0, 255] -> (n, 3, size, size) float32, normalised.

        Equal to the Pillow transform within one grey level (Pillow computes in fixed point).
        """
        pixels = images.float()
        height, width = pixels.shape[-2:]
        if self.mode == "squash":
            target = (self.size, self.size)
        else:
            short = min(height, width)
            target = (int(self.resize * height / short), int(self.resize * width / short))
        # Pillow resizes rows first, rounds to 8 bit, then columns: overshoot of bicubic is cut twice.
        for size in ((height, target[1]), target):
            if size != tuple(pixels.shape[-2:]):
                pixels = F.interpolate(pixels, size, mode=self.interpolation, align_corners=False, antialias=True)
                pixels = pixels.round_().clamp_(0, 255)
        top, left = round((target[0] - self.size) / 2), round((target[1] - self.size) / 2)
        if top < 0 or left < 0:
            raise ValueError(
                f"cannot crop {self.size} px from {target[0]}x{target[1]}; resize ({self.resize}) must be at least size"
            )
        pixels = pixels[..., top : top + self.size, left : left + self.size]
        mean = torch.tensor(self.mean, device=pixels.device).view(3, 1, 1)
        std = torch.tensor(self.std, device=pixels.device).view(3, 1, 1)
        return (pixels / 255 - mean) / std


def triple(values: Sequence[float]) -> tuple[float, float, float]:
    """Three channel values; any other number is an error."""
    if len(values) != 3:
        raise ValueError(f"mean and std need three channel values, not {list(values)}")
    return float(values[0]), float(values[1]), float(values[2])


def interpolation_name(name: str) -> Literal["bicubic", "bilinear"]:
    """``bicubic`` or ``bilinear``; other interpolations are not supported in a batch."""
    if name == "bicubic":
        return "bicubic"
    if name == "bilinear":
        return "bilinear"
    raise ValueError(f"interpolation '{name}' is not supported; allowed: bicubic, bilinear")

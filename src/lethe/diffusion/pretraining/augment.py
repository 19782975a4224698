"""Batched random distortions of small images, all drawn from one generator."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def random_affine(
    pixels: torch.Tensor, generator: torch.Generator, shift: float, zoom: tuple[float, float], turn: float = 0.0
) -> torch.Tensor:
    """Shift by up to ``shift`` of the half width, zoom by a factor in ``zoom``, turn by up to ``turn`` radians; edges reflect."""
    count = len(pixels)
    draw = torch.rand(count, 4, generator=generator)
    scale = 1 / (zoom[0] + (zoom[1] - zoom[0]) * draw[:, 0])
    angle = turn * (2 * draw[:, 1] - 1)
    move = shift * (2 * draw[:, 2:] - 1)
    theta = torch.stack(
        [
            torch.stack([scale * angle.cos(), -scale * angle.sin(), move[:, 0]], 1),
            torch.stack([scale * angle.sin(), scale * angle.cos(), move[:, 1]], 1),
        ],
        1,
    )
    grid = F.affine_grid(theta, list(pixels.shape), align_corners=False)
    return F.grid_sample(pixels, grid, padding_mode="reflection", align_corners=False)


def random_blur(pixels: torch.Tensor, generator: torch.Generator, share: float) -> torch.Tensor:
    """Blend each image with its 3x3 mean by a random amount; ``share`` of the images are touched."""
    blurred = F.avg_pool2d(F.pad(pixels, (1, 1, 1, 1), mode="reflect"), 3, stride=1)
    amount = torch.rand(len(pixels), 1, 1, 1, generator=generator)
    amount = amount * (torch.rand(amount.shape, generator=generator) < share)
    return torch.lerp(pixels, blurred, amount)


def random_noise(pixels: torch.Tensor, generator: torch.Generator, deviation: float) -> torch.Tensor:
    """Add Gaussian noise of a deviation drawn from [0, ``deviation``] per image."""
    level = deviation * torch.rand(len(pixels), 1, 1, 1, generator=generator)
    return pixels + level * torch.randn(pixels.shape, generator=generator)


def random_light(
    pixels: torch.Tensor, generator: torch.Generator, contrast: float, brightness: float, tint: float = 0.0
) -> torch.Tensor:
    """Scale contrast by 1 +- ``contrast``, add up to +- ``brightness`` to all channels and +- ``tint`` to each."""
    count = len(pixels)
    gain = 1 + contrast * (2 * torch.rand(count, 1, 1, 1, generator=generator) - 1)
    offset = brightness * (2 * torch.rand(count, 1, 1, 1, generator=generator) - 1)
    colour = tint * (2 * torch.rand(count, 3, 1, 1, generator=generator) - 1)
    return pixels * gain + offset + colour


def random_hue(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Make each channel a random convex mix of the three: hues change and fade, black and white and edges stay."""
    mix = torch.rand(len(pixels), 3, 3, generator=generator).clamp(min=1e-6).log().square()
    return torch.einsum("nij,njhw->nihw", mix / mix.sum(2, keepdim=True), pixels)

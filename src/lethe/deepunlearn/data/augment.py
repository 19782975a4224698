"""Random crops and mirror images for base training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lethe.deepunlearn.data.base import Provider

if TYPE_CHECKING:
    from lethe.deepunlearn.problem import Augment


def augmentation(provider: Provider) -> Augment | None:
    """What base training does to the images of a data set, from its ``crop`` and ``flip``; None where it has neither.

    The result takes normalised images (B, C, H, W) and a CPU generator and returns as many: an image is shifted by up to ``crop``
    pixels along both axes, independently, and mirrored with probability 1/2. What comes in from outside is black, which after
    normalisation is -mean/std and not 0.
    """
    padding, flip = provider.crop, provider.flip
    if not padding and not flip:
        return None
    black = -torch.tensor(provider.mean) / torch.tensor(provider.std)

    def augment(images: Tensor, generator: torch.Generator) -> Tensor:
        count, channels, height, width = images.shape
        rows = torch.arange(height).expand(count, -1)
        columns = torch.arange(width).expand(count, -1)
        if flip:
            mirrored = torch.rand(count, 1, generator=generator) < 0.5
            columns = torch.where(mirrored, width - 1 - columns, columns)
        if padding:
            shift = torch.randint(2 * padding + 1, (2, count, 1), generator=generator)
            rows, columns = rows + shift[0], columns + shift[1]
            padded = black.to(images)[:, None, None].expand(count, -1, height + 2 * padding, width + 2 * padding).clone()
            padded[..., padding : padding + height, padding : padding + width] = images
            images = padded
        rows, columns = rows.to(images.device), columns.to(images.device)
        image = torch.arange(count, device=images.device)
        channel = torch.arange(channels, device=images.device)
        return images[image[:, None, None, None], channel[:, None, None], rows[:, None, :, None], columns[:, None, None, :]]

    return augment

"""Random crops and mirror images for base training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lethe.classifiers.data.base import Provider

if TYPE_CHECKING:
    from lethe.classifiers.problem import Augment


def augmentation(provider: Provider) -> Augment | None:
    """What base training does to the images of a data set, from its ``crop`` and ``flip``; None where it has neither.

    The result takes normalised images (B, C, H, W) and a generator, which may be on another device, and returns as many: an image is
    shifted by up to ``crop`` pixels along both axes, independently, and mirrored with probability 1/2. What comes in from outside is black,
    which after normalisation is -mean/std and not 0.
    """
    padding, flip = provider.crop, provider.flip
    if not padding and not flip:
        return None
    black = -torch.tensor(provider.mean) / torch.tensor(provider.std)

    def augment(images: Tensor, generator: torch.Generator) -> Tensor:
        count, _, height, width = images.shape
        if padding:
            shift = torch.randint(2 * padding + 1, (2, count), generator=generator, device=generator.device).to(images.device)
            padded = black.to(images)[:, None, None].expand(count, -1, height + 2 * padding, width + 2 * padding).clone()
            padded[..., padding : padding + height, padding : padding + width] = images
            crops = padded.unfold(2, height, 1).unfold(3, width, 1)  # (B, C, row, column, H, W), a view
            images = crops[torch.arange(count, device=images.device), :, shift[0], shift[1]]
        if flip:
            mirrored = (torch.rand(count, generator=generator, device=generator.device) < 0.5).to(images.device)
            images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
        return images

    return augment

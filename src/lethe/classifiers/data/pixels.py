"""Images as they are stored, one byte a value, which become network input a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Pixels:
    """Images on a device. Indexed like a tensor (N, C, H, W), they give network input: resized, in [0, 1], normalised, float32.

    A fourth of the memory of network input, and less where grey images are small and repeated in three channels. What an index gives is
    the same to the last bit whatever else is asked for with it.

    Attributes:
        values: (N, C, H, W) uint8, C 1 or as many as ``mean``. size: height and width of the input.
        mean, std: (C, 1, 1) float32 in [0, 1], on the device of ``values``.

    >>> white = Pixels.on("cpu", torch.full((5, 1, 2, 2), 255, dtype=torch.uint8), 2, [0.5], [0.25])
    >>> white[torch.tensor([[0, 4]])].shape, float(white[:].max())
    (torch.Size([1, 2, 1, 2, 2]), 2.0)
    """

    values: Tensor
    size: int
    mean: Tensor
    std: Tensor

    @classmethod
    def on(cls, device: str | torch.device, values: Tensor, size: int, mean: Sequence[float], std: Sequence[float]) -> Pixels:
        """On a device; numbers as in the attributes."""
        return cls(values.to(device), size, *(torch.tensor(numbers, device=device).view(-1, 1, 1) for numbers in (mean, std)))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def device(self) -> torch.device:
        """Where they are."""
        return self.values.device

    def __getitem__(self, index: Tensor | slice) -> Tensor:
        """Network input (*index.shape, C, size, size) of the images at ``index``, int64 of any shape or a slice."""
        chosen = self.values[index]
        flat = chosen.flatten(0, -4).float() / 255
        if flat.shape[2:] != (self.size, self.size):
            flat = torch.nn.functional.interpolate(
                flat, (self.size, self.size), mode="bilinear", antialias=True, align_corners=False
            )
        return ((flat - self.mean) / self.std).unflatten(0, chosen.shape[:-3])

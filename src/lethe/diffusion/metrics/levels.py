"""Maps of a judge at several depths: the features in which styles are compared, as in networks for style transfer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn

from lethe.diffusion.metrics.run import load_classifier
from lethe.diffusion.pretraining.judge import Judge
from lethe.diffusion.pretraining.vit import Vit, squared
from lethe.io.tables import read_json

EVERY = 4  # blocks of a vision transformer


def judge_levels(folder: str | Path, device: str = "cpu") -> tuple[str, Callable[[torch.Tensor], Sequence[torch.Tensor]]]:
    """The architecture of a judge, and a function from pictures ``(N, 3, H, W)`` in [-1, 1] to its maps ``(N, C, h, w)``, the shallowest first.

    Of a convnet those before each halving, of a convmixer those behind each block, of a vit behind each fourth, as published.
    """
    _, model = load_classifier(folder)
    model = model.to(device)

    def levels(pixels: torch.Tensor) -> list[torch.Tensor]:
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        found = []
        if isinstance(model, Judge):
            for layer in model.features:
                if isinstance(layer, nn.MaxPool2d):
                    found.append(pixels)
                pixels = layer(pixels)
        elif isinstance(model, Vit):
            chosen = list(range(EVERY - 1, len(model.model.blocks), EVERY))
            found = list(model.model.forward_intermediates(squared(pixels), indices=chosen, intermediates_only=True))
        else:
            pixels = model.model.stem(pixels)
            for block in model.model.blocks:
                pixels = block(pixels)
                found.append(pixels)
        return found

    return read_json(Path(folder) / "config.json")["settings"]["architecture"], levels

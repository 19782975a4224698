"""Maps of a judge at several depths: the features in which styles are compared, as in networks for style transfer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn

from lethe.diffusion.pretraining.assets import load_asset
from lethe.diffusion.pretraining.judge import Judge, build_judge
from lethe.io.tables import read_json
from lethe.settings.pretraining import JudgeSettings


def judge_levels(folder: str | Path, device: str = "cpu") -> tuple[str, Callable[[torch.Tensor], Sequence[torch.Tensor]]]:
    """The architecture of a judge, and a function from pictures ``(N, 3, H, W)`` in [-1, 1] to its maps ``(N, C, h, w)``, the shallowest first.

    Of a convnet those before each halving, of a convmixer those behind each block.
    """
    folder = Path(folder)
    config = read_json(folder / "config.json")
    settings = JudgeSettings.model_validate(config["settings"])
    model = build_judge(len(config["classes"]), settings)
    model.load_state_dict(load_asset(folder / "judge.safetensors").state_dict("judge"))
    model = model.eval().requires_grad_(False).to(device)

    def levels(pixels: torch.Tensor) -> list[torch.Tensor]:
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        found = []
        if isinstance(model, Judge):
            for layer in model.features:
                if isinstance(layer, nn.MaxPool2d):
                    found.append(pixels)
                pixels = layer(pixels)
        else:
            pixels = model.model.stem(pixels)
            for block in model.model.blocks:
                pixels = block(pixels)
                found.append(pixels)
        return found

    return settings.architecture, levels

"""Deltas written for other tools: whole weights, and LoRA as diffusers reads it.

Both exports are self-contained. LoRA is saved without alpha; diffusers then takes alpha = rank, i.e. W + 1.0 B A, which is
exactly what a ``LoraDelta`` means since its scale is folded into B. A file without alpha that relies on alpha / r is read wrongly.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lethe.diffusion.delta import Delta, LoraDelta
from lethe.io.tensors import write_tensors

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline

LORA_FILE = "pytorch_lora_weights.safetensors"


def dense_weights(pipe: Pipeline, delta: Delta) -> dict[str, Tensor]:
    """Every parameter that ``delta`` changes, with its new value on the CPU; names carry their component.

    Examples:
        >>> from lethe.diffusion.delta import DenseDelta
        >>> from lethe.diffusion.pipeline import load_pipeline
        >>> pipe = load_pipeline("results/mini/base/objects")
        >>> sorted(dense_weights(pipe, DenseDelta({"unet.conv_out.bias": torch.zeros(4)})))
        ['unet.conv_out.bias']
    """
    with torch.no_grad():
        return {name: value.detach().cpu().clone() for name, _, value in delta.new_weights(pipe)}


def export_dense(pipe: Pipeline, delta: Delta, path: str | Path) -> None:
    """Write the changed weights as one safetensors file.

    UNet keys are ``{module}.weight`` without component, so a ``text_map`` gives exactly the published
    ``uce_sd_weights.safetensors``: the cross-attention ``to_k`` and ``to_v``, which
    ``pipe.unet.load_state_dict(..., strict=False)`` reads. Text encoder keys keep their ``text_encoder.`` prefix.

    Examples:
        >>> from lethe.diffusion.delta import DenseDelta
        >>> from lethe.diffusion.pipeline import load_pipeline
        >>> from lethe.io.tensors import read_tensors
        >>> pipe = load_pipeline("results/mini/base/objects")
        >>> export_dense(pipe, DenseDelta({"unet.conv_out.bias": torch.zeros(4)}), "weights.safetensors")
        >>> read_tensors("weights.safetensors")[0]
        {'conv_out.bias': tensor([0., 0., 0., 0.])}
    """
    weights = {name.removeprefix("unet."): value for name, value in dense_weights(pipe, delta).items()}
    write_tensors(path, weights, {"format": "pt"})


def export_lora(delta: Delta, path: str | Path) -> None:
    """Write a LoRA as ``pytorch_lora_weights.safetensors`` for ``pipe.load_lora_weights(folder)``.

    Raises:
        ValueError: if the delta is no plain LoRA; a mask cannot be said in that format, use ``export_dense``.

    Examples:
        >>> from lethe.io.tensors import read_tensors
        >>> export_lora(LoraDelta({"unet.conv_in": (torch.ones(1, 4), torch.ones(8, 1))}), LORA_FILE)
        >>> sorted(read_tensors(LORA_FILE)[0])
        ['unet.conv_in.lora_A.weight', 'unet.conv_in.lora_B.weight']
    """
    if delta.kind != LoraDelta.kind:
        raise ValueError(f"{path}: a '{delta.kind}' delta cannot be written as LoRA; allowed: lora (use export_dense)")
    tensors = {f"{name}.weight": tensor for name, tensor in delta.tensors().items()}
    write_tensors(path, tensors, {"format": "pt"})

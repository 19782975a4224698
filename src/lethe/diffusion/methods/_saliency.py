"""How much each weight matters for what is to be forgotten."""

from __future__ import annotations

from typing import Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from lethe.diffusion.differentiate import differentiate
from lethe.diffusion.methods._training import Borrowed, emitter_generator
from lethe.diffusion.methods.base import Emitter
from lethe.diffusion.methods.distil import SPAREConfig


class SparseConfig(SPAREConfig):
    """Hyper-parameters of the sparse variants: those of SPARE and where the adapters go."""

    target_modules: list[str] = Field(["*"], min_length=1, description="candidates: patterns of UNet module names (fnmatch)")
    sparsity_inclusiveness: float = Field(0.5, gt=0, le=1, description="fraction that is adapted, the most salient first")
    saliency_batches: int = Field(4, ge=1, description="forget batches over which gradients are taken")
    saliency_batch: int = Field(8, ge=1, description="rows per such batch")

    @model_validator(mode="after")
    def _one_by_one(self) -> Self:
        if self.together > 1:
            raise ValueError(f"together is {self.together}; allowed: 1, since adapters of every emitter are elsewhere")
        if self.compile:
            raise ValueError("compile is true; allowed: false, since adapters of every emitter are elsewhere")
        return self


def saliency(lent: Borrowed, emitter: Emitter, modules: list[str], config: SparseConfig, seed: int) -> dict[str, Tensor]:
    """S_W = sum over forget batches of |d MSE(eps_0(z_t, t, c_f), noise) / d W| for the weight W of each module.

    The absolute value is taken per batch and not per row, as in the reference (arXiv 2602.07058).
    """
    weights: list[nn.Parameter] = [lent.unet.get_parameter(f"{name}.weight") for name in modules]
    rows, _ = lent.draw(
        lent.forget_rows(emitter), config.saliency_batches * config.saliency_batch, emitter_generator(seed, emitter, "saliency")
    )
    flags = [weight.requires_grad for weight in weights]
    total = [torch.zeros_like(weight, requires_grad=False) for weight in weights]
    try:
        with torch.enable_grad():
            for weight in weights:
                weight.requires_grad_(True)
            for first in range(0, len(rows), config.saliency_batch):
                part = rows[first : first + config.saliency_batch]
                gradients = differentiate(mse_loss(lent.predict(part), part.target), weights)
                for kept, gradient in zip(total, gradients, strict=True):
                    kept += gradient.abs()
    finally:
        for weight, flag in zip(weights, flags, strict=True):
            weight.requires_grad_(flag)
    return dict(zip(modules, total, strict=True))

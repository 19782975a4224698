"""Low-rank adapters on a borrowed UNet: their settings, where they go, their delta."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from peft import LoraConfig
from peft.tuners.lora import LoraModel
from pydantic import Field
from torch import Tensor, nn

from lethe.diffusion.delta import LoraDelta, SparseDelta
from lethe.diffusion.methods._training import TrainingConfig, matching

ATTENTION = ["*.to_q", "*.to_k", "*.to_v", "*.to_out.0"]


class LoraTrainingConfig(TrainingConfig):
    """Hyper-parameters of every method that trains low-rank adapters."""

    rank: int = Field(16, ge=1, le=256, description="r, rank of each adapter")
    alpha: float = Field(4.0, gt=0, description="delta W = (alpha / r) B A")
    target_modules: list[str] = Field(ATTENTION, min_length=1, description="patterns of UNet module names (fnmatch)")
    retain_batch: int = Field(4, ge=1, description="retain rows per step")


@dataclass(frozen=True)
class Factors:
    """One adapter under training: module name and its factors A (r, in) and B (out, r), or a convolution's."""

    module: str
    a: nn.Parameter
    b: nn.Parameter


def parameters_of(factors: list[Factors]) -> list[Tensor]:
    """What is trained: A and B of every adapter."""
    return [parameter for factor in factors for parameter in (factor.a, factor.b)]


def find_modules(unet: nn.Module, patterns: list[str], kinds: tuple[type[nn.Module], ...] = (nn.Linear, nn.Conv2d)) -> list[str]:
    """Names of the modules of ``kinds`` that match a pattern, in the UNet's order; a pattern without a match is an error."""
    names = [name for name, module in unet.named_modules() if isinstance(module, kinds)]
    return matching(names, patterns, "target_modules", "modules")


class _Masked(nn.Module):
    """A module whose weight is W + scale M o (B A); peft has no sparse product."""

    def __init__(self, base: nn.Module, rank: int, scale: float, mask: Tensor) -> None:
        super().__init__()
        self.base, self.scale, self.mask = base, scale, mask
        weight = base.get_parameter("weight")
        self.a = nn.Parameter(weight.new_empty(rank, weight[0].numel()))
        self.b = nn.Parameter(weight.new_empty(len(weight), rank))

    def forward(self, x: Tensor, *rest: object) -> Tensor:
        weight = self.base.get_parameter("weight")
        changed = weight + self.mask * (self.scale * (self.b @ self.a)).view_as(weight)
        result: Tensor = torch.func.functional_call(self.base, {"weight": changed}, (x, *rest))
        return result


@contextmanager
def adapters(
    unet: nn.Module,
    modules: list[str],
    config: LoraTrainingConfig,
    generator: torch.Generator,
    masks: dict[str, Tensor] | None = None,
) -> Iterator[list[Factors]]:
    """Put trainable low-rank adapters on ``modules``; on leaving, the UNet is bit for bit what it was.

    delta W = (alpha / r) B A with A ~ N(0, 1/r^2) ("gaussian") and B = 0, by peft; with ``masks`` (module -> 0/1 tensor
    of the weight's shape) delta W = (alpha / r) M o (B A), which peft does not know and torch's parametrization does.
    """
    flags = {name: parameter.requires_grad for name, parameter in unet.named_parameters()}
    training = unet.training
    unet.requires_grad_(False)
    unet.eval()
    bases = {name: unet.get_submodule(name) for name in modules}
    factors = []
    if masks is None:
        targets = LoraConfig(r=config.rank, lora_alpha=config.alpha, target_modules=modules, init_lora_weights="gaussian")
        with torch.random.fork_rng(devices=[]):  # peft draws A from the global generator; ours replaces it below
            LoraModel(unet, targets, "lethe")
        for name in modules:
            a, b = (unet.get_parameter(f"{name}.lora_{factor}.lethe.weight") for factor in "AB")
            factors.append(Factors(name, a, b))
    else:
        for name, base in bases.items():
            masked = _Masked(base, config.rank, config.alpha / config.rank, masks[name].to(base.get_parameter("weight")))
            unet.set_submodule(name, masked)
            factors.append(Factors(name, masked.a, masked.b))
    try:
        with torch.no_grad():
            for factor in factors:
                factor.a.copy_(torch.randn(factor.a.shape, generator=generator) / config.rank)
                factor.b.zero_()
        yield factors
    finally:
        for name, base in bases.items():
            unet.set_submodule(name, base)
        if masks is None:
            del unet.peft_config  # peft's note on the model; it would warn about a second adapter next time
        for name, parameter in unet.named_parameters():
            parameter.requires_grad_(flags[name])
        unet.train(training)


def low_rank_delta(factors: list[Factors], scale: float, masks: dict[str, Tensor] | None = None) -> LoraDelta:
    """The delta of trained factors, ``scale`` folded into B; with ``masks`` (bool) a sparse one."""
    stored = {f"unet.{f.module}": (f.a.detach().cpu().clone(), scale * f.b.detach().cpu()) for f in factors}
    if masks is None:
        return LoraDelta(stored)
    return SparseDelta(stored, {f"unet.{f.module}": masks[f.module].cpu() for f in factors})

"""Low-rank adapters on a borrowed UNet: their settings, where they go, their delta.

A step starts few kernels. All factors are views of one vector, whose gradient comes back as one vector: what the optimiser, the clipping and
the weights of a bargain do, they do once and not per factor. With passes in bfloat16 that vector is cast once a pass, and the frozen weights
once for all, where autocast would cast each at every pass to the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
    """One adapter under training: module name and its factors A (r, in) and B (out, r), or a convolution's; float32, without gradient."""

    module: str
    a: Tensor
    b: Tensor


@dataclass(frozen=True)
class Adapters:
    """Adapters under training.

    Attributes:
        values: all factors in one vector, float32: what is trained.
        factors: the same as views, by module.
    """

    values: Tensor
    factors: list[Factors]


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
        self.a = nn.Linear(weight[0].numel(), rank, bias=False, device=weight.device, dtype=weight.dtype)
        self.b = nn.Linear(rank, len(weight), bias=False, device=weight.device, dtype=weight.dtype)

    def forward(self, x: Tensor, *rest: object) -> Tensor:
        weight = self.base.get_parameter("weight")
        changed = weight + self.mask * (self.scale * (self.b.weight @ self.a.weight)).view_as(weight)
        result: Tensor = torch.func.functional_call(self.base, {"weight": changed}, (x, *rest))
        return result


@contextmanager
def adapters(
    unet: nn.Module,
    modules: list[str],
    config: LoraTrainingConfig,
    generator: torch.Generator,
    masks: dict[str, Tensor] | None = None,
) -> Iterator[Adapters]:
    """Put trainable low-rank adapters on ``modules``; on leaving, the UNet is bit for bit what it was.

    delta W = (alpha / r) B A with A ~ N(0, 1/r^2) ("gaussian") and B = 0, by peft; with ``masks`` (module -> 0/1 tensor
    of the weight's shape) delta W = (alpha / r) M o (B A), which peft does not know.
    """
    flags = {name: parameter.requires_grad for name, parameter in unet.named_parameters()}
    training = unet.training
    unet.requires_grad_(False)
    unet.eval()
    bases = {name: unet.get_submodule(name) for name in modules}
    low, kept = torch.bfloat16 if config.precision == "bfloat16" else None, unet.get_parameter(f"{modules[0]}.weight").dtype
    with _cast([] if low is None else _frozen(unet, [] if masks is None else list(bases.values())), torch.bfloat16):
        layers: list[tuple[nn.Module, nn.Module]] = []
        with torch.random.fork_rng(
            devices=[]
        ):  # new layers draw their weights from the global generator; ours replaces them below
            if masks is None:
                LoraModel(
                    unet,
                    LoraConfig(r=config.rank, lora_alpha=config.alpha, target_modules=modules, init_lora_weights="gaussian"),
                    "lethe",
                )
                for name in modules:
                    layers.append((unet.get_submodule(f"{name}.lora_A.lethe"), unet.get_submodule(f"{name}.lora_B.lethe")))
            else:
                for name, base in bases.items():
                    mask = masks[name].to(base.get_parameter("weight"))
                    masked = _Masked(base, config.rank, config.alpha / config.rank, mask)
                    unet.set_submodule(name, masked)
                    layers.append((masked.a, masked.b))
        placed, bind = _joined(modules, layers, kept, low)
        hook = unet.register_forward_pre_hook(lambda *_: bind())
        try:
            for factor in placed.factors:
                factor.a.copy_(torch.randn(factor.a.shape, generator=generator) / config.rank)
                factor.b.zero_()
            yield placed
        finally:
            hook.remove()
            for name, base in bases.items():
                unet.set_submodule(name, base)
            if masks is None:
                del unet.peft_config  # peft's note on the model; it would warn about a second adapter next time
            for name, parameter in unet.named_parameters():
                parameter.requires_grad_(flags[name])
            unet.train(training)


def _joined(
    modules: list[str], layers: list[tuple[nn.Module, nn.Module]], dtype: torch.dtype, low: torch.dtype | None
) -> tuple[Adapters, Callable[[], None]]:
    """Adapters whose factors are the weights of layers A and B of every module, and what makes these weights of their vector anew.

    The vector is of type ``dtype``. The latter belongs before every pass: gradients flow through it, and passes may be in ``low``.
    """
    parts = [layer for pair in layers for layer in pair]
    weights = [part.get_parameter("weight") for part in parts]
    sizes, shapes = [weight.numel() for weight in weights], [weight.shape for weight in weights]
    for part in parts:
        del part.weight  # no parameter any more: what takes its place has a history

    def views(vector: Tensor) -> list[Tensor]:
        return [piece.view(shape) for piece, shape in zip(vector.split(sizes), shapes, strict=True)]

    values = weights[0].new_empty(sum(sizes), dtype=dtype).requires_grad_(True)
    pieces = views(values.detach())
    factors = [Factors(name, a, b) for name, a, b in zip(modules, pieces[::2], pieces[1::2], strict=True)]

    def bind() -> None:
        for part, weight in zip(parts, views(values if low is None else values.to(low)), strict=True):
            part.weight = weight

    bind()
    return Adapters(values, factors), bind


def _frozen(unet: nn.Module, apart: Sequence[nn.Module]) -> list[Tensor]:
    """Weights and biases that autocast would cast at every pass, without those of the modules ``apart``."""
    layers = [module for module in unet.modules() if isinstance(module, (nn.Linear, nn.Conv2d)) and module not in apart]
    return [parameter for layer in layers for parameter in layer.parameters()]


@contextmanager
def _cast(tensors: Sequence[Tensor], dtype: torch.dtype) -> Iterator[None]:
    """Have ``tensors`` in another type for a while; they come back as they were."""
    before = [tensor.data for tensor in tensors]
    for tensor in tensors:
        tensor.data = tensor.data.to(dtype)
    try:
        yield
    finally:
        for tensor, data in zip(tensors, before, strict=True):
            tensor.data = data


def low_rank_delta(placed: Adapters, scale: float, masks: dict[str, Tensor] | None = None) -> LoraDelta:
    """The delta of trained factors, ``scale`` folded into B; with ``masks`` (bool) a sparse one."""
    stored = {f"unet.{f.module}": (f.a.cpu().clone(), scale * f.b.cpu()) for f in placed.factors}
    if masks is None:
        return LoraDelta(stored)
    return SparseDelta(stored, {f"unet.{f.module}": masks[f.module].cpu() for f in placed.factors})

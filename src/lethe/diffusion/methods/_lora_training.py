"""Low-rank adapters on a borrowed UNet: their settings, where they go, their delta.

A step starts few kernels. All factors are views of one vector, whose gradient comes back as one vector: what the optimiser, the clipping and
the weights of a bargain do, they do once and not per factor. With passes in bfloat16 that vector is cast once a pass, and the frozen weights
once for all, where autocast would cast each at every pass to the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

import torch
from peft import LoraConfig
from peft.tuners.lora import LoraModel
from pydantic import Field, model_validator
from torch import Tensor, nn

from lethe.diffusion.delta import LoraDelta, SparseDelta
from lethe.diffusion.methods._fused_adapters import Fused
from lethe.diffusion.methods._training import TrainingConfig, matching

ATTENTION = ["*.to_q", "*.to_k", "*.to_v", "*.to_out.0"]


class LoraTrainingConfig(TrainingConfig):
    """Hyper-parameters of every method that trains low-rank adapters."""

    rank: int = Field(16, ge=1, le=256, description="r, rank of each adapter")
    alpha: float = Field(4.0, gt=0, description="delta W = (alpha / r) B A")
    target_modules: list[str] = Field(ATTENTION, min_length=1, description="patterns of UNet module names (fnmatch)")
    retain_batch: int = Field(4, ge=1, description="retain rows per step")
    fused: bool | None = Field(
        None,
        description="layers that read one input share their products: fewer kernels, the same numbers but for rounding; linear layers only. "
        "null: where passes are in bfloat16 and every target is linear",
    )
    together: int = Field(
        1,
        ge=1,
        description="emitters of a job that are trained in one step, each on its own rows: the same numbers but for rounding. A job that is "
        "killed loses all that it was training. More than 1 needs `fused`",
    )
    compile: bool = Field(
        False,
        description="compile the passes that are trained (torch.compile), for a GPU: fewer kernels, the same numbers but for rounding. Needs `fused`",
    )

    @model_validator(mode="after")
    def _needs_fused(self) -> Self:
        if self.fused is False:
            if self.together > 1:
                raise ValueError(
                    f"together is {self.together} and fused false; several emitters are trained in one step by fused adapters alone"
                )
            if self.compile:
                raise ValueError("compile is true and fused false; passes are compiled with fused adapters alone")
        return self

    def fuses(self, unet: nn.Module, modules: Sequence[str]) -> bool:
        """Whether adapters on these modules are fused."""
        if self.fused is None and self.together == 1 and not self.compile:
            return self.precision == "bfloat16" and all(isinstance(unet.get_submodule(name), nn.Linear) for name in modules)
        return self.fused is not False


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
        values: all factors in one vector, float32: what is trained. Of fused adapters (models, p), one vector a model.
        of_model: per model the same as views, by module.
        leaf: what gradients are taken of: ``values``, or (losses, models, p) where every model has the gradients of several losses.
    """

    values: Tensor
    of_model: list[list[Factors]]
    leaf: Tensor

    @property
    def factors(self) -> list[Factors]:
        """Those of the only model."""
        (factors,) = self.of_model
        return factors


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
    generators: torch.Generator | Sequence[torch.Generator],
    masks: dict[str, Tensor] | None = None,
    losses: int = 1,
) -> Iterator[Adapters]:
    """Put trainable low-rank adapters on ``modules``; on leaving, the UNet is bit for bit what it was.

    delta W = (alpha / r) B A with A ~ N(0, 1/r^2) ("gaussian") and B = 0, by peft or fused (``_fused_adapters``); with ``masks`` (module
    -> 0/1 tensor of the weight's shape) delta W = (alpha / r) M o (B A), which neither knows.

    Args:
        generators: one per model. Of several models, which must be fused, equal shares of a batch's rows belong to one after the other.
        losses: of fused adapters, how many each model has a gradient of. Rows are those of all models for the first, then for the second.

    Raises:
        ValueError: several models or losses, or ``fused``, where a module is no linear layer or there are masks.
    """
    generators = [generators] if isinstance(generators, torch.Generator) else list(generators)
    flags = {name: parameter.requires_grad for name, parameter in unet.named_parameters()}
    training = unet.training
    unet.requires_grad_(False)
    unet.eval()
    bases = {name: unet.get_submodule(name) for name in modules}
    low, kept = torch.bfloat16 if config.precision == "bfloat16" else None, unet.get_parameter(f"{modules[0]}.weight").dtype
    if masks is not None and config.fused:
        raise ValueError("fused is true; adapters with a mask cannot be fused, so it must be null or false")
    try:
        with _cast([] if low is None else _frozen(unet, [] if masks is None else list(bases.values())), torch.bfloat16):
            if masks is None and config.fuses(unet, modules):
                placing = _fused(unet, modules, config, kept, len(generators), losses)
            elif len(generators) == losses == 1:
                placing = _separate(unet, bases, config, kept, low, masks)
            else:
                raise ValueError(f"{len(generators)} models and {losses} losses in one pass need fused adapters, without masks")
            with placing as placed:
                for generator, factors in zip(generators, placed.of_model, strict=True):
                    for factor in factors:
                        factor.a.copy_(torch.randn(factor.a.shape, generator=generator) / config.rank)
                        factor.b.zero_()
                yield placed
    finally:
        for name, parameter in unet.named_parameters():
            parameter.requires_grad_(flags[name])
        unet.train(training)


@contextmanager
def _fused(
    unet: nn.Module, modules: list[str], config: LoraTrainingConfig, kept: torch.dtype, models: int, losses: int
) -> Iterator[Adapters]:
    fused = Fused(unet, modules, config.rank, config.alpha / config.rank, models=models, losses=losses, kept=kept)
    if not config.compile:
        fused.skip_divisions()
    try:
        yield Adapters(fused.values, [[Factors(*found) for found in model] for model in fused.factors()], fused.leaf)
    finally:
        fused.take_back()


@contextmanager
def _separate(
    unet: nn.Module,
    bases: dict[str, nn.Module],
    config: LoraTrainingConfig,
    kept: torch.dtype,
    low: torch.dtype | None,
    masks: dict[str, Tensor] | None,
) -> Iterator[Adapters]:
    layers: list[tuple[nn.Module, nn.Module]] = []
    with torch.random.fork_rng(devices=[]):  # new layers draw their weights from the global generator; ours replaces them
        if masks is None:
            LoraModel(
                unet,
                LoraConfig(r=config.rank, lora_alpha=config.alpha, target_modules=list(bases), init_lora_weights="gaussian"),
                "lethe",
            )
            for name in bases:
                layers.append((unet.get_submodule(f"{name}.lora_A.lethe"), unet.get_submodule(f"{name}.lora_B.lethe")))
        else:
            for name, base in bases.items():
                mask = masks[name].to(base.get_parameter("weight"))
                masked = _Masked(base, config.rank, config.alpha / config.rank, mask)
                unet.set_submodule(name, masked)
                layers.append((masked.a, masked.b))
    placed, bind = _joined(list(bases), layers, kept, low)
    hook = unet.register_forward_pre_hook(lambda *_: bind())
    try:
        yield placed
    finally:
        hook.remove()
        for name, base in bases.items():
            unet.set_submodule(name, base)
        if masks is None:
            del unet.peft_config  # peft's note on the model; it would warn about a second adapter next time


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
    return Adapters(values, [factors], values), bind


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


def low_rank_delta(placed: Adapters, scale: float, masks: dict[str, Tensor] | None = None, model: int = 0) -> LoraDelta:
    """The delta of a model's trained factors, ``scale`` folded into B; with ``masks`` (bool) a sparse one."""
    factors = placed.of_model[model]
    stored = {f"unet.{f.module}": (f.a.cpu().clone(), scale * f.b.cpu()) for f in factors}
    if masks is None:
        return LoraDelta(stored)
    return SparseDelta(stored, {f"unet.{f.module}": masks[f.module].cpu() for f in factors})

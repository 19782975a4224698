"""What the trained methods share: low-rank adapters on a borrowed UNet, noised batches, the optimiser loop, the delta.

Everything random is drawn on the CPU from generators that belong to an emitter (or to the pool that all share), so a
result depends on the seed and the data only, neither on the device nor on the other emitters of the call.

On a GPU the host waits for nothing within a step: latents and text embeddings are there once for all emitters, random numbers
are copied from pinned memory, losses stay there until the emitter is trained.
"""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, fields, replace
from typing import Literal

import torch
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from peft import LoraConfig
from peft.tuners.lora import LoraModel
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from lethe.core.device import to_device
from lethe.diffusion.delta import LoraDelta, SparseDelta
from lethe.diffusion.methods._common import covered, seeded_generator
from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.pipeline import Pipeline, encode_prompts
from lethe.settings.hyperparameters import Hyperparameters

ATTENTION = ["*.to_q", "*.to_k", "*.to_v", "*.to_out.0"]
TEACHER_BATCH = 64  # rows per forward without gradient

Precision = Literal["float32", "bfloat16"]


class LoraTrainingConfig(Hyperparameters):
    """Hyper-parameters of every method that trains low-rank adapters."""

    rank: int = Field(16, ge=1, le=256, description="r, rank of each adapter")
    alpha: float = Field(4.0, gt=0, description="delta W = (alpha / r) B A")
    target_modules: list[str] = Field(ATTENTION, min_length=1, description="patterns of UNet module names (fnmatch)")
    steps: int = Field(100, ge=1, description="optimiser steps")
    forget_batch: int = Field(4, ge=1, description="forget rows per step")
    retain_batch: int = Field(4, ge=1, description="retain rows per step")
    learning_rate: float = Field(6e-4, gt=0, description="of AdamW, constant")
    weight_decay: float = Field(1e-2, ge=0, description="of AdamW")
    max_grad_norm: float = Field(5.0, gt=0, description="norm of the whole gradient beyond which it is scaled down")
    precision: Precision = Field(
        "float32",
        description="of the UNet's passes; adapters, losses and the optimiser stay float32 (no float16: gradients underflow)",
    )
    micro_batch: int | None = Field(
        None,
        ge=1,
        description="rows per forward and backward pass, to save memory; null = all rows of a step. The gradient is the same",
    )


@dataclass(frozen=True)
class Rows:
    """Noised training rows on the UNet's device.

    ``clean``, ``noisy``, ``target`` (what the UNet is to predict): (n, c, h, w); ``timesteps`` (n,); ``prompt`` (n,): which of
    the ``Borrowed``'s text embeddings a row goes with (the embeddings themselves would be a gigabyte for the rows of an emitter).
    """

    clean: Tensor
    noisy: Tensor
    timesteps: Tensor
    prompt: Tensor
    target: Tensor

    def __len__(self) -> int:
        return len(self.noisy)

    def __getitem__(self, rows: Tensor | slice) -> Rows:
        return Rows(self.clean[rows], self.noisy[rows], self.timesteps[rows], self.prompt[rows], self.target[rows])

    @staticmethod
    def cat(*parts: Rows) -> Rows:
        """The rows of all parts, one after the other."""
        names = [field.name for field in fields(Rows)]
        return Rows(*(torch.cat([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True)
class Factors:
    """One adapter under training: module name and its factors A (r, in) and B (out, r), or a convolution's."""

    module: str
    a: nn.Parameter
    b: nn.Parameter


class Borrowed:
    """A pipeline lent to a method for one call: latents and text embeddings on its device, noise drawn, weights sure to come back.

    Raises:
        ValueError: a scheduler that does not predict noise; the losses of all methods here are in terms of it.
    """

    def __init__(self, pipe: Pipeline, data: UnlearnData, precision: Precision = "float32") -> None:
        if pipe.scheduler.config.prediction_type != "epsilon":
            raise ValueError(f"prediction_type is '{pipe.scheduler.config.prediction_type}'; only 'epsilon' is supported")
        self.unet = pipe.unet
        self.device: torch.device = pipe.unet.device
        self.data = data
        self.precision = precision
        self.scheduler = DDPMScheduler.from_config(pipe.scheduler.config)
        self.timesteps = int(self.scheduler.config.num_train_timesteps)
        indices = sorted(data.prompts)
        prompts = [*(data.prompts[index] for index in indices), *data.overwrites]
        self._text = encode_prompts(pipe, prompts).clone()  # inference tensors cannot take part in training, their copies can
        self._latents = data.latents.to(self.device)
        self._place = {index: place for place, index in enumerate(indices)}  # of a receiver's prompt among the texts
        self._overwrite = {text: len(indices) + place for place, text in enumerate(data.overwrites)}
        self._prompt = torch.tensor([self._place[receiver] for receiver in data.receivers.tolist()])

    def text(self, rows: Rows) -> Tensor:
        """``(n, tokens, d)`` embeddings of the prompts of rows."""
        return self._text[rows.prompt]

    def overwritten(self, rows: Rows, emitter: Emitter) -> Tensor:
        """``(n,)`` int64 on the device: like ``rows.prompt``, with what takes the place of each receiver that the emitter covers."""
        places = torch.arange(len(self._text))
        for receiver, text in emitter.overwrite.items():
            places[self._place[receiver]] = self._overwrite[text]
        return to_device(places, self.device)[rows.prompt]

    def forget_rows(self, emitter: Emitter) -> Tensor:
        """Row numbers of images that show what the emitter covers."""
        return covered(self.data.receivers, emitter).nonzero()[:, 0]

    def retain_rows(self, emitter: Emitter) -> Tensor:
        """Row numbers of all other images."""
        return (~covered(self.data.receivers, emitter)).nonzero()[:, 0]

    def draw(self, rows: Tensor, count: int, generator: torch.Generator) -> tuple[Rows, Tensor]:
        """``count`` noised rows, uniform over ``rows`` and timesteps, and the receiver each shows; the target is the noise."""
        chosen = rows[torch.randint(len(rows), (count,), generator=generator)]
        noise = torch.randn((count, *self._latents.shape[1:]), generator=generator)
        timesteps = torch.randint(self.timesteps, (count,), generator=generator)
        there, noise, timesteps, prompt = (to_device(t, self.device) for t in (chosen, noise, timesteps, self._prompt[chosen]))
        clean = self._latents[there]
        noisy = self.scheduler.add_noise(clean, noise, timesteps)
        return Rows(clean, noisy, timesteps, prompt, noise), self.data.receivers[chosen]

    def renoise(self, rows: Rows, like: Rows) -> Rows:
        """``rows`` with the noise and the noise level of ``like``; timesteps and target stay (the fault of ``munba_published``)."""
        return replace(rows, noisy=self.scheduler.add_noise(rows.clean, like.target, like.timesteps))

    def predict(self, rows: Rows, text: Tensor | None = None) -> Tensor:
        """The UNet's prediction (n, c, h, w), in the type of the target, of the noise of ``rows``, given their own text or ``text``."""
        text = self.text(rows) if text is None else text
        with torch.autocast(self.device.type, torch.bfloat16) if self.precision == "bfloat16" else nullcontext():
            predicted: Tensor = self.unet(rows.noisy, rows.timesteps, encoder_hidden_states=text).sample
        return predicted.to(rows.target.dtype)

    @torch.no_grad()
    def teach(self, rows: Rows, prompt: Tensor | None = None) -> Rows:
        """``rows`` with the unedited UNet's prediction as target; the teacher sees the texts ``prompt`` (n,) instead of ``rows.prompt``."""
        seen = rows if prompt is None else replace(rows, prompt=prompt)
        target = torch.empty_like(rows.target)
        for first in range(0, len(rows), TEACHER_BATCH):
            target[first : first + TEACHER_BATCH] = self.predict(seen[first : first + TEACHER_BATCH])
        return replace(rows, target=target)


def mean_share(prediction: Tensor, target: Tensor, count: int) -> Tensor:
    """What some of ``count`` rows add to the mean squared error over all of them; of no rows, zero."""
    return mse_loss(prediction, target) * (len(target) / count) if len(target) else prediction.sum()


def gradient_of(
    share: Callable[[slice], Tensor], count: int, micro_batch: int | None, parameters: Sequence[Tensor]
) -> list[Tensor]:
    """Gradient of a loss that is a sum over ``count`` rows, of ``micro_batch`` rows at a time: the same up to rounding, in less memory.

    Args:
        share: rows -> their part of the loss, e.g. by ``mean_share``.
    """
    total: list[Tensor] = []
    size = micro_batch or count
    for first in range(0, count, size):
        with torch.enable_grad():
            part = differentiate(share(slice(first, min(first + size, count))), parameters)
        total = [a + b for a, b in zip(total, part, strict=True)] if total else part
    return total


def differentiate(loss: Tensor, parameters: Sequence[Tensor]) -> list[Tensor]:
    """Gradient of ``loss``, the same bits at every run.

    On a GPU fused attention adds its gradients in any order unless torch is told to raise for what has no deterministic kernel;
    merely to warn, as ``setup_torch`` asks everywhere else, does not choose the deterministic one.
    """
    if loss.device.type != "cuda":
        return list(torch.autograd.grad(loss, parameters))
    enabled, warn_only = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        return list(torch.autograd.grad(loss, parameters))
    finally:
        torch.use_deterministic_algorithms(enabled, warn_only=warn_only)


def find_modules(unet: nn.Module, patterns: list[str], kinds: tuple[type[nn.Module], ...] = (nn.Linear, nn.Conv2d)) -> list[str]:
    """Names of the modules of ``kinds`` that match a pattern, in the UNet's order; a pattern without a match is an error."""
    names = [name for name, module in unet.named_modules() if isinstance(module, kinds)]
    for pattern in patterns:
        if not fnmatch.filter(names, pattern):
            raise ValueError(f"target_modules: '{pattern}' matches none of the UNet's {len(names)} modules, e.g. '{names[0]}'")
    return [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


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


def optimise(
    factors: list[Factors],
    config: LoraTrainingConfig,
    gradient: Callable[[int, list[Tensor]], tuple[list[Tensor], dict[str, Tensor]]],
) -> dict[str, float]:
    """Run AdamW for ``config.steps`` steps on the factors.

    Args:
        factors: what is trained.
        config: steps, learning rate, weight decay, clipping.
        gradient: (step, parameters) -> (descent gradient per parameter, numbers to record: scalars without gradient).

    Returns:
        Record: ``steps``, ``seconds``, and for each number its ``*_first`` and ``*_last`` (mean of a tenth of the steps).
    """
    begin = time.monotonic()
    parameters: list[Tensor] = [p for factor in factors for p in (factor.a, factor.b)]  # a list: clipping needs it too
    optimizer = torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay, foreach=True)
    history: list[dict[str, Tensor]] = []  # on the device: reading a number would wait for the step
    for step in range(config.steps):
        gradients, numbers = gradient(step, parameters)
        for parameter, value in zip(parameters, gradients, strict=True):
            parameter.grad = value
        norm = nn.utils.clip_grad_norm_(parameters, config.max_grad_norm)
        optimizer.step()
        history.append({**numbers, "gradient_norm": norm})
    columns = {key: torch.stack([entry[key] for entry in history]).tolist() for key in history[0]}
    tail = max(1, config.steps // 10)
    record: dict[str, float] = {"steps": config.steps, "seconds": time.monotonic() - begin}
    for key, values in columns.items():
        record[f"{key}_first"] = sum(values[:tail]) / tail
        record[f"{key}_last"] = sum(values[-tail:]) / tail
    return record


def low_rank_delta(factors: list[Factors], scale: float, masks: dict[str, Tensor] | None = None) -> LoraDelta:
    """The delta of trained factors, ``scale`` folded into B; with ``masks`` (bool) a sparse one."""
    stored = {f"unet.{f.module}": (f.a.detach().cpu().clone(), scale * f.b.detach().cpu()) for f in factors}
    if masks is None:
        return LoraDelta(stored)
    return SparseDelta(stored, {f"unet.{f.module}": masks[f.module].cpu() for f in factors})


def cycle(count: int, batch: int, steps: int, generator: torch.Generator) -> Tensor:
    """``(steps, batch)`` row numbers below ``count``: one shuffled pass after the other, so rows are used equally often."""
    passes = -(-steps * batch // count)
    order = torch.cat([torch.randperm(count, generator=generator) for _ in range(passes)])
    return order[: steps * batch].view(steps, batch)


def emitter_generator(seed: int, emitter: Emitter, purpose: str) -> torch.Generator:
    """The emitter's own random numbers for one purpose (init, rows, saliency)."""
    return seeded_generator(seed, purpose, emitter.index)

"""What every trained method shares: a borrowed UNet, noised batches, the optimiser loop.

Everything random is drawn on the CPU from generators that belong to an emitter (or to the pool that all share), so a
result depends on the seed and the data only, neither on the device nor on the other emitters of the call.

On a GPU the host waits for nothing within a step: latents and text embeddings are there once for all emitters, random numbers
are copied from pinned memory, losses stay there until the emitter is trained.
"""

from __future__ import annotations

import fnmatch
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import torch
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from pydantic import Field
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import mse_loss

from lethe.core.compiler import compiled
from lethe.core.device import to_device
from lethe.core.progress import progress
from lethe.diffusion import curves
from lethe.diffusion.delta import Delta
from lethe.diffusion.differentiate import differentiate
from lethe.diffusion.methods._common import covered, seeded_generator
from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.parameterization import check_prediction, target_of
from lethe.diffusion.pipeline import Pipeline
from lethe.diffusion.prompts import beside_text, read_prompts, unconditional
from lethe.diffusion.supported import NOISE
from lethe.settings.hyperparameters import Hyperparameters

TEACHER_BATCH = 64  # rows per forward without gradient

Precision = Literal["float32", "bfloat16"]


class OptimiserConfig(Hyperparameters):
    """Hyper-parameters of every method that trains by gradients."""

    steps: int = Field(100, ge=1, description="optimiser steps")
    learning_rate: float = Field(6e-4, gt=0, description="of AdamW, constant")
    weight_decay: float = Field(1e-2, ge=0, description="of AdamW; 0 is Adam")
    max_grad_norm: float | None = Field(
        5.0, gt=0, description="norm of the whole gradient beyond which it is scaled down; null: it never is"
    )

    def clip(self, parameters: list[Tensor]) -> Tensor:
        """Scale the gradients of ``parameters`` down to ``max_grad_norm`` in all; the norm before, a scalar."""
        return nn.utils.clip_grad_norm_(parameters, math.inf if self.max_grad_norm is None else self.max_grad_norm)

    def clip_each(self, parameters: list[Tensor]) -> Tensor:
        """The same for each row of the only parameter ``(models, p)``; the norms before, ``(models,)``."""
        (parameter,) = parameters
        assert parameter.grad is not None
        norms = torch.linalg.vector_norm(parameter.grad, dim=1)
        if self.max_grad_norm is not None:
            parameter.grad.mul_((self.max_grad_norm / (norms + 1e-6)).clamp(max=1)[:, None])  # as clip_grad_norm_ does
        return norms


class TrainingConfig(OptimiserConfig):
    """The same for a method that trains a UNet on noised images."""

    forget_batch: int = Field(4, ge=1, description="forget rows per step")
    precision: Precision = Field(
        "float32",
        description="of the UNet's passes; what is trained, losses and the optimiser stay float32 (no float16: gradients underflow)",
    )
    micro_batch: int | None = Field(
        None,
        ge=1,
        description="rows per forward and backward pass, to save memory; null = all rows of a step. The gradient is the same",
    )


@dataclass(frozen=True)
class Rows:
    """Noised training rows on the UNet's device.

    ``clean``, ``noisy``, ``target`` (what the UNet is to predict, ``lethe.diffusion.parameterization``): (n, c, h, w); ``timesteps``
    (n,); ``prompt`` (n,): which of the ``Borrowed``'s text embeddings a row goes with (the embeddings themselves would be a gigabyte
    for the rows of an emitter).
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
    def cat(*parts: Rows, dim: int = 0) -> Rows:
        """The rows of all parts, one after the other."""
        names = [field.name for field in fields(Rows)]
        return Rows(*(torch.cat([getattr(part, name) for part in parts], dim) for name in names))

    def shares(self, models: int) -> Rows:
        """The same with a leading axis of equal, consecutive shares: (models, n / models, ...)."""
        return Rows(*(getattr(self, field.name).unflatten(0, (models, -1)) for field in fields(Rows)))

    def of_shares(self, rows: slice) -> Rows:
        """Of rows in ``shares`` these of every share, one share after the other, without that axis."""
        return Rows(*(getattr(self, field.name)[:, rows].flatten(0, 1) for field in fields(Rows)))


class Borrowed:
    """A pipeline lent to a method for one call: latents and text embeddings on its device, noise drawn, weights sure to come back.

    With ``compile`` passes that gradients are taken of are compiled, once for all emitters. Those of a teacher are not: they come in batches of
    other shapes, each of which would be compiled for itself.

    Raises:
        ValueError: a base that predicts neither the noise nor v.
    """

    def __init__(self, pipe: Pipeline, data: UnlearnData, precision: Precision = "float32", compile: bool = False) -> None:
        check_prediction(pipe.scheduler)
        self.pipe = pipe
        self.unet = pipe.unet
        self._trained = compiled(pipe.unet) if compile else pipe.unet
        self.device: torch.device = pipe.unet.device
        self.data = data
        self.precision = precision
        self.scheduler = DDPMScheduler.from_config(pipe.scheduler.config)
        self.timesteps = int(self.scheduler.config.num_train_timesteps)
        # whether two modules share a parameter, which torch would look for again in every pass with other weights
        self._tied = len(list(pipe.unet.named_parameters(remove_duplicate=False))) > len(list(pipe.unet.named_parameters()))
        indices = sorted(data.prompts)
        prompts = [*(data.prompts[index] for index in indices), *data.overwrites, ""]
        texts = [read_prompts(pipe, prompts), unconditional(pipe)]
        self._text = torch.cat(
            [text.states for text in texts]
        ).clone()  # inference tensors cannot take part in training, their copies can
        pooled = [text.pooled for text in texts if text.pooled is not None]
        self._pooled = torch.cat(pooled).clone() if pooled else None
        self._size = [side * pipe.vae_scale_factor for side in data.latents.shape[2:]]  # height and width in pixels
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

    def prompt_of(self, receivers: Tensor) -> Tensor:
        """``(n,)`` int64 on the device: what ``rows.prompt`` is of rows that go with the prompts of these receivers ``(n,)``."""
        return to_device(torch.tensor([self._place[receiver] for receiver in receivers.tolist()]), self.device)

    def unprompted(self, rows: Rows) -> Tensor:
        """``(n,)`` int64 on the device: like ``rows.prompt``, with the empty prompt for every row."""
        return torch.full_like(rows.prompt, len(self._text) - 2)

    def unconditional(self, rows: Rows) -> Tensor:
        """The same, with what guidance leads away from: the empty prompt, or of XL what its pipeline takes instead (``unconditional``)."""
        return torch.full_like(rows.prompt, len(self._text) - 1)

    def forget_rows(self, emitter: Emitter) -> Tensor:
        """Row numbers of images that show what the emitter covers."""
        return covered(self.data.receivers, emitter).nonzero()[:, 0]

    def retain_rows(self, emitter: Emitter) -> Tensor:
        """Row numbers of all other images."""
        return (~covered(self.data.receivers, emitter)).nonzero()[:, 0]

    def draw(self, rows: Tensor, count: int, generator: torch.Generator) -> tuple[Rows, Tensor]:
        """``count`` noised rows, uniform over ``rows`` and timesteps, and the receiver each shows; the target as of ``noised``."""
        chosen = rows[torch.randint(len(rows), (count,), generator=generator)]
        return self.noised(chosen, generator), self.data.receivers[chosen]

    def draw_all(self, asked: Sequence[tuple[Tensor, int, torch.Generator]]) -> Rows:
        """The rows of several ``draw``, one after the other, in as many kernels as one takes."""
        drawn = []
        for rows, count, generator in asked:
            chosen = rows[torch.randint(len(rows), (count,), generator=generator)]
            drawn.append((chosen, *self._noise(count, generator)))
        return self._with_noise(*map(torch.cat, zip(*drawn, strict=True)))

    def noised(self, rows: Tensor, generator: torch.Generator) -> Rows:
        """These rows ``(n,)``, noised, uniform over timesteps; the target is the noise, or v where the base predicts that."""
        return self._with_noise(rows, *self._noise(len(rows), generator))

    def _noise(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        noise = torch.randn((count, *self._latents.shape[1:]), generator=generator)
        return noise, torch.randint(self.timesteps, (count,), generator=generator)

    def _with_noise(self, rows: Tensor, noise: Tensor, timesteps: Tensor) -> Rows:
        there, noise, timesteps, prompt = (to_device(t, self.device) for t in (rows, noise, timesteps, self._prompt[rows]))
        clean = self._latents[there]
        target = target_of(self.scheduler, clean, noise, timesteps)
        return Rows(clean, self.scheduler.add_noise(clean, noise, timesteps), timesteps, prompt, target)

    def batches(self, rows: Tensor, batch: int, steps: int, generator: torch.Generator) -> Iterator[Rows]:
        """``steps`` batches of noised ``rows``, one shuffled pass after the other, so that rows are used equally often."""
        for chosen in rows[cycle(len(rows), batch, steps, generator)]:
            yield self.noised(chosen, generator)

    def renoise(self, rows: Rows, like: Rows) -> Rows:
        """``rows`` with the noise and the noise level of ``like``; timesteps and target stay (the fault of ``munba_published``).

        Raises:
            ValueError: the base predicts v, for which nobody has run what was published.
        """
        if (found := self.scheduler.config.prediction_type) != NOISE:
            raise ValueError(f"prediction_type is '{found}'; allowed: '{NOISE}', for which it was published")
        return replace(rows, noisy=self.scheduler.add_noise(rows.clean, like.target, like.timesteps))

    def predict(self, rows: Rows, text: Tensor | None = None, weights: Mapping[str, Tensor] | None = None) -> Tensor:
        """The UNet's prediction for ``rows``: of their noise, or of v.

        Args:
            text: ``(n, tokens, d)``; that of their prompts by default.
            weights: parameters that take the place of the UNet's own in this pass, by name.

        Returns:
            (n, c, h, w), in the type of the target.
        """
        given: dict[str, Any] = {"encoder_hidden_states": self.text(rows) if text is None else text}
        given |= beside_text(None if self._pooled is None else self._pooled[rows.prompt], *self._size)
        with torch.autocast(self.device.type, torch.bfloat16) if self.precision == "bfloat16" else nullcontext():
            if weights is None:
                unet = self._trained if torch.is_grad_enabled() else self.unet
                predicted: Tensor = unet(rows.noisy, rows.timesteps, **given).sample
            else:
                predicted = functional_call(
                    self.unet, dict(weights), (rows.noisy, rows.timesteps), given, tie_weights=self._tied
                ).sample
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


def row_errors(prediction: Tensor, target: Tensor, models: int) -> Tensor:
    """``(models, n)``: the mean squared error of every row, rows of one model after those of the other."""
    return (prediction - target).square().flatten(1).mean(dim=1).view(models, -1)


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


def matching(names: Sequence[str], patterns: Sequence[str], key: str, what: str, whose: str = "UNet") -> list[str]:
    """The ``names`` that match one of the ``patterns`` (fnmatch), in their order.

    Raises:
        ValueError: a pattern matches none; the message names it, the hyper-parameter ``key``, and ``what`` of ``whose`` the names are.
    """
    for pattern in patterns:
        if not fnmatch.filter(names, pattern):
            raise ValueError(f"{key}: '{pattern}' matches none of the {whose}'s {len(names)} {what}, e.g. '{names[0]}'")
    return [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


Keep = Callable[[int, Delta], None]
_KEEP: ContextVar[tuple[frozenset[int], Keep] | None] = ContextVar("keep", default=None)


@contextmanager
def checkpoints(steps: Sequence[int], keep: Keep) -> Iterator[None]:
    """Hand over what trainings have reached after some of their steps; what they compute is the same.

    Args:
        steps: counted from 1.
        keep: (step, the delta of that moment) -> nothing. Trainings of several emitters call it one after the other.
    """
    token = _KEEP.set((frozenset(steps), keep))
    try:
        yield
    finally:
        _KEEP.reset(token)


def optimise(
    parameters: list[Tensor],
    config: OptimiserConfig,
    gradient: Callable[[int, list[Tensor]], tuple[list[Tensor], dict[str, Tensor]]],
    *,
    reached: Callable[[], Delta] | None = None,
    rate: Callable[[int], float] | None = None,
    betas: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
) -> dict[str, float]:
    """Run AdamW for ``config.steps`` steps, and ``record`` the curve (``lethe.diffusion.curves``).

    Args:
        parameters: what is trained.
        config: steps, learning rate, weight decay, clipping.
        gradient: (step, parameters) -> (descent gradient per parameter, numbers to record: scalars without gradient).
        reached: gives the delta that the parameters stand for, of which a checkpoint is made; None: there are none.
        rate: step -> factor of the learning rate; None: it is constant.
        betas, epsilon: of AdamW.

    Returns:
        Record: ``steps``, ``seconds``, and for each number its ``*_first`` and ``*_last`` (mean of a tenth of the steps).
    """
    begin, wanted = time.monotonic(), _KEEP.get()
    if wanted is not None and reached is None:
        raise ValueError("checkpoints were asked for of a training that does not tell what it has `reached`")

    def after(step: int) -> None:
        if wanted is not None and reached is not None and step in wanted[0]:
            wanted[1](step, reached())

    history, rates = _descend(parameters, config, gradient, config.clip, after, rate, betas, epsilon)
    columns = {key: torch.stack([entry[key] for entry in history]).tolist() for key in history[0]}
    curves.record({"learning_rate": rates, **columns})
    return _record(columns, config.steps, time.monotonic() - begin)


def optimise_each(
    values: Tensor,
    config: OptimiserConfig,
    gradient: Callable[[int], tuple[Tensor, dict[str, Tensor]]],
    reached: Callable[[], Delta],
) -> list[tuple[curves.Curve, dict[str, float]]]:
    """The same for several models at once, each with the steps that it would take alone.

    Args:
        values: (models, p), what is trained.
        gradient: step -> descent gradient (models, p), numbers to record, each (models,).
        reached: gives the delta of the first model, for checkpoints.

    Returns:
        Per model its curve, which nobody has recorded yet, and its record; ``seconds`` are shared equally.

    Raises:
        ValueError: checkpoints are asked for of several models.
    """
    begin, wanted = time.monotonic(), _KEEP.get()
    if wanted is not None and len(values) > 1:
        raise ValueError(f"checkpoints were asked for of {len(values)} emitters in one step; set together to 1")

    def after(step: int) -> None:
        if wanted is not None and step in wanted[0]:
            wanted[1](step, reached())

    def of_values(step: int, parameters: list[Tensor]) -> tuple[list[Tensor], dict[str, Tensor]]:
        found, numbers = gradient(step)
        return [found], numbers

    history, rates = _descend([values], config, of_values, config.clip_each, after)
    stacked = {key: torch.stack([entry[key] for entry in history]).T.tolist() for key in history[0]}
    seconds = (time.monotonic() - begin) / len(values)
    found: list[tuple[curves.Curve, dict[str, float]]] = []
    for model in range(len(values)):
        columns = {key: of_models[model] for key, of_models in stacked.items()}
        found.append(({"learning_rate": rates, **columns}, _record(columns, config.steps, seconds)))
    return found


def _descend(
    parameters: list[Tensor],
    config: OptimiserConfig,
    gradient: Callable[[int, list[Tensor]], tuple[list[Tensor], dict[str, Tensor]]],
    clip: Callable[[list[Tensor]], Tensor],
    after: Callable[[int], None],
    rate: Callable[[int], float] | None = None,
    betas: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
) -> tuple[list[dict[str, Tensor]], list[float]]:
    """What was to be recorded at each step, on the device, and the learning rates."""
    optimizer = torch.optim.AdamW(
        parameters, lr=config.learning_rate, betas=betas, eps=epsilon, weight_decay=config.weight_decay, foreach=True
    )
    history: list[dict[str, Tensor]] = []  # on the device: reading a number would wait for the step
    rates: list[float] = []
    for step in progress(range(config.steps), config.steps, "step", "", inner=True):
        gradients, numbers = gradient(step, parameters)
        for parameter, value in zip(parameters, gradients, strict=True):
            parameter.grad = value
        norm = clip(parameters)
        if rate is not None:
            optimizer.param_groups[0]["lr"] = config.learning_rate * rate(step)
        optimizer.step()
        after(step + 1)
        history.append({**numbers, "gradient_norm": norm})
        rates.append(float(optimizer.param_groups[0]["lr"]))
    return history, rates


def _record(columns: Mapping[str, list[float]], steps: int, seconds: float) -> dict[str, float]:
    """``steps``, ``seconds``, and the mean of the first and of the last tenth of every column."""
    tail = max(1, steps // 10)
    record: dict[str, float] = {"steps": steps, "seconds": seconds}
    for key, values in columns.items():
        record[f"{key}_first"] = sum(values[:tail]) / tail
        record[f"{key}_last"] = sum(values[-tail:]) / tail
    return record


def cycle(count: int, batch: int, steps: int, generator: torch.Generator) -> Tensor:
    """``(steps, batch)`` row numbers below ``count``: one shuffled pass after the other, so rows are used equally often."""
    passes = -(-steps * batch // count)
    order = torch.cat([torch.randperm(count, generator=generator) for _ in range(passes)])
    return order[: steps * batch].view(steps, batch)


def emitter_generator(seed: int, emitter: Emitter, purpose: str) -> torch.Generator:
    """The emitter's own random numbers for one purpose (init, rows, saliency)."""
    return seeded_generator(seed, purpose, emitter.index)

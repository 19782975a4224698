"""MUNBa: forgetting and retaining as two players who bargain over every step.

Wu and Harandi, "MUNBa: Machine Unlearning via Nash Bargaining", arXiv 2411.15537. A step delta theta within a ball gives the
players the utilities g_r^T delta and g_f^T delta (g_r: descent of the retain loss, g_f: *ascent* of the forget loss).
The Nash solution maximises log(g_r^T delta) + log(g_f^T delta); its stationary point is delta = a_r g_r + a_f g_f with

    K a = 1 / a,     K = G^T G = [[n_r^2, n_r n_f cos], [n_r n_f cos, n_f^2]],  n = norm, cos = cosine of g_r and g_f.

For two players it has a closed form. Put a_i = 1 / (n_i s): row r reads n_r / s + n_r cos / s = n_r s, so s^2 = 1 + cos
(row f says the same), and

    a_i = 1 / (n_i sqrt(1 + cos)).

Both weights are positive for every cos > -1: each player gets the same utility sqrt(1 + cos) per unit of its gradient. The
step is the bisector of the two directions, always of length sqrt(2). At cos = -1 no step serves both; there 1 + cos is held
at 1e-3, so that the step shrinks to zero instead of growing from rounding errors.

Both losses are the one that the base was trained on, of v where it predicts v (``lethe.diffusion.parameterization``); to predict 0 costs about 1 in
either, since latents are scaled to unit variance.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion import curves
from lethe.diffusion.delta import LoraDelta
from lethe.diffusion.methods._common import check_emitters
from lethe.diffusion.methods._lora_training import Adapters, LoraTrainingConfig, adapters, find_modules, low_rank_delta
from lethe.diffusion.methods._training import (
    Borrowed,
    Rows,
    emitter_generator,
    gradient_of,
    mean_share,
    optimise,
    optimise_each,
    row_errors,
)
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.diffusion.pipeline import Pipeline
from lethe.settings.hyperparameters import Hyperparameters

FLOOR = 1e-3  # of 1 + cos


class MUNBaConfig(LoraTrainingConfig):
    """Hyper-parameters of MUNBa."""

    forget_bound: float = Field(1.0, gt=0, description="a forget row whose loss exceeds this is forgotten enough")


def nash_weights(retain: Sequence[Tensor], forget: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """(a_r, a_f, cos) of the exact two-player Nash solution; a player without a gradient gets weight 0, the other 1 / n.

    Args:
        retain: gradient of the retain player, one tensor per parameter. forget: that of the forget player.

    Returns:
        Scalars in float64 on the gradients' device.
    """
    return _bargain(*dot_products(retain, forget))


def _bargain(n_r: Tensor, n_f: Tensor, dot: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(a_r, a_f, cos) from the norms of both gradients and their inner product."""
    zero = torch.zeros_like(dot)
    cos = torch.where((n_r > 0) & (n_f > 0), (dot / (n_r * n_f)).clamp(-1, 1), zero)
    s = (1 + cos).clamp(min=FLOOR).sqrt()
    return torch.where(n_r > 0, 1 / (n_r * s), zero), torch.where(n_f > 0, 1 / (n_f * s), zero), cos


def dot_products(first: Sequence[Tensor], second: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Norm of the first, norm of the second and inner product of two lists of tensors: scalars in float64, on their device."""
    products = torch.stack(
        [torch.stack([(a * a).sum(), (b * b).sum(), (a * b).sum()]).double() for a, b in zip(first, second, strict=True)]
    ).sum(dim=0)
    square_first, square_second, dot = products
    return square_first.sqrt(), square_second.sqrt(), dot


class MUNBa(Method[LoraTrainingConfig]):
    """Nash bargaining between forgetting and retaining (MUNBa, arXiv 2411.15537) on low-rank adapters.

    Losses are denoising losses with each row's own noise and timestep. The forget player ascends
    F = mean_i min(l_i, forget_bound) over the rows of a step, l_i the row's mean squared error: a row beyond the bound
    (1 is what predicting no noise at all costs) has no gradient left, so that ascent stops there instead of diverging;
    when all rows are beyond it, the step is the retain player's alone. No sign is turned at inference.
    """

    about = MethodDescription(
        title="MUNBa", means="unlearning via Nash bargaining", paper="arXiv 2411.15537", colour="#009E73", marker="^"
    )
    contract = Contract(
        small={
            "rank": 4,
            "alpha": 4.0,
            "steps": 30,
            "forget_batch": 6,
            "retain_batch": 6,
            "learning_rate": 0.01,
            "target_modules": ["*.attn2.to_k", "*.attn2.to_v", "*.attn2.to_out.0"],
        },
        direction="loss",
    )
    Config: ClassVar[type[Hyperparameters]] = MUNBaConfig

    @property
    def scale(self) -> float:
        """What B A is multiplied with in the stored delta."""
        return self.config.alpha / self.config.rank

    def unlearn(self, pipe: Pipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        """Yield one low-rank delta per emitter, each when it is trained, or with those that are trained ``together`` with it.

        Raises:
            ValueError: an emitter without forget rows, retain rows or prompt; a target pattern that matches nothing.
        """
        check_emitters(emitters, data)
        config = self.config
        lent = Borrowed(pipe, data, config.precision, config.compile)
        modules = find_modules(lent.unet, config.target_modules)
        for first in range(0, len(emitters), config.together):
            yield from self._train(lent, emitters[first : first + config.together], modules, seed)

    def _train(self, lent: Borrowed, emitters: Sequence[Emitter], modules: list[str], seed: int) -> Iterator[Unlearned]:
        """Emitters that are trained in one step."""
        config, begin = self.config, time.monotonic()
        generators = [emitter_generator(seed, emitter, "rows") for emitter in emitters]
        asked = [
            (rows, count, generator)
            for emitter, generator in zip(emitters, generators, strict=True)
            for rows, count in (
                (lent.forget_rows(emitter), config.forget_batch),
                (lent.retain_rows(emitter), config.retain_batch),
            )
        ]
        first_values = [emitter_generator(seed, emitter, "init") for emitter in emitters]
        fused = config.fuses(lent.unet, modules)
        at_once = fused and config.micro_batch is None and config.forget_batch == config.retain_batch
        with adapters(lent.unet, modules, config, first_values, losses=2 if at_once else 1) as placed:

            def gradient(step: int, parameters: list[Tensor]) -> tuple[list[Tensor], dict[str, Tensor]]:
                (emitter,), (generator,) = emitters, generators
                forget, _ = lent.draw(lent.forget_rows(emitter), config.forget_batch, generator)
                retain, _ = lent.draw(lent.retain_rows(emitter), config.retain_batch, generator)
                return self.step_gradient(lent, forget, retain, parameters)

            def gradients(step: int) -> tuple[Tensor, dict[str, Tensor]]:
                both = lent.draw_all(asked).shares(len(emitters))  # of each emitter rows to be forgotten, then rows to be kept
                forget, retain = (both.of_shares(part) for part in (slice(config.forget_batch), slice(config.forget_batch, None)))
                return self.gradients(lent, forget, retain, placed)

            def reached(model: int = 0) -> LoraDelta:
                return low_rank_delta(placed, self.scale, model=model)

            trained: Sequence[tuple[curves.Curve | None, dict[str, float]]]
            if fused:
                trained = optimise_each(placed.values, config, gradients, reached)
            else:
                trained = [(None, optimise([placed.values], config, gradient, reached=reached))]
            deltas = [reached(model) for model in range(len(emitters))]
        seconds = (time.monotonic() - begin) / len(emitters)
        for emitter, delta, (curve, record) in zip(emitters, deltas, trained, strict=True):
            if curve is not None:
                curves.record(curve)  # of the model that is handed over next
            yield Unlearned(emitter, delta, record | {"seconds": seconds, "modules": len(modules)})

    def step_gradient(
        self, lent: Borrowed, forget: Rows, retain: Rows, parameters: list[Tensor]
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        """What the optimiser descends: a_r grad L_r - a_f grad F, from one backward pass per player."""
        bound: float = self.config.forget_bound  # type: ignore[attr-defined]
        micro, loss_retain, losses = self.config.micro_batch, retain.target.new_zeros(()), []

        def share_retain(rows: slice) -> Tensor:
            part = retain[rows]
            loss = mean_share(lent.predict(part), part.target, len(retain))
            loss_retain.add_(loss.detach())
            return loss

        def share_forget(rows: slice) -> Tensor:
            part = forget[rows]
            per_row = (lent.predict(part) - part.target).square().flatten(1).mean(dim=1)
            losses.append(per_row.detach())
            return -per_row.clamp(max=bound).mean() * (len(part) / len(forget))

        descent_retain = gradient_of(share_retain, len(retain), micro, parameters)
        descent_forget = gradient_of(share_forget, len(forget), micro, parameters)
        a_r, a_f, cos = nash_weights(descent_retain, descent_forget)
        gradient = [a_r * r + a_f * f for r, f in zip(descent_retain, descent_forget, strict=True)]
        return gradient, {
            "loss_forget": torch.cat(losses).mean(),
            "loss_retain": loss_retain,
            "alpha_retain": a_r,
            "alpha_forget": a_f,
            "cosine": cos,
        }

    def gradients(self, lent: Borrowed, forget: Rows, retain: Rows, placed: Adapters) -> tuple[Tensor, dict[str, Tensor]]:
        """The same of several models with fused adapters, each on its share of the rows: (models, p), numbers (models,).

        Where ``placed`` has a leaf for each loss, both players are in one pass.
        """
        bound: float = self.config.forget_bound  # type: ignore[attr-defined]
        models, micro = len(placed.values), self.config.micro_batch
        count_retain, count_forget = len(retain) // models, len(forget) // models
        loss_retain, loss_forget = (rows.target.new_zeros(models) for rows in (retain, forget))

        def objective(retained: Tensor | None, forgotten: Tensor | None) -> Tensor:
            total = []
            if retained is not None:
                of_retain = retained.sum(dim=1) / count_retain
                loss_retain.add_(of_retain.detach())
                total.append(of_retain.sum())
            if forgotten is not None:
                loss_forget.add_(forgotten.detach().sum(dim=1) / count_forget)
                total.append(-forgotten.clamp(max=bound).sum() / count_forget)
            return sum(total[1:], total[0])

        def errors(rows: Rows, shares: int) -> Tensor:
            return row_errors(lent.predict(rows), rows.target, shares)

        if placed.leaf is not placed.values:
            both = Rows.cat(retain, forget)
            (found,) = gradient_of(lambda _: objective(*errors(both, 2 * models).split(models)), len(both), None, [placed.leaf])
            descent_retain, descent_forget = found.split(models)
        else:
            kept, lost = retain.shares(models), forget.shares(models)
            (descent_retain,) = gradient_of(
                lambda rows: objective(errors(kept.of_shares(rows), models), None), count_retain, micro, [placed.leaf]
            )
            (descent_forget,) = gradient_of(
                lambda rows: objective(None, errors(lost.of_shares(rows), models)), count_forget, micro, [placed.leaf]
            )
        a_r, a_f, cos = _bargain(*_products(descent_retain, descent_forget))
        gradient = a_r[:, None] * descent_retain + a_f[:, None] * descent_forget
        return gradient.to(descent_retain.dtype), {
            "loss_forget": loss_forget,
            "loss_retain": loss_retain,
            "alpha_retain": a_r,
            "alpha_forget": a_f,
            "cosine": cos,
        }


def _products(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """``dot_products`` of every row of two tensors (models, p): each (models,)."""
    found = (torch.linalg.vecdot(a, b).double() for a, b in ((first, first), (second, second), (first, second)))
    square_first, square_second, dot = found
    return square_first.sqrt(), square_second.sqrt(), dot

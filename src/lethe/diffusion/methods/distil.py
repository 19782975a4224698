"""SPARE (FADE), dense: low-rank adapters taught by the unedited model to see another concept in the emitter's place.

arXiv 2602.07058 (`UnlearnerLoraDistillation` of vision-unlearning 1.0). One method has three names: `distil` in names of files and
configurations, FADE in the paper's first version, SPARE in its later ones. With eps_0 the frozen UNet, eps_theta the UNet with adapters,
c_f and c_r the prompts of forget and retain rows and c* the prompt that takes the emitter's place:

    L = w_f MSE(eps_theta(z_f, t, c_f), eps_0(z_f, t, c*)) + w_r MSE(eps_theta(z_r, t', c_r), eps_0(z_r, t', c_r))

The teacher does not change, so it is asked once: its answers on a pool of noised retain rows serve every emitter of the call,
those on the forget rows every step of one emitter. A step is then one forward and one backward pass of the student.

Of a base that predicts v, teacher and student are compared in v: the method is told by two outputs of one UNet and knows no target of training,
neither in the paper nor in the authors' code. In eps every row would have the weight a^2 besides (``lethe.diffusion.parameterization``).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import torch
from pydantic import Field
from torch import Tensor

from lethe.core.device import to_device
from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion import curves
from lethe.diffusion.delta import LoraDelta
from lethe.diffusion.methods._common import check_emitters, covered, seeded_generator
from lethe.diffusion.methods._lora_training import Adapters, LoraTrainingConfig, adapters, find_modules, low_rank_delta
from lethe.diffusion.methods._training import (
    Borrowed,
    Rows,
    cycle,
    emitter_generator,
    gradient_of,
    mean_share,
    optimise,
    optimise_each,
    row_errors,
)
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.diffusion.pipeline import Pipeline


class SPAREConfig(LoraTrainingConfig):
    """Hyper-parameters of SPARE."""

    forget_weight: float = Field(0.3, ge=0, description="w_f")
    retain_weight: float = Field(1.0, ge=0, description="w_r")
    forget_pool: int | None = Field(None, ge=1, description="noised forget rows per emitter; null = a fresh one for every use")
    retain_pool: int | None = Field(
        None, ge=1, description="noised rows shared by all emitters; null = a fresh one for every use"
    )


class SPARE(Method[SPAREConfig]):
    """Distillation into low-rank adapters (SPARE, arXiv 2602.07058), dense; see the module for the loss.

    The scale alpha / r of training is folded into B, so that images are made with the delta that was trained (the reference's
    loader forgets the scale and applies four times the delta). Gradient clipping acts (there it never does).
    """

    about = MethodDescription(
        title="SPARE (FADE)",
        means="low-rank adapters taught by the base",
        paper="arXiv 2602.07058",
        colour="#D55E00",
        marker="s",
        xl=True,
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
            "forget_weight": 1.0,
            "forget_pool": 48,
            "retain_pool": 128,
        },
        direction="guide",
    )
    Config = SPAREConfig

    def select(self, lent: Borrowed, emitter: Emitter, seed: int) -> tuple[list[str], dict[str, Tensor] | None]:
        """The modules that get an adapter and, for a sparse one, the mask of each weight; dense: all targets, no mask."""
        return find_modules(lent.unet, self.config.target_modules), None

    def unlearn(self, pipe: Pipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        """Yield one low-rank delta per emitter, each when it is trained, or with those that are trained ``together`` with it.

        Raises:
            ValueError: an emitter without forget rows, retain rows or prompt; a target pattern that matches nothing.
        """
        check_emitters(emitters, data)
        config = self.config
        lent = Borrowed(pipe, data, config.precision, config.compile)
        begin = time.monotonic()
        size = config.retain_pool or config.steps * config.retain_batch
        pool_generator = seeded_generator(seed, "retain pool")
        pool, shown = lent.draw(torch.arange(len(data.receivers)), size, pool_generator)
        pool = lent.teach(pool)
        shared = time.monotonic() - begin
        for first in range(0, len(emitters), config.together):
            yield from self._train(lent, emitters[first : first + config.together], pool, shown, shared, seed)

    def _train(
        self, lent: Borrowed, emitters: Sequence[Emitter], pool: Rows, shown: Tensor, shared: float, seed: int
    ) -> Iterator[Unlearned]:
        """Emitters that are trained in one step.

        Args:
            pool: taught retain rows. shown: (n,) the receiver each shows. shared: seconds that they took.
        """
        config, begin = self.config, time.monotonic()
        drawn = [self._rows(lent, emitter, shown, seed) for emitter in emitters]
        forget = Rows.cat(*(rows for rows, *_ in drawn)) if len(drawn) > 1 else drawn[0][0]
        starts = range(0, len(forget), len(drawn[0][0]))
        order = to_device(torch.cat([own + start for (_, own, _), start in zip(drawn, starts, strict=True)], dim=1), lent.device)
        retain_order = to_device(torch.cat([own for *_, own in drawn], dim=1), lent.device)
        modules, masks = self.select(lent, emitters[0], seed)
        generators = [emitter_generator(seed, emitter, "init") for emitter in emitters]
        with adapters(lent.unet, modules, config, generators, masks) as placed:

            def reached(model: int = 0) -> LoraDelta:
                return low_rank_delta(placed, config.alpha / config.rank, masks, model)

            def gradient(step: int, parameters: list[Tensor]) -> tuple[list[Tensor], dict[str, Tensor]]:
                return self._gradient(lent, forget[order[step]], pool[retain_order[step]], parameters)

            def gradients(step: int) -> tuple[Tensor, dict[str, Tensor]]:
                return self.gradients(lent, forget[order[step]], pool[retain_order[step]], placed)

            trained: Sequence[tuple[curves.Curve | None, dict[str, float]]]
            if placed.values.ndim == 1:
                trained = [(None, optimise([placed.values], config, gradient, reached=reached))]
            else:
                trained = optimise_each(placed.values, config, gradients, reached)
            deltas = [reached(model) for model in range(len(emitters))]
        seconds = {"seconds": (time.monotonic() - begin) / len(emitters), "seconds_shared": shared}
        for emitter, delta, (curve, record) in zip(emitters, deltas, trained, strict=True):
            if curve is not None:
                curves.record(curve)  # of the model that is handed over next
            yield Unlearned(emitter, delta, record | seconds | {"modules": len(modules)})

    def _rows(self, lent: Borrowed, emitter: Emitter, shown: Tensor, seed: int) -> tuple[Rows, Tensor, Tensor]:
        """Taught forget rows, and which of them and of the pool each step takes: (steps, rows)."""
        config = self.config
        keep = (~covered(shown, emitter)).nonzero()[:, 0]
        if len(keep) == 0:
            raise ValueError(
                f"retain_pool: none of {len(shown)} rows shows what emitter {emitter.index} ('{emitter.name}') does not cover"
            )
        rows = emitter_generator(seed, emitter, "rows")
        forget, _ = lent.draw(lent.forget_rows(emitter), config.forget_pool or config.steps * config.forget_batch, rows)
        forget = lent.teach(forget, lent.overwritten(forget, emitter))
        order = cycle(len(forget), config.forget_batch, config.steps, rows)
        return forget, order, keep[cycle(len(keep), config.retain_batch, config.steps, rows)]

    def _gradient(
        self, lent: Borrowed, forget: Rows, retain: Rows, parameters: list[Tensor]
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Gradient of L on one step's rows, both kinds in one forward pass."""
        both, count = Rows.cat(forget, retain), len(forget)
        losses = both.target.new_zeros(2)

        def share(rows: slice) -> Tensor:
            part = both[rows]
            student = lent.predict(part)
            split = min(max(count - rows.start, 0), len(part))  # rows of this part that are to be forgotten
            loss_forget = mean_share(student[:split], part.target[:split], count)
            loss_retain = mean_share(student[split:], part.target[split:], len(retain))
            losses.add_(torch.stack([loss_forget, loss_retain]).detach())
            return self.config.forget_weight * loss_forget + self.config.retain_weight * loss_retain

        gradients = gradient_of(share, len(both), self.config.micro_batch, parameters)
        return gradients, {"loss_forget": losses[0], "loss_retain": losses[1]}

    def gradients(self, lent: Borrowed, forget: Rows, retain: Rows, placed: Adapters) -> tuple[Tensor, dict[str, Tensor]]:
        """The same of several models with fused adapters, each on its share of the rows: (models, p), losses (models,)."""
        config, models = self.config, len(placed.values)
        both, count = Rows.cat(forget.shares(models), retain.shares(models), dim=1), len(forget) // models
        losses = both.target.new_zeros(2, models)

        def share(rows: slice) -> Tensor:
            part = both.of_shares(rows)
            errors = row_errors(lent.predict(part), part.target, models)
            split = min(max(count - rows.start, 0), errors.shape[1])
            of_both = torch.stack([errors[:, :split].sum(dim=1) / count, errors[:, split:].sum(dim=1) / (len(retain) // models)])
            losses.add_(of_both.detach())
            return config.forget_weight * of_both[0].sum() + config.retain_weight * of_both[1].sum()

        (gradient,) = gradient_of(share, both.target.shape[1], config.micro_batch, [placed.leaf])
        return gradient, {"loss_forget": losses[0], "loss_retain": losses[1]}

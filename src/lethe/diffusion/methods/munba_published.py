"""MUNBa as published with I-CARE (vision-unlearning 1.0), faults included, to be reported beside ``munba``.

It differs from ``munba`` in what ``docs/fidelity.md`` lists:

1. Retain rows are noised with the *forget* rows' noise and timesteps, while the UNet is told the retain timesteps and the
   target is the independent retain noise: the best answer is 0, so "retaining" only shrinks predictions.
2. The weights are a closed form of the paper's first version that solves the retain player's equation only. With k11 = |g_r|^2,
   k22 = |g_f|^2, k12 = g_r . g_f,

       a_r = sqrt((2 k11 k22 + k12 sqrt(k11 k22)) / (k11^2 k22 - k11 k12^2)),   a_f = (1 - k11 a_r^2) / (k12 a_r);

   a_f has the sign opposite to k12 and diverges where the gradients are orthogonal.
3. Both losses are *descended*, and the whole adapter is negated at inference, which also undoes the retaining.
4. Trained with delta W = (alpha / r) B A, used with 1.0 B A (the stored file knows no alpha).
5. Gradient clipping never acts (the list of parameters it gets is an exhausted iterator).

It ran with bases that predict the noise and is refused for others: what its first fault would be there nobody has published.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._lora_training import LoraTrainingConfig
from lethe.diffusion.methods._training import Borrowed, Rows, gradient_of, mean_share
from lethe.diffusion.methods.munba import MUNBa, dot_products

SMALLEST = 1e-12  # of |cos|: exact orthogonality has no closed form, and the reference would write NaN


class MUNBaPublishedConfig(LoraTrainingConfig):
    """Hyper-parameters of the published MUNBa."""

    max_grad_norm: float | None = Field(None, gt=0, description="published: a value is set and never acts")

    @model_validator(mode="after")
    def _equal_batches(self) -> MUNBaPublishedConfig:
        if self.forget_batch != self.retain_batch:
            raise ValueError(
                f"forget_batch {self.forget_batch} and retain_batch {self.retain_batch} must be equal: "
                "retain rows are noised with the forget rows' noise"
            )
        return self

    @model_validator(mode="after")
    def _as_published(self) -> MUNBaPublishedConfig:
        if self.fused or self.together > 1 or self.compile:
            raise ValueError(
                f"fused is {self.fused}, together {self.together} and compile {self.compile}; allowed: null or false, 1, and false, as published"
            )
        return self

    def fuses(self, unet: nn.Module, modules: Sequence[str]) -> bool:
        """Never."""
        return False


def published_weights(retain: Sequence[Tensor], forget: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """(a_r, a_f) of the closed form above, scalars in float64; (0, 0) where a gradient vanishes."""
    n_r, n_f, k12 = dot_products(retain, forget)
    cos = k12 / (n_r * n_f)
    cos = cos.abs().clamp(SMALLEST, 1 - SMALLEST).copysign(cos)
    # The same in terms of norms and cosine, which neither overflows nor cancels
    a_r = ((2 + cos) / (1 - cos**2)).sqrt() / n_r
    a_f = (1 - (n_r * a_r) ** 2) / (cos * n_r * n_f * a_r)
    both, zero = (n_r > 0) & (n_f > 0), torch.zeros_like(k12)
    return torch.where(both, a_r, zero), torch.where(both, a_f, zero)


class MUNBaPublished(MUNBa):
    """MUNBa (arXiv 2411.15537, version 1) as implemented by vision-unlearning 1.0 and run for I-CARE; see the module."""

    about = MethodDescription(
        title="MUNBa (published)", paper="arXiv 2411.15537, version 1", published_of="munba", needs=("noise",)
    )
    contract = Contract(
        small={
            "rank": 4,
            "alpha": 4.0,
            "steps": 5,
            "forget_batch": 6,
            "retain_batch": 6,
            "learning_rate": 0.01,
            "target_modules": ["*.attn2.to_k", "*.attn2.to_v", "*.attn2.to_out.0"],
        },
        direction="change",
    )  # reported as it is, not as it should be
    Config = MUNBaPublishedConfig

    @property
    def scale(self) -> float:
        """Negated, and without the alpha / r of training."""
        return -1.0

    def step_gradient(
        self, lent: Borrowed, forget: Rows, retain: Rows, parameters: list[Tensor]
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        """a_r g_r + a_f g_f of two descended losses, the retain rows noised as the forget rows are."""
        mixed, micro = lent.renoise(retain, forget), self.config.micro_batch
        losses = retain.target.new_zeros(2)

        def share(number: int, seen: Rows) -> Callable[[slice], Tensor]:
            def of(rows: slice) -> Tensor:
                part = seen[rows]
                loss = mean_share(lent.predict(part), part.target, len(seen))
                losses[number] += loss.detach()
                return loss

            return of

        g_r = gradient_of(share(0, mixed), len(mixed), micro, parameters)
        g_f = gradient_of(share(1, forget), len(forget), micro, parameters)
        a_r, a_f = published_weights(g_r, g_f)
        gradient = [a_r * r + a_f * f for r, f in zip(g_r, g_f, strict=True)]
        return gradient, {"loss_forget": losses[1], "loss_retain": losses[0], "alpha_retain": a_r, "alpha_forget": a_f}

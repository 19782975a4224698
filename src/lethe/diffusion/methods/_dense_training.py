"""Training of chosen parameters of a UNet beside the untouched one, without a second UNet.

A ``Student`` holds copies of the parameters that are trained; a pass of it is a pass of the borrowed UNet with these in place of
its own (``torch.func.functional_call``). So the base cannot change, and teacher and student exist at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from pydantic import Field
from torch import Tensor

from lethe.diffusion.delta import DenseDelta
from lethe.diffusion.methods._training import Borrowed, Rows, TrainingConfig, gradient_of, matching, mean_share

CROSS_ATTENTION = ["*.attn2.*"]
KEYS_AND_VALUES = ["*.attn2.to_k.*", "*.attn2.to_v.*"]


class DenseTrainingConfig(TrainingConfig):
    """Hyper-parameters of every method that trains whole parameters of the UNet."""

    trainable: list[str] = Field(CROSS_ATTENTION, min_length=1, description="patterns of UNet parameter names (fnmatch)")
    learning_rate: float = Field(1e-5, gt=0, description="of AdamW, constant")
    weight_decay: float = Field(0.0, ge=0, description="of AdamW; 0 is Adam")
    max_grad_norm: float = Field(
        1.0, gt=0, allow_inf_nan=True, description="norm of the whole gradient beyond which it is scaled down; .inf = never"
    )


class RetainTrainingConfig(DenseTrainingConfig):
    """The same for a method that also looks at what is to be kept."""

    retain_batch: int = Field(4, ge=1, description="retain rows per step")


class Student:
    """The model under training: the borrowed UNet with copies of some of its parameters.

    Attributes:
        names: of the parameters that are trained, in the UNet's order.
        parameters: their values, leaves with gradient, in the same order; whoever trains them changes them in place.

    Raises:
        ValueError: a pattern matches no parameter; a mask does not fit its parameter or belongs to none that is trained.
    """

    def __init__(self, lent: Borrowed, patterns: Sequence[str], mask: Mapping[str, Tensor] | None = None) -> None:
        """Copy the parameters.

        Args:
            lent: the pipeline and its texts.
            patterns: of parameter names (fnmatch), e.g. ``CROSS_ATTENTION``, or ``["*"]`` for the whole UNet.
            mask: name of a trained parameter -> bool tensor of its shape, True where it may change; a parameter without one may
                change everywhere.
        """
        self.lent = lent
        self._base = dict(lent.unet.named_parameters())
        self.names = matching(list(self._base), patterns, "trainable", "parameters")
        self.parameters: list[Tensor] = [self._base[name].detach().clone().requires_grad_(True) for name in self.names]
        self._mask = {name: value.to(lent.device) for name, value in (mask or {}).items()}
        for name, value in self._mask.items():
            if name not in self.names:
                raise ValueError(
                    f"mask: '{name}' is not trained; trained are {len(self.names)} parameters, e.g. '{self.names[0]}'"
                )
            if value.dtype != torch.bool or value.shape != self._base[name].shape:
                raise ValueError(
                    f"mask of '{name}': {value.dtype} {tuple(value.shape)}; allowed: torch.bool {tuple(self._base[name].shape)}"
                )

    def weights(self) -> dict[str, Tensor]:
        """Name -> value of each trained parameter as the model uses it; outside its mask the bits of the base, whatever an optimiser did."""
        found = dict(zip(self.names, self.parameters, strict=True))
        return found | {name: torch.where(mask, found[name], self._base[name].detach()) for name, mask in self._mask.items()}

    def predict(self, rows: Rows, text: Tensor | None = None) -> Tensor:
        """The student's prediction (n, c, h, w) of the noise of ``rows``, given their own text or ``text``."""
        return self.lent.predict(rows, text, self.weights())

    def gradient(self, loss: Callable[[Tensor, slice], Tensor], rows: Rows, micro_batch: int | None) -> list[Tensor]:
        """Gradient of a loss per parameter.

        Args:
            loss: (predictions of some rows, which rows these are) -> their part of the loss, e.g. by ``mean_share``.
            rows: what the student sees, all in one pass or ``micro_batch`` at a time.
        """
        return gradient_of(lambda part: loss(self.predict(rows[part]), part), len(rows), micro_batch, self.parameters)

    def towards(self, rows: Rows, micro_batch: int | None) -> tuple[list[Tensor], Tensor]:
        """Gradient of the mean squared error between predictions and targets of ``rows``, and that error (a scalar)."""
        error = rows.target.new_zeros(())

        def share(predicted: Tensor, part: slice) -> Tensor:
            loss = mean_share(predicted, rows.target[part], len(rows))
            error.add_(loss.detach())
            return loss

        return self.gradient(share, rows, micro_batch), error

    @torch.no_grad()
    def delta(self) -> DenseDelta:
        """What changed, as new values of whole parameters."""
        changed = {name: value for name, value in self.weights().items() if not torch.equal(value, self._base[name])}
        return DenseDelta({f"unet.{name}": value.detach().cpu().clone().contiguous() for name, value in changed.items()})

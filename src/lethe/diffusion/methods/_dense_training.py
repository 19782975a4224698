"""Training of chosen parameters of a UNet beside the untouched one, without a second UNet.

A ``Student`` holds copies of the parameters that are trained; a pass of it is a pass of the borrowed UNet with these in place of
its own (``torch.func.functional_call``). So the base cannot change, and teacher and student exist at once.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar

import torch
from pydantic import Field
from torch import Tensor, nn

from lethe.core.device import to_device
from lethe.diffusion.delta import DenseDelta
from lethe.diffusion.methods._common import check_emitters
from lethe.diffusion.methods._training import Borrowed, Rows, TrainingConfig, gradient_of, matching, optimise
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.diffusion.pipeline import Pipeline

CROSS_ATTENTION = ["*.attn2.*"]
KEYS_AND_VALUES = ["*.attn2.to_k.*", "*.attn2.to_v.*"]

Target = Literal["current", "base"]


class DenseTrainingConfig(TrainingConfig):
    """Hyper-parameters of every method that trains whole parameters of the UNet."""

    trainable: list[str] = Field(CROSS_ATTENTION, min_length=1, description="patterns of UNet parameter names (fnmatch)")
    learning_rate: float = Field(1e-5, gt=0, description="of AdamW, constant")
    weight_decay: float = Field(0.0, ge=0, description="of AdamW; 0 is Adam")
    max_grad_norm: float | None = Field(
        None, gt=0, description="norm of the whole gradient beyond which it is scaled down; null: it never is"
    )


class RetainTrainingConfig(DenseTrainingConfig):
    """The same for a method that also looks at what is to be kept."""

    retain_batch: int = Field(4, ge=1, description="retain rows per step")


class Copies:
    """Copies of chosen parameters of a component, which are trained in place of its own; the component cannot change.

    Attributes:
        names: of the parameters that are trained, in the component's order.
        parameters: their values, leaves with gradient, in the same order; whoever trains them changes them in place.

    Raises:
        ValueError: a pattern matches no parameter; a mask does not fit its parameter or belongs to none that is trained.
    """

    def __init__(self, pipe: Pipeline, component: str, patterns: Sequence[str], mask: Mapping[str, Tensor] | None = None) -> None:
        """Copy the parameters.

        Args:
            component: ``unet`` or ``text_encoder``.
            patterns: of parameter names (fnmatch), e.g. ``CROSS_ATTENTION``, or ``["*"]`` for the whole component.
            mask: name of a trained parameter -> bool tensor of its shape, True where it may change; a parameter without one may
                change everywhere.
        """
        self._component = component
        whose = {"unet": "UNet", "text_encoder": "text encoder"}[component]
        module: nn.Module = getattr(pipe, component)
        self._base = dict(module.named_parameters())
        self.names = matching(list(self._base), patterns, "trainable", "parameters", whose)
        self.parameters: list[Tensor] = [self._base[name].detach().clone().requires_grad_(True) for name in self.names]
        self._mask = {name: value.to(self.parameters[0].device) for name, value in (mask or {}).items()}
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

    @torch.no_grad()
    def delta(self) -> DenseDelta:
        """What changed, as new values of whole parameters."""
        changed = {name: value for name, value in self.weights().items() if not torch.equal(value, self._base[name])}
        return DenseDelta(
            {f"{self._component}.{name}": value.detach().cpu().clone().contiguous() for name, value in changed.items()}
        )


class Student(Copies):
    """The model under training: the borrowed UNet with copies of some of its parameters; see ``Copies`` for what it refuses."""

    def __init__(self, lent: Borrowed, patterns: Sequence[str], mask: Mapping[str, Tensor] | None = None) -> None:
        """Copy the parameters of the UNet that match ``patterns``, to be changed where ``mask`` is True."""
        super().__init__(lent.pipe, "unet", patterns, mask)
        self.lent = lent

    def predict(self, rows: Rows, text: Tensor | None = None) -> Tensor:
        """The student's prediction (n, c, h, w) of the noise of ``rows``, given their own text or ``text``."""
        return self.lent.predict(rows, text, self.weights())

    @torch.no_grad()
    def asked(self, rows: Rows, prompt: Tensor, target: Target) -> Rows:
        """``rows`` with a prediction as target, given the texts ``prompt`` (n,): of the base, or of the ``current`` student without gradient."""
        if target == "base":
            return self.lent.teach(rows, prompt)
        return replace(rows, target=self.predict(replace(rows, prompt=prompt)))

    def gradient(self, loss: Callable[[Tensor, slice], Tensor], rows: Rows, micro_batch: int | None) -> list[Tensor]:
        """Gradient of a loss per parameter.

        Args:
            loss: (predictions of some rows, which rows these are) -> their part of the loss.
            rows: what the student sees, all in one pass or ``micro_batch`` at a time.
        """
        return gradient_of(lambda part: loss(self.predict(rows[part]), part), len(rows), micro_batch, self.parameters)

    def towards(self, rows: Rows, micro_batch: int | None) -> tuple[list[Tensor], Tensor]:
        """Gradient of the mean squared error between predictions and targets of ``rows``, and that error (a scalar)."""
        gradient, errors = self.towards_all([(1.0, rows)], micro_batch)
        return gradient, errors[0]

    def towards_all(self, parts: Sequence[tuple[float, Rows]], micro_batch: int | None) -> tuple[list[Tensor], Tensor]:
        """Gradient of sum_k w_k MSE_k over parts (w_k, rows), in one pass of all rows, and the errors ``(k,)``."""
        rows = Rows.cat(*(part for _, part in parts))
        counts = torch.tensor([len(part) for _, part in parts])
        member = (
            torch.eye(len(parts)).repeat_interleave(counts, dim=0) / counts
        )  # (n, k): what a row adds to the mean of each part
        weights = torch.tensor([float(weight) for weight, _ in parts])
        member, weights = to_device(member, self.lent.device), to_device(weights, self.lent.device)
        errors = rows.target.new_zeros(len(parts))

        def loss(predicted: Tensor, seen: slice) -> Tensor:
            found = (predicted - rows.target[seen]).square().flatten(1).mean(dim=1) @ member[seen]
            errors.add_(found.detach())
            return found @ weights

        return self.gradient(loss, rows, micro_batch), errors


D = TypeVar("D", bound=DenseTrainingConfig)


class DenseMethod(Method[D]):
    """A method that trains a student by one gradient a step; a subclass says by which."""

    def unlearn(self, pipe: Pipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        """Yield one dense delta per emitter, each when it is trained.

        Raises:
            ValueError: an emitter without forget rows, retain rows or prompt; a pattern of ``trainable`` that matches nothing.
        """
        check_emitters(emitters, data)
        lent = Borrowed(pipe, data, self.config.precision)
        for emitter in emitters:
            begin = time.monotonic()
            student = Student(lent, self.config.trainable, self.mask(lent, emitter, seed))
            begun = self.start(student, emitter, seed)
            gradients = self.gradients(student, emitter, seed)
            record: dict[str, Any] = optimise(student.parameters, self.config, lambda *_: next(gradients), reached=student.delta)  # noqa: B023
            record |= {"seconds": time.monotonic() - begin, "parameters": sum(p.numel() for p in student.parameters)} | begun
            yield Unlearned(emitter, student.delta(), record)

    def mask(self, lent: Borrowed, emitter: Emitter, seed: int) -> dict[str, Tensor] | None:
        """Name of a parameter -> bool tensor, where it may change; None: everywhere."""
        return None

    def start(self, student: Student, emitter: Emitter, seed: int) -> dict[str, Any]:
        """Change the student before its first step; what of that belongs in the record."""
        return {}

    @abstractmethod
    def gradients(self, student: Student, emitter: Emitter, seed: int) -> Iterator[tuple[list[Tensor], dict[str, Tensor]]]:
        """Yield, for each step, what the optimiser descends at the student's present weights, and numbers to record (scalars)."""

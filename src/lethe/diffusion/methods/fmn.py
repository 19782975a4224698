"""Forget-Me-Not: attention is steered away from the words that name what is forgotten.

Zhang et al., "Forget-Me-Not: Learning to Forget in Text-to-Image Diffusion Models", arXiv 2303.17591. With A_l the probabilities of the
l-th cross-attention, (heads, pixels, tokens), on a noised image of what is forgotten and its prompt, and S the positions of its words:

    L = sqrt(sum over l, heads, pixels and s in S of A_l[.., s]^2),  the mean over the rows of a step

The loss has no target and nothing is retained: more steps are not better, so their number belongs to the tuning. A concept is named by
words here; the reference first learns ten new tokens for it by textual inversion, which is left out. A parameter that no probability
depends on, such as the values of the last layer, is not trained. What the base predicts, noise or v, does not enter.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.attention import on_tokens, recorded_attention
from lethe.diffusion.methods._common import check_emitters
from lethe.diffusion.methods._dense_training import DenseTrainingConfig, Student
from lethe.diffusion.methods._tokens import concept_tokens
from lethe.diffusion.methods._training import Borrowed, emitter_generator, optimise
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.diffusion.pipeline import Pipeline
from lethe.settings.hyperparameters import Hyperparameters


class FMNConfig(DenseTrainingConfig):
    """Hyper-parameters of Forget-Me-Not."""

    weight_decay: float = Field(1e-2, ge=0, description="of AdamW")


class FMN(Method[FMNConfig]):
    """Forget-Me-Not (arXiv 2303.17591) without textual inversion; see the module for the loss."""

    about = MethodDescription(
        title="FMN",
        means="Forget-Me-Not, attention steered away",
        paper="arXiv 2303.17591",
        colour="#E69F00",
        marker="P",
    )
    contract = Contract(small={"steps": 20, "forget_batch": 6, "learning_rate": 3e-3}, direction="attention")
    Config: ClassVar[type[Hyperparameters]] = FMNConfig

    def unlearn(self, pipe: Pipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        """Yield one dense delta per emitter, each when it is trained.

        Raises:
            ValueError: an emitter without forget rows or prompt, or without a word of its own; a pattern that matches nothing, or no
                parameter that attention depends on.
        """
        check_emitters(emitters, data)
        config = self.config
        lent = Borrowed(pipe, data, config.precision)
        for emitter in emitters:
            begin = time.monotonic()
            positions = _positions(pipe, emitter, data).to(lent.device)
            batches = lent.batches(
                lent.forget_rows(emitter), config.forget_batch, config.steps, emitter_generator(seed, emitter, "rows")
            )
            with recorded_attention(lent.unet) as probabilities:
                student = _that_matter(Student(lent, config.trainable), emitter, probabilities)

                def gradient(step: int, parameters: list[Tensor]) -> tuple[list[Tensor], dict[str, Tensor]]:
                    rows = next(batches)  # noqa: B023
                    found = rows.target.new_zeros(())

                    def share(_: Tensor, part: slice) -> Tensor:
                        norms = on_tokens(probabilities, positions[rows.prompt[part]])  # noqa: B023
                        probabilities.clear()
                        loss = norms.sum() / len(rows)
                        found.add_(loss.detach())
                        return loss

                    return student.gradient(share, rows, config.micro_batch), {"loss_attention": found}  # noqa: B023

                record = optimise(student.parameters, config, gradient, reached=student.delta)
            record |= {"seconds": time.monotonic() - begin, "tokens": int(positions.any(dim=0).sum())}
            yield Unlearned(emitter, student.delta(), record)


def _positions(pipe: Pipeline, emitter: Emitter, data: UnlearnData) -> Tensor:
    """``(receivers, tokens)`` bool, by the place of a receiver's prompt (``Rows.prompt``): where its prompt names what is forgotten."""
    found = concept_tokens(pipe, emitter, data)
    none = torch.zeros_like(found[emitter.covers[0]])
    return torch.stack([found.get(index, none) for index in sorted(data.prompts)])


def _that_matter(student: Student, emitter: Emitter, probabilities: list[Tensor]) -> Student:
    """A student of those of its parameters on which attention depends; a decay of weights must not shrink the others.

    Raises:
        ValueError: there is none.
    """
    lent = student.lent
    rows = lent.noised(lent.forget_rows(emitter)[:1], torch.Generator().manual_seed(0))
    student.predict(rows)
    loss = torch.stack([layer.float().square().sum() for layer in probabilities]).sum()
    probabilities.clear()
    names = []
    if loss.requires_grad:
        gradients = torch.autograd.grad(loss, student.parameters, allow_unused=True)
        names = [name for name, gradient in zip(student.names, gradients, strict=True) if gradient is not None]
    if not names:
        raise ValueError(f"trainable: cross-attention depends on none of the {len(student.names)} parameters that match")
    return Student(lent, names)

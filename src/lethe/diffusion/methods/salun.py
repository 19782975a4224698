"""SalUn: relabel what is to be forgotten, keep the rest, and change only the weights that matter for what is forgotten.

Fan et al., "SalUn: Empowering Machine Unlearning via Gradient-based Weight Saliency", ICLR 2024, arXiv 2310.12508, equations 2 and 6. With
x_f and x_r noised forget and retain images, c_f and c_r their prompts and c* what the task overwrites c_f with,

    L = MSE(eps_theta(x_f, t, c_f), sg[eps(x_f, t, c*)]) + alpha MSE(eps_theta(x_r, t', c_r), noise)

where sg[] has no gradient and eps is the student as it is at this step (``target: current``, as published) or the base. The mask marks
the ``mask_share`` of the trained weights whose gradient of the denoising loss, summed *with its sign* over one pass of the forget images
at the base, is largest in absolute value; all other weights keep their bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

import torch
from pydantic import Field
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._dense_training import DenseMethod, RetainTrainingConfig, Student, Target
from lethe.diffusion.methods._mask import accumulated_gradients, most_salient
from lethe.diffusion.methods._training import Borrowed, Rows, emitter_generator
from lethe.diffusion.methods.base import Emitter
from lethe.settings.hyperparameters import Hyperparameters


class RelabelConfig(RetainTrainingConfig):
    """Hyper-parameters of SalUn and of its published variant."""

    retain_weight: float = Field(1.0, ge=0, description="alpha, weight of the retain loss")


class SalUnConfig(RelabelConfig):
    """Hyper-parameters of SalUn."""

    mask_share: float = Field(0.5, gt=0, le=1, description="share of the trained weights that may change, the most salient")
    target: Target = Field("current", description="the network that is asked with c*: the student of this step, or the base")


class Relabelled(NamedTuple):
    """What one step looks at: forget rows, the texts ``label`` (n,) that they get, retain rows."""

    forget: Rows
    label: Tensor
    retain: Rows


class SalUn(DenseMethod[SalUnConfig]):
    """Random labelling under a saliency mask (SalUn, arXiv 2310.12508) on cross-attention; see the module for loss and mask.

    The label is not random but what the task overwrites each receiver with, as in the paper's experiments on diffusion models.
    Weights are ranked among those that are trained.
    """

    about = MethodDescription(title="SalUn", paper="arXiv 2310.12508", colour="#F0E442", marker="h", needs=("noise",))
    contract = Contract(
        small={"target": "base", "steps": 40, "forget_batch": 6, "retain_batch": 6, "learning_rate": 5e-3}, direction="guide"
    )
    Config: ClassVar[type[Hyperparameters]] = SalUnConfig

    @property
    def target(self) -> Target:
        """The network that gives the relabelled targets."""
        return self.config.target

    def mask(self, lent: Borrowed, emitter: Emitter, seed: int) -> dict[str, Tensor] | None:
        """The most salient share of the trained weights."""
        config, generator = self.config, emitter_generator(seed, emitter, "saliency")
        rows = lent.forget_rows(emitter)
        order = rows[torch.randperm(len(rows), generator=generator)]
        batches = (lent.noised(part, generator) for part in order.split(config.forget_batch))
        found = accumulated_gradients(Student(lent, config.trainable), batches, config.micro_batch)
        return most_salient({name: gradient.abs() for name, gradient in found.items()}, config.mask_share)

    def batches(self, lent: Borrowed, emitter: Emitter, seed: int) -> Iterator[Relabelled]:
        """One a step; all forget rows are seen equally often, and so are all retain rows."""
        config = self.config
        forget, retain = (
            lent.batches(rows, batch, config.steps, emitter_generator(seed, emitter, purpose))
            for rows, batch, purpose in (
                (lent.forget_rows(emitter), config.forget_batch, "rows"),
                (lent.retain_rows(emitter), config.retain_batch, "retain rows"),
            )
        )
        for shown, kept in zip(forget, retain, strict=True):
            yield Relabelled(shown, lent.overwritten(shown, emitter), kept)

    def gradients(self, student: Student, emitter: Emitter, seed: int) -> Iterator[tuple[list[Tensor], dict[str, Tensor]]]:
        """The gradient of L, both kinds of rows in one pass."""
        config = self.config
        for forget, label, retain in self.batches(student.lent, emitter, seed):
            relabelled = student.asked(forget, label, self.target)
            parts = [(1.0, relabelled), (config.retain_weight, retain)]
            gradient, errors = student.towards_all(parts, config.micro_batch)
            yield gradient, {"loss_forget": errors[0], "loss_retain": errors[1]}

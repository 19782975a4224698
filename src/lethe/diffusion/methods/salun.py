"""SalUn: relabel what is to be forgotten, keep the rest, and change only the weights that matter for what is forgotten.

Fan et al., "SalUn: Empowering Machine Unlearning via Gradient-based Weight Saliency", ICLR 2024, arXiv 2310.12508, equations 2 and 6. With
x_f and x_r noised forget and retain images, c_f and c_r their prompts and c* what the task overwrites c_f with,

    L = MSE(eps_theta(x_f, t, c_f), sg[eps(x_f, t, c*)]) + alpha MSE(eps_theta(x_r, t', c_r), noise)

where sg[] has no gradient and eps is the student as it is at this step (``target: current``, as published) or the base. The mask marks
the ``mask_share`` of the trained weights whose gradient of the denoising loss, summed *with its sign* over one pass of the forget images
at the base, is largest in absolute value; all other weights keep their bits.

Of a base that predicts v, eps and noise are v in both losses: the second is the loss that the base was trained on, and alpha weighs it against
the first (``lethe.diffusion.parameterization``).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from pydantic import Field
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._dense_training import DenseMethod, RetainTrainingConfig, Student, Target
from lethe.diffusion.methods._mask import accumulated_gradients, most_salient
from lethe.diffusion.methods._relabelling import Relabelled, relabelled
from lethe.diffusion.methods._training import Borrowed, emitter_generator
from lethe.diffusion.methods.base import Emitter


class RelabelConfig(RetainTrainingConfig):
    """Hyper-parameters of SalUn and of its published variant."""

    retain_weight: float = Field(1.0, ge=0, description="alpha, weight of the retain loss")


class SalUnConfig(RelabelConfig):
    """Hyper-parameters of SalUn."""

    mask_share: float = Field(0.5, gt=0, le=1, description="share of the trained weights that may change, the most salient")
    target: Target = Field("current", description="the network that is asked with c*: the student of this step, or the base")


class SalUn(DenseMethod[SalUnConfig]):
    """Random labelling under a saliency mask (SalUn, arXiv 2310.12508) on cross-attention; see the module for loss and mask.

    The label is not random but what the task overwrites each receiver with, as in the paper's experiments on diffusion models.
    Weights are ranked among those that are trained.
    """

    about = MethodDescription(
        title="SalUn",
        means="saliency unlearning by relabelling",
        paper="arXiv 2310.12508",
        colour="#F0E442",
        marker="h",
    )
    contract = Contract(
        small={
            "target": "base",
            "steps": 20,
            "forget_batch": 12,
            "retain_batch": 12,
            "learning_rate": 3e-3,
            "retain_weight": 0.1,
        },
        direction="guide",
        holds_others=False,
    )
    Config = SalUnConfig

    def mask(self, lent: Borrowed, emitter: Emitter, seed: int) -> dict[str, Tensor] | None:
        """The most salient share of the trained weights."""
        config, generator = self.config, emitter_generator(seed, emitter, "saliency")
        rows = lent.forget_rows(emitter)
        order = rows[torch.randperm(len(rows), generator=generator)]
        batches = (lent.noised(part, generator) for part in order.split(config.forget_batch))
        found = accumulated_gradients(Student(lent, config.trainable), batches, config.micro_batch)
        return most_salient({name: gradient.abs() for name, gradient in found.items()}, config.mask_share)

    def gradients(self, student: Student, emitter: Emitter, seed: int) -> Iterator[tuple[list[Tensor], dict[str, Tensor]]]:
        """The gradient of L; all forget rows are seen equally often, and so are all retain rows."""
        config = self.config
        for seen in relabelled(student.lent, emitter, config, config.steps, seed):
            yield relabelling_gradient(student, seen, config.target, config)


def relabelling_gradient(
    student: Student, seen: Relabelled, target: Target, config: RelabelConfig
) -> tuple[list[Tensor], dict[str, Tensor]]:
    """The gradient of L on what one step looks at, both kinds of rows in one pass, and the two losses."""
    taught = student.asked(seen.forget, seen.label, target)
    gradient, errors = student.towards_all([(1.0, taught), (config.retain_weight, seen.retain)], config.micro_batch)
    return gradient, {"loss_forget": errors[0], "loss_retain": errors[1]}

"""CA, concept ablation: the prompt of what is forgotten is to give what the prompt of its anchor gives.

Kumari et al., "Ablating Concepts in Text-to-Image Diffusion Models", ICCV 2023, arXiv 2303.13516, equation 4 (the model-based form, with a
weight of 1 for every timestep, as in its code). With x_t a noised image of the anchor, c* the anchor's prompt and c the prompt that is
to mean it,

    L = MSE(eps_theta(x_t, t, c), sg[eps(x_t, t, c*)])

where sg[] has no gradient. As published eps is the student as it is at this step (``target: current``), so that c* may drift too;
``target: base`` holds it where it was. Here c* is what the task overwrites c with.

Of a base that predicts v both sides are v: the authors' code too compares the outputs of the UNet, whatever they are. In eps every row would
have the weight a^2 besides (``lethe.diffusion.parameterization``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from pydantic import Field
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._dense_training import KEYS_AND_VALUES, DenseMethod, DenseTrainingConfig, Student, Target
from lethe.diffusion.methods._relabelling import counterparts
from lethe.diffusion.methods._training import Borrowed, cycle, emitter_generator
from lethe.diffusion.methods.base import Emitter


class CAConfig(DenseTrainingConfig):
    """Hyper-parameters of CA."""

    trainable: list[str] = Field(KEYS_AND_VALUES, min_length=1, description="patterns of UNet parameter names (fnmatch)")
    anchors: Literal["counterpart", "forget"] = Field(
        "counterpart",
        description="whose training images are noised: those of the receiver whose prompt is the overwrite, or those that are "
        "forgotten, for tasks where no receiver has that prompt",
    )
    target: Target = Field("current", description="the network that is asked with c*: the student of this step, or the base")


class CA(DenseMethod[CAConfig]):
    """Concept ablation on keys and values of cross-attention (CA, arXiv 2303.13516); see the module for the loss.

    Anchor images are training images and not generated ones. Of an emitter that covers several receivers, each is led to its own
    counterpart, and all anchor images are used equally often.
    """

    about = MethodDescription(
        title="CA",
        means="concept ablation, an anchor is drawn",
        paper="arXiv 2303.13516",
        colour="#56B4E9",
        marker="v",
    )
    contract = Contract(
        small={"anchors": "forget", "target": "base", "steps": 20, "forget_batch": 6, "learning_rate": 3e-3},
        direction="guide",
        holds_others=False,
    )
    Config = CAConfig

    def gradients(self, student: Student, emitter: Emitter, seed: int) -> Iterator[tuple[list[Tensor], dict[str, Tensor]]]:
        """The gradient of L on ``forget_batch`` anchor images a step.

        Raises:
            ValueError: ``anchors: counterpart``, and no receiver has the prompt that overwrites one which the emitter covers.
        """
        config, lent = self.config, student.lent
        images, meant = self._anchors(lent, emitter)
        generator = emitter_generator(seed, emitter, "rows")
        for chosen in cycle(len(images), config.forget_batch, config.steps, generator):
            noised = lent.noised(images[chosen], generator)
            rows = replace(noised, prompt=lent.prompt_of(meant[chosen]))
            target = student.asked(rows, lent.overwritten(rows, emitter), config.target)
            gradient, loss = student.towards(target, config.micro_batch)
            yield gradient, {"loss": loss}

    def _anchors(self, lent: Borrowed, emitter: Emitter) -> tuple[Tensor, Tensor]:
        """Row numbers of anchor images, and for each the receiver whose prompt is to mean it."""
        data = lent.data
        if self.config.anchors == "forget":
            rows = lent.forget_rows(emitter)
            return rows, data.receivers[rows]
        return counterparts(lent, emitter, "`anchors: forget`, which takes the images that are forgotten")

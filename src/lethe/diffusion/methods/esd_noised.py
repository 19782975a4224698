"""ESD-x on noised training images: the loss of ``esd``, and no sampling.

The latents are training images of what is forgotten, with noise of a uniform timestep. A step costs three passes of the UNet, where
``esd`` draws for up to S steps first. The base never saw what it draws under guidance, so the two look at different latents. What is said of v and
of Stable Diffusion XL in ``esd`` holds here.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._dense_training import DenseMethod, Student
from lethe.diffusion.methods._training import emitter_generator
from lethe.diffusion.methods.base import Emitter
from lethe.diffusion.methods.esd import NegativeConfig, pushed_beyond


class ESDNoised(DenseMethod[NegativeConfig]):
    """Negative guidance on cross-attention (ESD-x, arXiv 2303.07345) at noised training images."""

    about = MethodDescription(
        title="ESD (noised images)",
        means="ESD's loss on noised images",
        paper="arXiv 2303.07345",
        colour="#8C5B78",
        marker="d",
        xl=True,
    )
    contract = Contract(small={"steps": 20, "forget_batch": 6, "learning_rate": 3e-3}, direction="away", holds_others=False)
    Config = NegativeConfig

    def gradients(self, student: Student, emitter: Emitter, seed: int) -> Iterator[tuple[list[Tensor], dict[str, Tensor]]]:
        """The gradient of L on ``forget_batch`` images a step."""
        config, lent = self.config, student.lent
        generator = emitter_generator(seed, emitter, "rows")
        for rows in lent.batches(lent.forget_rows(emitter), config.forget_batch, config.steps, generator):
            yield pushed_beyond(student, rows, config)

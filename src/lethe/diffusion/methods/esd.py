"""ESD-x: what is forgotten is pushed beyond the unconditional prediction, in the layers that read the text.

Gandikota et al., "Erasing Concepts from Diffusion Models", ICCV 2023, arXiv 2303.07345, equation 7. With eps_0 the base, eps_theta the
student, c the prompt of what is forgotten and "" the empty one,

    L = MSE(eps_theta(z_t, t, c), eps_0(z_t, t, "") - eta (eps_0(z_t, t, c) - eps_0(z_t, t, "")))

where z_t comes from the student itself: it is drawn for c by DDIM with guidance and the drawing is stopped in the k-th of S parts of the
noise schedule, k and then t within that part uniform. No image is looked at, so words are enough (``prompt_rows``). ``esd_noised`` takes
noised training images instead.

Of a base that predicts v, L is taken in v. The coefficients of its target add up to 1, so it has the same minimum in v as in eps, where every
row would have the weight a^2 besides (``lethe.diffusion.parameterization``) and pure noise, where a drawing begins, would have none. The authors'
code compares the outputs of the UNet too, also of models that predict a velocity. Of Stable Diffusion XL "" in L is the empty prompt as it is
encoded, while guidance leads away from what the pipeline takes for nothing (zeros), both as in the authors' code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from pydantic import Field
from torch import Tensor

from lethe.core.device import to_device
from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._dense_training import DenseMethod, DenseTrainingConfig, Student
from lethe.diffusion.methods._drawing import drawn
from lethe.diffusion.methods._training import Rows, emitter_generator
from lethe.diffusion.methods.base import Emitter, UnlearnData, Unlearned
from lethe.diffusion.pipeline import Pipeline, Scheduler, make_scheduler


class NegativeConfig(DenseTrainingConfig):
    """Hyper-parameters of the loss."""

    negative_guidance: float = Field(1.0, ge=0, description="eta, how far beyond the unconditional prediction; 0 = to it")


class ESDConfig(NegativeConfig):
    """Hyper-parameters of ESD."""

    sampling_steps: int = Field(50, ge=1, description="S, steps of a whole drawing (DDIM)")
    start_guidance: float = Field(3.0, ge=0, description="guidance of the drawing")


class ESD(DenseMethod[ESDConfig]):
    """Negative guidance on cross-attention (ESD-x, arXiv 2303.07345); see the module for the loss.

    An emitter that covers several receivers is forgotten by the prompts of all of them, each as often as it has training images; equally often
    where there are none.
    """

    about = MethodDescription(
        title="ESD",
        means="erased Stable Diffusion, negative guidance",
        paper="arXiv 2303.07345",
        colour="#CC79A7",
        marker="D",
        needs=("words",),
        xl=True,
    )
    contract = Contract(
        small={"sampling_steps": 4, "steps": 20, "forget_batch": 6, "learning_rate": 3e-3}, direction="away", holds_others=False
    )
    Config = ESDConfig

    def unlearn(self, pipe: Pipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        """Yield one dense delta per emitter, with training images or without any."""
        yield from super().unlearn(pipe, emitters, data if len(data.latents) else prompt_rows(data), seed=seed)

    def gradients(self, student: Student, emitter: Emitter, seed: int) -> Iterator[tuple[list[Tensor], dict[str, Tensor]]]:
        """The gradient of L on ``forget_batch`` latents a step."""
        config, lent = self.config, student.lent
        scheduler = make_scheduler("ddim", config.sampling_steps, lent.pipe)
        generator, drawing = (emitter_generator(seed, emitter, purpose) for purpose in ("rows", "drawing"))
        for rows in lent.batches(lent.forget_rows(emitter), config.forget_batch, config.steps, generator):
            yield pushed_beyond(student, partly_drawn(student, rows, scheduler, config.start_guidance, drawing), config)


def prompt_rows(data: UnlearnData) -> UnlearnData:
    """``data`` without images, with one blank row for each prompt: for a method that takes nothing of a row but its prompt."""
    receivers = torch.tensor(sorted(data.prompts))
    return replace(data, latents=data.latents.new_zeros(len(receivers), *data.latents.shape[1:]), receivers=receivers)


def pushed_beyond(student: Student, rows: Rows, config: NegativeConfig) -> tuple[list[Tensor], dict[str, Tensor]]:
    """The gradient of L at the latents and timesteps of ``rows``, and L."""
    lent = student.lent
    empty, own = lent.teach(Rows.cat(replace(rows, prompt=lent.unprompted(rows)), rows)).target.chunk(2)  # in one pass
    target = empty - config.negative_guidance * (own - empty)
    gradient, loss = student.towards(replace(rows, target=target), config.micro_batch)
    return gradient, {"loss": loss}


@torch.no_grad()
def partly_drawn(student: Student, rows: Rows, scheduler: Scheduler, guidance: float, generator: torch.Generator) -> Rows:
    """``rows`` with latents that the student draws for their prompts, from their noise to one part of the schedule.

    Args:
        scheduler: DDIM with its S steps. generator: gives the part k, the same for all rows, and the timestep of each within it.
    """
    lent, count = student.lent, len(scheduler.timesteps)
    part = int(torch.randint(count, (), generator=generator))
    first, last = (round(edge * lent.timesteps / count) for edge in (part, part + 1))
    timesteps = torch.randint(first, last, (len(rows),), generator=generator)
    latents = drawn(student.predict, rows, lent.unconditional(rows), scheduler, count - 1 - part, guidance)
    return replace(rows, noisy=latents, timesteps=to_device(timesteps, lent.device))

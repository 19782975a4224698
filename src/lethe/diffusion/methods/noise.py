"""The control that forgets everything: the last layer of the UNet is random, so every prompt gives noise.

It shows what a measure of forgetting says of a model that draws nothing: accuracy on what is forgotten falls as low as it can,
and so does everything that measures what is kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.delta import DenseDelta
from lethe.diffusion.methods._common import check_emitters, seeded_generator
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.settings.hyperparameters import Hyperparameters

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline


LAYER = "conv_out"


class NoiseConfig(Hyperparameters):
    """The control has no hyper-parameters."""


class NoiseControl(Method[NoiseConfig]):
    """The last convolution of the UNet drawn anew, uniform within 1 / sqrt(fan-in) as before training. Source: none needed, a control."""

    about = MethodDescription(
        title="noise",
        means="control, draws only noise",
        paper="none (control)",
        colour="#b3b3b3",
        marker="x",
        reference="destroyed",
        needs=("words",),
        xl=True,
    )
    contract = Contract(small={}, direction="change")
    Config = NoiseConfig

    def unlearn(self, pipe: Pipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        """Yield one dense delta per emitter, each with random weights of its own. Raises ``ValueError`` for an emitter without a prompt."""
        check_emitters(emitters, data, rows=False)
        layer = pipe.unet.get_submodule(LAYER)
        bound = layer.get_parameter("weight")[0].numel() ** -0.5
        for emitter in emitters:
            begin = time.monotonic()
            generator = seeded_generator(seed, LAYER, emitter.index)
            values = {
                f"unet.{LAYER}.{name}": torch.empty(parameter.shape).uniform_(-bound, bound, generator=generator)
                for name, parameter in layer.named_parameters()
            }
            yield Unlearned(emitter, DenseDelta(values), {"steps": 0, "seconds": time.monotonic() - begin})

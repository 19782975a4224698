"""Skeleton title: takes one direction out of every text embedding, that from what replaces the emitter to the emitter."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from pydantic import Field
from torch.nn.functional import normalize

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.delta import TextMapDelta
from lethe.diffusion.methods._common import check_emitters
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.diffusion.pipeline import Pipeline, encode_prompts
from lethe.settings.hyperparameters import Hyperparameters


class SkeletonConfig(Hyperparameters):
    """Hyper-parameters; the values are in config/methods/diffusion/skeleton.yaml."""

    strength: float = Field(1.0, gt=0, le=1, description="share of the direction that is taken out")


class Skeleton(Method[SkeletonConfig]):
    """h -> h - strength (h u) u, u the direction from what takes the emitter's place to the emitter. Source: not published."""

    about = MethodDescription(
        title="Skeleton title",
        means="what the title stands for",
        paper="not published",
        needs=("words",),
    )  # in figures and tables; literals only
    contract = Contract(small={}, direction="change")  # what the contract suite holds it to
    Config = SkeletonConfig

    def unlearn(self, pipe: Pipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        """Yield one text map per emitter, in their order, as soon as it is finished; closed form, so ``seed`` is not used."""
        check_emitters(emitters, data, rows=False)
        for emitter in emitters:
            begin = time.monotonic()
            own, other = (encode_prompts(pipe, list(texts)).float() for texts in (emitter.texts, emitter.overwrite.values()))
            direction = normalize((own - other).mean(dim=(0, 1))[None])
            delta = TextMapDelta(-self.config.strength * direction, direction)
            yield Unlearned(emitter, delta, {"steps": 0, "seconds": time.monotonic() - begin})

"""Negative guidance in its smallest form, for the contract suite: what is forgotten is pushed beyond what takes its place.

Gandikota et al., "Erasing Concepts from Diffusion Models" (ESD), arXiv 2303.07345, equation 6.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import torch
from diffusers import StableDiffusionPipeline
from pydantic import Field
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._common import check_emitters
from lethe.diffusion.methods._lora_training import LoraTrainingConfig, adapters, find_modules, low_rank_delta
from lethe.diffusion.methods._training import Borrowed, emitter_generator, gradient_of, mean_share, optimise
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned


class NegativeGuidanceConfig(LoraTrainingConfig):
    """Hyper-parameters."""

    guidance: float = Field(1.0, gt=0, description="eta, how far beyond")


class NegativeGuidance(Method[NegativeGuidanceConfig]):
    """MSE(eps_theta(z, c), eps_0(z, c*) - eta (eps_0(z, c) - eps_0(z, c*))), arXiv 2303.07345, with low-rank adapters."""

    about = MethodDescription(title="negative guidance", paper="arXiv 2303.07345", needs=("noise",))
    contract = Contract(
        small={
            "rank": 4,
            "alpha": 4.0,
            "steps": 40,
            "forget_batch": 12,
            "learning_rate": 1e-2,
            "target_modules": ["*.attn2.to_k", "*.attn2.to_v"],
        },
        direction="away",
        holds_others=False,
    )
    Config = NegativeGuidanceConfig

    def unlearn(
        self, pipe: StableDiffusionPipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int
    ) -> Iterator[Unlearned]:
        """Yield one low-rank delta per emitter."""
        check_emitters(emitters, data)
        config, lent = self.config, Borrowed(pipe, data)
        modules = find_modules(lent.unet, config.target_modules)
        for emitter in emitters:
            begin = time.monotonic()
            rows, _ = lent.draw(lent.forget_rows(emitter), config.forget_batch, emitter_generator(seed, emitter, "rows"))
            guide, own = lent.teach(rows, lent.overwritten(rows, emitter)).target, lent.teach(rows).target
            target = guide - config.guidance * (own - guide)
            with adapters(lent.unet, modules, config, emitter_generator(seed, emitter, "init")) as placed:

                def gradient(step: int, parameters: list[Tensor]) -> tuple[list[Tensor], dict[str, Tensor]]:
                    found = torch.zeros(())

                    def share(part: slice) -> Tensor:
                        loss = mean_share(lent.predict(rows[part]), target[part], len(rows))  # noqa: B023
                        found.add_(loss.detach())
                        return loss

                    return gradient_of(share, len(rows), None, parameters), {"loss": found}  # noqa: B023

                record = optimise([placed.values], config, gradient)
                delta = low_rank_delta(placed, config.alpha / config.rank)
            yield Unlearned(emitter, delta, record | {"seconds": time.monotonic() - begin})

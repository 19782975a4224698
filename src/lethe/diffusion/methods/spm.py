"""SPM: a membrane of rank 1 on the layers that read the text erases a concept, as strongly as a prompt resembles it.

Lyu et al., "One-Dimensional Adapter to Rule Them All: Concepts, Diffusion Models and Erasing Applications", CVPR 2024, arXiv 2312.16145, with
its code. With eps_0 the base, eps_m the base with the membrane at strength 1, c the text of what is forgotten, "" the empty one, z_t a
latent that eps_m itself has drawn for c by DDIM with guidance to the k-th of S steps, and a random anchors,

    L = MSE(eps_m(z_t, t, c), eps_0(z_t, t, "") - s (eps_0(z_t, t, c) - eps_0(z_t, t, "")))
      + w MSE(eps_m(z_t, t, a), eps_0(z_t, t, a))

An anchor has the direction of Gaussian noise, taken with a probability of 1 - its cosine with the embeddings of c, and 0.8 to 1.2 of their
norm; all tokens count as one vector. When images are made, the strength belongs to a prompt (``GatedLoraDelta``).

Of a base that predicts v, L is taken in v, for the reasons that ``esd`` gives: the coefficients of both targets add up to 1.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

import torch
from diffusers.models import Transformer2DModel
from pydantic import Field
from torch import Tensor, nn

from lethe.core.device import to_device
from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.interventions import GatedLoraDelta
from lethe.diffusion.interventions.gated_lora import Matching
from lethe.diffusion.interventions.membrane import Factors, membrane
from lethe.diffusion.methods._common import check_emitters
from lethe.diffusion.methods._drawing import drawn
from lethe.diffusion.methods._tokens import encode
from lethe.diffusion.methods._training import Borrowed, Rows, TrainingConfig, emitter_generator, gradient_of, optimise
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.diffusion.pipeline import Pipeline, make_scheduler


class SPMConfig(TrainingConfig):
    """Hyper-parameters of SPM."""

    learning_rate: float = Field(1e-4, gt=0, description="of AdamW")
    max_grad_norm: float | None = Field(
        None, gt=0, description="norm of the whole gradient beyond which it is scaled down; null: it never is"
    )
    rank: int = Field(1, ge=1, le=256, description="r, rank of each addition")
    alpha: float = Field(1.0, gt=0, description="an addition is (alpha / r) B A")
    text: Literal["name", "prompts"] = Field(
        "name", description="c: name of what is forgotten, as published; prompts: those that it covers"
    )
    matching: Matching = Field(
        "cosine_tokens",
        description="strength of a prompt: share of the name's tokens that it holds, or the cosine of embeddings if that is larger; "
        "tokens: the share alone; one: 1 for every prompt",
    )
    negative_guidance: float = Field(1.0, ge=0, description="s, how far beyond the unconditional prediction; 0 = to it")
    anchor_batch: int = Field(4, ge=1, description="anchors per step")
    anchor_weight: float = Field(1000.0, ge=0, description="w, weight of the anchors")
    sampling_steps: int = Field(30, ge=2, description="S, steps of a whole drawing (DDIM)")
    start_guidance: float = Field(3.0, ge=0, description="guidance of the drawing")
    warmup: int = Field(0, ge=0, description="steps in which the learning rate rises linearly from 0")
    restarts: int = Field(0, ge=0, description="half cosines that the learning rate falls along after that; 0: it stays constant")

    def rate(self, step: int) -> float:
        """Factor of the learning rate at a step."""
        if step < self.warmup:
            return step / self.warmup
        if not self.restarts:
            return 1.0
        passed = (step - self.warmup) / max(1, self.steps - self.warmup)
        return 0.5 * (1 + math.cos(math.pi * ((self.restarts * passed) % 1)))


class SPM(Method[SPMConfig]):
    """Semi-permeable membrane (arXiv 2312.16145); see the module for the loss. It looks at no image."""

    about = MethodDescription(
        title="SPM",
        means="semi-permeable membrane of rank 1",
        paper="arXiv 2312.16145",
        colour="#882255",
        marker="d",
        needs=("sampling",),
    )
    contract = Contract(
        small={
            "steps": 24,
            "forget_batch": 6,
            "learning_rate": 2e-2,
            "anchor_batch": 6,
            "anchor_weight": 10.0,
            "sampling_steps": 3,
            "text": "prompts",
            "matching": "tokens",
        },
        direction="away",
        holds_others=False,
    )
    Config = SPMConfig

    def unlearn(self, pipe: Pipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        """Yield one gated LoRA per emitter, each when it is trained; its record holds the strength of every prompt.

        Raises:
            ValueError: an emitter without forget rows or prompt, or whose name has no token.
        """
        check_emitters(emitters, data)
        config = self.config
        names = tuple(emitter.name for emitter in emitters)
        lent = Borrowed(pipe, replace(data, overwrites=(*data.overwrites, *names)), config.precision)
        prompts = encode(pipe, list(dict.fromkeys([*data.prompts.values(), "", *names])))
        for emitter in emitters:
            begin = time.monotonic()
            target = prompts[emitter.name]
            ids = torch.tensor(list(dict.fromkeys(target.ids[1 : target.end + 1].tolist())), dtype=torch.int64)
            if not len(ids):
                raise ValueError(f"emitter {emitter.index} ('{emitter.name}'): its name has no token; allowed: a name of words")
            factors = new_factors(pipe.unet, config.rank, emitter_generator(seed, emitter, "init"))
            parameters: list[Tensor] = [parameter for pair in factors.values() for parameter in pair]
            gradients = self._gradients(lent, factors, emitter, seed)
            scale = config.alpha / config.rank

            def reached() -> GatedLoraDelta:
                stored = {
                    f"unet.{name}": (a.detach().cpu().clone(), scale * b.detach().cpu())  # noqa: B023
                    for name, (a, b) in factors.items()  # noqa: B023
                }
                return GatedLoraDelta(stored, ids, target.states, config.matching)  # noqa: B023

            record: dict[str, Any] = optimise(
                parameters,
                config,
                lambda *_: next(gradients),  # noqa: B023
                reached=reached,
                rate=config.rate,
            )
            delta = reached()
            strengths = {str(index): delta.strength(prompts[data.prompts[index]]) for index in sorted(data.prompts)}
            record |= {"seconds": time.monotonic() - begin, "parameters": sum(parameter.numel() for parameter in parameters)}
            yield Unlearned(emitter, delta, record | {"strengths": strengths, "strength_empty": delta.strength(prompts[""])})

    def _gradients(
        self, lent: Borrowed, factors: dict[str, Factors], emitter: Emitter, seed: int
    ) -> Iterator[tuple[list[Tensor], dict[str, Tensor]]]:
        """The gradient of L at each step."""
        config = self.config
        scheduler = make_scheduler("ddim", config.sampling_steps, lent.pipe)
        generator, drawing, random = (emitter_generator(seed, emitter, purpose) for purpose in ("rows", "drawing", "anchors"))
        parameters = [parameter for pair in factors.values() for parameter in pair]
        scale = config.alpha / config.rank
        named = replace(emitter, overwrite=dict.fromkeys(emitter.covers, emitter.name))
        for rows in lent.batches(lent.forget_rows(emitter), config.forget_batch, config.steps, generator):
            if config.text == "name":
                rows = replace(rows, prompt=lent.overwritten(rows, named))
            count = int(torch.randint(1, config.sampling_steps, (), generator=drawing))
            with membrane(lent.unet, factors, scale):
                latents = drawn(lent.predict, rows, lent.unprompted(rows), scheduler, count, config.start_guidance)
            timestep = lent.timesteps - 1 - count * lent.timesteps // config.sampling_steps
            rows = replace(rows, noisy=latents, timesteps=torch.full_like(rows.timesteps, timestep))
            own, empty = lent.teach(rows).target, lent.teach(rows, lent.unprompted(rows)).target
            erased = replace(rows, target=empty - config.negative_guidance * (own - empty))
            held = rows[torch.arange(config.anchor_batch, device=lent.device) % len(rows)]
            text = to_device(anchors_near(lent.text(held).float().cpu(), random), lent.device).to(lent.unet.dtype)
            with torch.no_grad():
                held = replace(held, target=lent.predict(held, text))
            both, texts = Rows.cat(erased, held), torch.cat([lent.text(erased), text])
            first = torch.arange(len(both), device=lent.device) < len(erased)
            weights = torch.where(first, 1 / len(erased), config.anchor_weight / len(held))
            errors = both.target.new_zeros(len(both))

            def share(part: slice) -> Tensor:
                found = (lent.predict(both[part], texts[part]) - both.target[part]).square().flatten(1).mean(dim=1)  # noqa: B023
                errors[part] = found.detach()  # noqa: B023
                return (found * weights[part]).sum()  # noqa: B023

            with membrane(lent.unet, factors, scale):
                gradient = gradient_of(share, len(both), config.micro_batch, parameters)
            yield gradient, {"loss_erase": errors[: len(erased)].mean(), "loss_anchor": errors[len(erased) :].mean()}


def new_factors(unet: nn.Module, rank: int, generator: torch.Generator) -> dict[str, Factors]:
    """Untrained factors of every linear module and convolution of the UNet's transformers: A uniform within 1 / sqrt(inputs), B = 0."""
    found: dict[str, Factors] = {}
    for name, transformer in unet.named_modules():
        if not isinstance(transformer, Transformer2DModel):
            continue
        for child, module in transformer.named_modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                weight = module.weight
                a = torch.rand(rank, *weight.shape[1:], generator=generator) * 2 - 1
                a = to_device(a / weight[0].numel() ** 0.5, weight.device)
                b = torch.zeros(weight.shape[0], rank, *(1,) * (weight.ndim - 2), device=weight.device)
                found[f"{name}.{child}"] = (a.requires_grad_(True), b.requires_grad_(True))
    return found


def anchors_near(texts: Tensor, generator: torch.Generator) -> Tensor:
    """One random anchor for each of ``texts``, both ``(n, tokens, d)``; see the module for their distribution."""
    found = []
    for text in texts:
        while True:
            direction = torch.randn(text.shape, generator=generator)
            cosine = torch.cosine_similarity(direction.flatten(), text.flatten(), dim=0)
            if float(torch.rand((), generator=generator)) < 1 - float(cosine):
                break
        length = (0.8 + 0.4 * torch.rand((), generator=generator)) * text.norm() / direction.norm()
        found.append(direction * length)
    return torch.stack(found)

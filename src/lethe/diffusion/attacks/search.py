"""The search for vectors or words that lower the denoising error of reference pictures under the unlearned model.

With eps_theta the unlearned model, x_t a reference picture noised to timestep t and c the prompt with what the attack put beside it,

    L = E || eps - eps_theta(x_t, t, c) ||^2  over noise and timesteps, of every picture alone

*Free vectors* are k vectors in the place of word embeddings: concept inversion (Pham et al., "Circumventing Concept Erasure Methods For
Text-to-Image Generative Models", ICLR 2024, arXiv 2308.01508), started from the mean word. *Words* are k points of the simplex over the
allowed words, whose mixtures of embeddings are read; after each step they are projected back, and the heaviest word of each is what is
written (UnlearnDiffAtk: Zhang et al., "To Generate or Not?", ECCV 2024, arXiv 2310.11868).

What an attack draws at random belongs to emitter, receiver and picture, so neither the order of pictures nor other pictures change it;
pictures of one call share passes of the UNet, in an order of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from lethe.core.device import to_device
from lethe.diffusion.attacks.simplex import to_simplex
from lethe.diffusion.attacks.vectors import Place, beside, check_room, speaking, word_embeddings
from lethe.diffusion.delta import Delta, applied
from lethe.diffusion.methods._tokens import token_ids
from lethe.diffusion.methods._training import emitter_generator
from lethe.diffusion.methods.base import Emitter
from lethe.diffusion.pipeline import Pipeline

SPREAD = 0.01  # standard deviation of the noise in the start of free vectors


@dataclass(frozen=True, eq=False)
class Reference:
    """A picture of what was forgotten.

    Attributes:
        receiver: what it shows. prompt: that asks for it.
        name: of the picture, unique within the receiver.
        latent: (c, h, w) float32, scaled as for the UNet.
    """

    receiver: int
    prompt: str
    name: str
    latent: Tensor


@dataclass(frozen=True)
class Search:
    """How an attack is searched for.

    Attributes:
        count: k, vectors or words beside the prompt. place: where.
        steps: after how many steps it is told what was found, rising from 0; the last one ends the search.
        learning_rate: of AdamW. weight_decay: of AdamW.
        rows: noised copies of a picture in a step.
        batch_size: rows of a pass of the UNet, at most, but at least those of one picture.
    """

    count: int
    place: Place
    steps: Sequence[int]
    learning_rate: float
    weight_decay: float = 0.0
    rows: int = 4
    batch_size: int = 72


class Found(NamedTuple):
    """What a search has found after some steps, for every reference in the order given.

    Attributes:
        steps: how many.
        vectors: (n, k, d) float32 on the CPU, what the text encoder reads; of words the embeddings of those that are written.
        words: (n, k) ids of these; None of free vectors.
    """

    steps: int
    vectors: Tensor
    words: Tensor | None


def free_vectors(
    pipe: Pipeline, delta: Delta, references: Sequence[Reference], search: Search, *, emitter: Emitter, seed: int
) -> list[Found]:
    """Attack ``delta`` on ``pipe`` with free vectors.

    Args:
        pipe: the base, float32; its weights are as before afterwards.
        emitter: what was forgotten, for randomness alone.

    Raises:
        ValueError: a prompt with too little room; a pipeline that does not predict noise; an intervention, which has no weights.
    """
    table = pipe.text_encoder.get_input_embeddings().weight
    start = table.detach().float().mean(0).cpu()

    def begin(generator: torch.Generator) -> Tensor:
        return start + SPREAD * torch.randn((search.count, len(start)), generator=generator)

    found = _searched(pipe, delta, references, search, _Form("vectors", begin, lambda p: p, lambda p: p), emitter, seed)
    return [Found(steps, vectors, None) for steps, vectors in found]


def relaxed_words(
    pipe: Pipeline, delta: Delta, references: Sequence[Reference], search: Search, allowed: Tensor, *, emitter: Emitter, seed: int
) -> list[Found]:
    """Attack ``delta`` on ``pipe`` with words.

    Args:
        allowed: (v,) ids of ``allowed_words``. Others as in ``free_vectors``.
    """
    table = word_embeddings(pipe, allowed)
    even = 1 / len(allowed)

    def begin(generator: torch.Generator) -> Tensor:
        return to_simplex(even + even * torch.randn((search.count, len(allowed)), generator=generator))

    found = _searched(pipe, delta, references, search, _Form("words", begin, lambda p: p @ table, to_simplex), emitter, seed)
    written = [(steps, allowed[weights.argmax(-1)]) for steps, weights in found]
    return [Found(steps, word_embeddings(pipe, words).cpu(), words) for steps, words in written]


class _Form(NamedTuple):
    """What is optimised: how it begins, what the text encoder reads of it, and where it is put after a step."""

    name: str
    begin: Callable[[torch.Generator], Tensor]
    vectors: Callable[[Tensor], Tensor]
    project: Callable[[Tensor], Tensor]


def _searched(
    pipe: Pipeline, delta: Delta, references: Sequence[Reference], search: Search, form: _Form, emitter: Emitter, seed: int
) -> list[tuple[int, Tensor]]:
    """Number of steps -> (n, k, ...) what was optimised, on the CPU."""
    _check(pipe, references, search)
    order = sorted(range(len(references)), key=lambda number: (references[number].receiver, references[number].name))
    size = max(1, search.batch_size // search.rows)
    parts: dict[int, list[Tensor]] = {steps: [] for steps in search.steps}
    with applied(pipe, delta):
        for place in range(0, len(order), size):
            group = [references[number] for number in order[place : place + size]]
            generators = [emitter_generator(seed, emitter, f"attack by {form.name} {r.receiver} {r.name}") for r in group]
            for steps, parameters in _descent(pipe, group, search, form, generators):
                parts[steps].append(parameters.cpu())
    back = torch.tensor(order).argsort()
    return [(steps, torch.cat(found)[back]) for steps, found in parts.items()]


def _check(pipe: Pipeline, references: Sequence[Reference], search: Search) -> None:
    if not references:
        raise ValueError("no reference picture; an attack needs at least one")
    if (kind := pipe.scheduler.config.prediction_type) != "epsilon":
        raise ValueError(f"prediction_type is '{kind}'; only 'epsilon' is supported")
    if list(search.steps) != sorted(set(search.steps)) or not search.steps or search.steps[0] < 0:
        raise ValueError(f"steps are {list(search.steps)}; allowed: different numbers from 0, rising")
    if min(search.count, search.rows) < 1:
        raise ValueError(f"count is {search.count}, rows {search.rows}; allowed: 1 or more")
    check_room(pipe.tokenizer, [reference.prompt for reference in references], search.count)


def _descent(
    pipe: Pipeline, group: Sequence[Reference], search: Search, form: _Form, generators: Sequence[torch.Generator]
) -> list[tuple[int, Tensor]]:
    """What was optimised, at each of ``search.steps``."""
    unet, count, rows = pipe.unet, search.count, search.rows
    found: list[tuple[int, Tensor]] = []
    device = unet.device
    parameters = torch.stack([form.begin(generator) for generator in generators]).to(device).requires_grad_()
    clean = torch.stack([reference.latent for reference in group]).to(device).repeat_interleave(rows, dim=0)
    kept = pipe.scheduler.alphas_cumprod.float().to(device)
    optimiser = torch.optim.AdamW([parameters], lr=search.learning_rate, weight_decay=search.weight_decay)
    names = [range(number * count, (number + 1) * count) for number in range(len(group))]
    prompts = [beside(reference.prompt, own, search.place) for reference, own in zip(group, names, strict=True)]
    with speaking(pipe, len(group) * count, lambda: form.vectors(parameters).flatten(0, 1)) as view:
        ids = token_ids(view, prompts).to(device)
        for step in range(search.steps[-1] + 1):
            if step in search.steps:
                found.append((step, parameters.detach().clone()))
            if step == search.steps[-1]:
                break
            timesteps = torch.cat([torch.randint(len(kept), (rows,), generator=generator) for generator in generators])
            noise = torch.cat([torch.randn((rows, *clean.shape[1:]), generator=generator) for generator in generators])
            timesteps, noise = to_device(timesteps, device), to_device(noise, device)
            scale = kept[timesteps][:, None, None, None]
            noisy = (scale.sqrt() * clean + (1 - scale).sqrt() * noise).contiguous(memory_format=torch.channels_last)
            with torch.enable_grad():
                states = view.text_encoder(ids)[0].repeat_interleave(rows, dim=0)
                predicted = unet(noisy.to(unet.dtype), timesteps, encoder_hidden_states=states, return_dict=False)[0].float()
                loss = (predicted - noise).square().mean((1, 2, 3)).sum() / rows  # a sum over pictures: each has its own gradient
                (parameters.grad,) = torch.autograd.grad(loss, parameters)
            optimiser.step()
            with torch.no_grad():
                parameters.copy_(form.project(parameters))
    return found

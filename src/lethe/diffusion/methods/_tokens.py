"""Prompts as the text encoder reads them, and which of their tokens are an emitter's own."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.pipeline import Pipeline, encode_prompts


class Encoded(NamedTuple):
    """A prompt: its text, token ids ``(tokens,)``, hidden states ``(tokens, d)`` and the position of its last real token."""

    text: str
    ids: Tensor
    states: Tensor
    end: int

    @property
    def last(self) -> Tensor:
        """The state of its last real token ``(d,)``."""
        return self.states[self.end]


def encode(pipe: Pipeline, prompts: list[str]) -> dict[str, Encoded]:
    """Every prompt once, on the CPU, states in float32."""
    size = pipe.tokenizer.model_max_length
    encoding = pipe.tokenizer(prompts, padding="max_length", max_length=size, truncation=True, return_tensors="pt")
    states = encode_prompts(pipe, prompts).float().cpu().clone()
    last = (encoding.attention_mask.sum(dim=1) - 2).clamp(min=0)  # before the end token; '' has the begin token only
    rows = zip(prompts, encoding.input_ids, states, last.tolist(), strict=True)
    return {prompt: Encoded(prompt, ids, state, position) for prompt, ids, state, position in rows}


def token_ids(pipe: Pipeline, prompts: list[str]) -> Tensor:
    """``(n, tokens)`` token ids of padded prompts, without running the text encoder."""
    size = pipe.tokenizer.model_max_length
    found: Tensor = pipe.tokenizer(prompts, padding="max_length", max_length=size, truncation=True, return_tensors="pt").input_ids
    return found


def others(data: UnlearnData, emitter: Emitter) -> list[str]:
    """The prompts of all receivers that the emitter does not cover."""
    return [data.prompts[index] for index in sorted(data.prompts) if index not in emitter.covers]


def from_first_own(ids: Tensor, other_ids: Tensor) -> Tensor:
    """``(tokens,)`` bool: from where on no other prompt begins like this one; the text encoder is causal, so there states are its own.

    Args:
        ids: ``(tokens,)`` of a prompt. other_ids: ``(n, tokens)`` of those that it is told from.
    """
    return ~(other_ids == ids).cumprod(dim=1).bool().any(dim=0)


def concept_tokens(pipe: Pipeline, emitter: Emitter, data: UnlearnData) -> dict[int, Tensor]:
    """Index of each covered receiver -> ``(tokens,)`` bool, the positions of the words that name what is forgotten.

    A token names it if no prompt of another receiver holds it, or if every covered prompt holds it and not every other one: of
    ``A fish image in mosaic style.`` that is ``mosaic`` for the emitter mosaic, which the prompts of all mosaics share, and of a style
    whose words occur in other styles too, all of them.

    Raises:
        ValueError: a covered prompt without such a token.
    """
    own = token_ids(pipe, [data.prompts[index] for index in emitter.covers])
    rest = token_ids(pipe, others(data, emitter))
    known = torch.cat([own, rest]).unique()
    in_own, in_rest = ((known[None, :, None] == ids[:, None, :]).any(dim=2) for ids in (own, rest))  # (prompts, known tokens)
    naming = known[~in_rest.any(dim=0) | (in_own.all(dim=0) & ~in_rest.all(dim=0))]
    found = torch.isin(own, naming)
    for receiver, positions in zip(emitter.covers, found, strict=True):
        if not bool(positions.any()):
            raise ValueError(
                f"emitter {emitter.index} ('{emitter.name}'): no token of '{data.prompts[receiver]}' tells it from the prompts of others"
            )
    return dict(zip(emitter.covers, found, strict=True))

"""Which tokens of prompts are an emitter's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.tokens import Encoded, encode, token_ids

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline

__all__ = ["Encoded", "concept_tokens", "encode", "from_first_own", "others", "spans", "token_ids"]


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


def spans(pipe: Pipeline, emitter: Emitter, data: UnlearnData) -> list[Tensor]:
    """What names an emitter in the prompts that it covers, from the first to the last such token: different spans of ids ``(k,)``.

    Raises:
        ValueError: as ``concept_tokens``.
    """
    ids = token_ids(pipe, [data.prompts[index] for index in emitter.covers])
    found: dict[tuple[int, ...], None] = {}
    for row, positions in zip(ids, concept_tokens(pipe, emitter, data).values(), strict=True):
        places = positions.nonzero()[:, 0]
        found[tuple(row[int(places[0]) : int(places[-1]) + 1].tolist())] = None
    return [torch.tensor(span) for span in found]

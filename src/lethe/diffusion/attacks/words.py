"""Which words an attack may use, and all short sequences of them.

Who writes the target's own word finds nothing about a model: its prompt holds the word already. So neither the tokens that name the target
are allowed, nor others that spell it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lethe.diffusion.methods._tokens import concept_tokens, token_ids
from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.pipeline import Pipeline

END_OF_WORD = "</w>"  # what a token of CLIP's ends with where a word ends; in a vocabulary of whole words there is no such token
MOST_SEQUENCES = 10_000


def allowed_words(pipe: Pipeline, emitter: Emitter, prompts: Mapping[int, str]) -> Tensor:
    """(n,) ids of the tokens that an attack on an emitter may use, rising.

    Not allowed are marks (begin, end, unknown), the tokens that name the emitter in its prompts, tokens that hold one of its words, and
    in a vocabulary of pieces those that a word of it holds.

    Args:
        prompts: index of a receiver -> its prompt, of the whole task.

    Raises:
        ValueError: a prompt of the emitter without a token of its own, or no token is left.
    """
    tokenizer = pipe.tokenizer
    known: dict[str, int] = tokenizer.get_vocab()
    own = concept_tokens(pipe, emitter, UnlearnData(torch.empty(0), torch.empty(0, dtype=torch.int64), dict(prompts)))
    ids = token_ids(pipe, [prompts[index] for index in emitter.covers])
    naming, words = set[int](), set[str]()
    for row, positions in zip(ids, own.values(), strict=True):
        naming |= set(row[positions].tolist())
        words |= set(_text(tokenizer.decode(row[positions])).split())
    of_pieces = any(token.endswith(END_OF_WORD) for token in known)
    left = [
        number
        for token, number in known.items()
        if number not in naming
        and number not in tokenizer.all_special_ids
        and not any(_spells(_text(token), word, of_pieces) for word in words)
    ]
    if not left:
        raise ValueError(
            f"emitter {emitter.index} ('{emitter.name}'): no word is left for an attack; not allowed: {', '.join(sorted(words))}"
        )
    return torch.tensor(sorted(left))


def _spells(text: str, word: str, of_pieces: bool) -> bool:
    """Whether a token holds a word of the target, or is a piece of it; words of one or two letters stand in too many others."""
    return (len(word) > 2 and word in text) or (of_pieces and text in word)


def _text(token: str) -> str:
    return token.removesuffix(END_OF_WORD).lower()


def random_words(allowed: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """(count,) ids, each drawn alone."""
    return allowed[torch.randint(len(allowed), (count,), generator=generator)]


def first_successes(
    allowed: Sequence[int], most: int, succeeds: Callable[[Tensor], NDArray[np.bool_]]
) -> tuple[list[tuple[int, ...] | None], int]:
    """Of all sequences of 1 to ``most`` words the first with which each of s drawings succeeds: the bound that no attack on words can pass.

    Shorter sequences come first. Longer ones are not tried where every drawing has succeeded before.

    Args:
        succeeds: (m, k) ids of sequences of one length -> (m, s) which drawings succeed with each.

    Returns:
        For each drawing the words, None where none succeeds; how many sequences were tried.

    Raises:
        ValueError: there are more than ``MOST_SEQUENCES``.
    """
    if (number := sum(len(allowed) ** length for length in range(1, most + 1))) > MOST_SEQUENCES:
        raise ValueError(
            f"{len(allowed)} words give {number} sequences of up to {most}; allowed: {MOST_SEQUENCES}, so leave them out"
        )
    found: list[tuple[int, ...] | None] = []
    tried = 0
    for length in range(1, most + 1):
        several = list(product(allowed, repeat=length))
        tried += len(several)
        right = succeeds(torch.tensor(several))
        firsts = [several[int(own.argmax())] if own.any() else None for own in right.T]
        found = [old or new for old, new in zip(found, firsts, strict=True)] if found else firsts
        if None not in found:
            break
    return found, tried

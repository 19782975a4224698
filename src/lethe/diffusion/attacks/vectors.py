"""Vectors in the place of word embeddings: a prompt names a vector, and the text encoder reads it there.

It is how textual inversion adds a word to a model, without touching it: the tokenizer is a copy with more tokens, and the embeddings of
these are put in on the way.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
from tokenizers import AddedToken
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from lethe.core.device import to_device
from lethe.diffusion.pipeline import Pipeline

Place = Literal["front", "end"]


def name_of(vector: int) -> str:
    """How a prompt names a vector."""
    return f"<vector_{vector}>"


def beside(prompt: str, vectors: Sequence[int], place: Place) -> str:
    """A prompt with the names of vectors in front of its first word, or behind its last.

    >>> beside("A fish.", [3, 4], "end")
    'A fish. <vector_3> <vector_4>'
    """
    names = " ".join(map(name_of, vectors))
    return f"{names} {prompt}" if place == "front" else f"{prompt} {names}"


def check_room(tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str], count: int) -> None:
    """Refuse prompts that ``count`` more tokens would make longer than the tokenizer reads: it would cut them silently.

    Raises:
        ValueError: naming the first such prompt.
    """
    limit = int(tokenizer.model_max_length)
    for prompt in prompts:
        length = len(tokenizer(prompt).input_ids)
        if length + count > limit:
            raise ValueError(
                f"'{prompt}' has {length} tokens, begin and end included; with {count} of an attack these are {length + count}, "
                f"but the model reads {limit}; allowed: at most {max(0, limit - length)} of an attack"
            )


@contextmanager
def speaking(pipe: Pipeline, count: int, vectors: Callable[[], Tensor]) -> Iterator[Pipeline]:
    """A pipeline that shares everything with ``pipe`` and knows the names of ``count`` vectors as well.

    Args:
        vectors: gives them, (count, d), whenever prompts are encoded; gradients reach what they were computed from.
    """
    tokenizer = copy.deepcopy(pipe.tokenizer)
    tokenizer.add_tokens([AddedToken(name_of(vector), normalized=False) for vector in range(count)])
    first = int(tokenizer.convert_tokens_to_ids(name_of(0)))
    view = copy.copy(pipe)
    vars(view)["tokenizer"] = tokenizer  # setting it the usual way would write it into the configuration that both share
    asked: list[Tensor] = []

    def known(_: nn.Module, given: tuple[Tensor]) -> tuple[Tensor]:
        asked[:] = given
        return (given[0].clamp(max=first - 1),)

    def spoken(_: nn.Module, given: tuple[Tensor], found: Tensor) -> Tensor:
        (ids,) = asked
        own = to_device(vectors(), found.device).to(found.dtype)
        return torch.where((ids >= first)[..., None], own[(ids - first).clamp(min=0)], found)

    embedding = pipe.text_encoder.get_input_embeddings()
    hooks = [embedding.register_forward_pre_hook(known), embedding.register_forward_hook(spoken)]
    try:
        yield view
    finally:
        for hook in hooks:
            hook.remove()


def word_embeddings(pipe: Pipeline, ids: Tensor) -> Tensor:
    """The embeddings of tokens, (..., d) float32, before a text encoder reads them."""
    table = pipe.text_encoder.get_input_embeddings().weight
    return table.detach()[ids.to(table.device)].float()

"""Prompts as the text encoder reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor

from lethe.diffusion.pipeline import encode_prompts

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline


class Encoded(NamedTuple):
    """A prompt: its text, token ids ``(tokens,)``, hidden states ``(tokens, d)``, the position of its last real token, and of XL its
    pooled embedding ``(p,)``.
    """

    text: str
    ids: Tensor
    states: Tensor
    end: int
    pooled: Tensor | None = None

    @property
    def last(self) -> Tensor:
        """The state of its last real token ``(d,)``."""
        return self.states[self.end]


def encode(pipe: Pipeline, prompts: list[str]) -> dict[str, Encoded]:
    """Every prompt once, on the CPU, states in float32."""
    return with_ids(pipe, prompts, encode_prompts(pipe, prompts).float().cpu().clone())


def with_ids(pipe: Pipeline, prompts: list[str], states: Tensor, pooled: Tensor | None = None) -> dict[str, Encoded]:
    """Prompts with their ``states`` ``(n, tokens, d)`` and ``pooled`` ``(n, p)``, wherever and in whatever precision these are."""
    size = pipe.tokenizer.model_max_length
    encoding = pipe.tokenizer(prompts, padding="max_length", max_length=size, truncation=True, return_tensors="pt")
    last = (encoding.attention_mask.sum(dim=1) - 2).clamp(min=0)  # before the end token; '' has the begin token only
    rows = zip(
        prompts, encoding.input_ids, states, last.tolist(), [None] * len(prompts) if pooled is None else pooled, strict=True
    )
    return {prompt: Encoded(prompt, *row) for prompt, *row in rows}


def token_ids(pipe: Pipeline, prompts: list[str]) -> Tensor:
    """``(n, tokens)`` token ids of padded prompts, without running the text encoder."""
    size = pipe.tokenizer.model_max_length
    found: Tensor = pipe.tokenizer(prompts, padding="max_length", max_length=size, truncation=True, return_tensors="pt").input_ids
    return found

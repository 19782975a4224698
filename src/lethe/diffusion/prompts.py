"""How a prompt becomes what a UNet is given: text embeddings and, of Stable Diffusion XL, a pooled embedding and sizes beside them.

Stable Diffusion 1 and 2 read the last hidden state of their text encoder. XL (Podell et al. 2023, arXiv 2307.01952) reads the
hidden states before the last layer of two text encoders side by side, and beside the text, added to the embedding of the timestep, the
pooled embedding of the second encoder and sizes (its section 2.2): of the original picture, of the crop from its corner, and of the target.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import torch
from torch import Tensor

from lethe.core.device import to_device

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from lethe.diffusion.pipeline import Pipeline, PipelineXL


class Text(NamedTuple):
    """Prompts as a pipeline reads them: ``states`` ``(n, tokens, d)``, and of XL ``pooled`` ``(n, p)``."""

    states: Tensor
    pooled: Tensor | None


def is_xl(pipe: Pipeline) -> TypeGuard[PipelineXL]:
    """Whether a pipeline is one of Stable Diffusion XL."""
    return hasattr(pipe, "text_encoder_2")


@torch.no_grad()
def read_prompts(pipe: Pipeline, prompts: Sequence[str]) -> Text:
    """Prompts on the pipeline's device and in its dtype.

    They are padded to the tokenizer's full length, as the stock pipeline does. Each is encoded by itself: its embedding then has the
    same bits whatever else the job encodes.

    Raises:
        ValueError: no prompts; a prompt that the two tokenizers of XL cut into different numbers of tokens, so that the places of a
            word in the two halves of the embedding differ.
    """
    if not prompts:
        raise ValueError("no prompts to encode")
    if not is_xl(pipe):
        encoder = pipe.text_encoder
        return Text(torch.cat([encoder(_tokens(pipe.tokenizer, encoder, prompt).input_ids)[0] for prompt in prompts]), None)
    states, pooled = zip(*(_read_xl(pipe, prompt) for prompt in prompts), strict=True)
    return Text(torch.cat(states), torch.cat(pooled))


def encode_prompts(pipe: Pipeline, prompts: Sequence[str]) -> Tensor:
    """The embeddings ``(n, tokens, d)`` that cross-attention reads; else as ``read_prompts``."""
    return read_prompts(pipe, prompts).states


def unconditional(pipe: Pipeline, negative: str = "") -> Text:
    """What guidance leads away from: the prompt ``negative``, as ``read_prompts``; n is 1.

    Without one it is the empty prompt or, of an XL pipeline that says ``force_zeros_for_empty_prompt``, zeros, as in the stock pipeline.
    """
    text = read_prompts(pipe, [negative])
    if negative or not is_xl(pipe) or not pipe.config.force_zeros_for_empty_prompt:
        return text
    assert text.pooled is not None, "XL has a pooled embedding"
    return Text(torch.zeros_like(text.states), torch.zeros_like(text.pooled))


def beside_text(pooled: Tensor | None, height: int, width: int) -> dict[str, dict[str, Tensor]]:
    """What a UNet is given in a pass beside latents, timestep and text, as arguments; of Stable Diffusion 1 and 2 nothing.

    Args:
        pooled: ``(n, p)`` of the rows of the pass; None: not of XL.
        height, width: of the pictures in pixels. The original picture is said to have this size too, and to be not cropped.
    """
    if pooled is None:
        return {}
    sizes = to_device(torch.tensor([height, width, 0, 0, height, width], dtype=torch.float32), pooled.device)
    return {"added_cond_kwargs": {"text_embeds": pooled, "time_ids": sizes.expand(len(pooled), -1)}}


def _read_xl(pipe: PipelineXL, prompt: str) -> tuple[Tensor, Tensor]:
    """Embeddings ``(1, tokens, d)`` and pooled embedding ``(1, p)`` of a prompt."""
    encoders = (pipe.text_encoder, pipe.text_encoder_2)
    tokens = [_tokens(*pair, prompt) for pair in zip((pipe.tokenizer, pipe.tokenizer_2), encoders, strict=True)]
    lengths = [int(found.attention_mask.sum()) for found in tokens]
    if lengths[0] != lengths[1]:
        raise ValueError(
            f"'{prompt}' has {lengths[0]} tokens for tokenizer and {lengths[1]} for tokenizer_2; allowed: tokenizers that cut alike"
        )
    first, second = (e(found.input_ids, output_hidden_states=True) for e, found in zip(encoders, tokens, strict=True))
    return torch.cat([first.hidden_states[-2], second.hidden_states[-2]], dim=-1), second.text_embeds


def _tokens(tokenizer: PreTrainedTokenizerBase, encoder: PreTrainedModel, prompt: str) -> Any:
    """A prompt as the tokenizer pads it, on the encoder's device."""
    return tokenizer(
        prompt, padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt"
    ).to(encoder.device)

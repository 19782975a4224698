"""Attention probabilities of a UNet, recorded while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers.models.attention_processor import Attention, AttnProcessor
from torch import Tensor, nn
from torch.linalg import vector_norm

CROSS, SELF = "attn2", "attn1"  # how diffusers calls the attention that reads the text, and the one among pixels


@contextmanager
def recorded_attention(unet: nn.Module, kind: str = CROSS, pixels: int | None = None) -> Iterator[list[Tensor]]:
    """Keep the probabilities of every attention of a kind within the block; on leaving, the UNet has the processors that it had.

    Fused attention never holds the probabilities, so an explicit softmax takes its place.

    Args:
        kind: ``CROSS`` or ``SELF``.
        pixels: only of layers that look at so many pixels, since those of the largest layers may be gigabytes; None: of all.

    Yields:
        A list to which each pass adds one tensor ``(rows, heads, pixels, keys)`` per layer, in the order in which layers run. Keys are
        tokens or pixels. Whoever reads it empties it.
    """
    layers = [module for name, module in unet.named_modules() if isinstance(module, Attention) and name.endswith(kind)]
    before = [layer.processor for layer in layers]
    found: list[Tensor] = []
    try:
        for layer, processor in zip(layers, before, strict=True):
            layer.set_processor(_Recorder(found, processor, pixels))
        yield found
    finally:
        for layer, processor in zip(layers, before, strict=True):
            layer.set_processor(processor)


class _Recorder(AttnProcessor):
    """Explicit attention that keeps its probabilities; at another number of pixels than asked for, the processor that was there."""

    def __init__(self, found: list[Tensor], before: Callable[..., Tensor], pixels: int | None) -> None:
        self._found, self._before, self._pixels = found, before, pixels

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
        *args: object,
        **kwargs: object,
    ) -> Tensor:
        if self._pixels not in (None, hidden_states.shape[1]):
            passed: Tensor = self._before(attn, hidden_states, encoder_hidden_states, attention_mask, temb)
            return passed
        seen = _Seen(attn, self._found)
        return super().__call__(seen, hidden_states, encoder_hidden_states, attention_mask, temb)  # type: ignore[arg-type]


class _Seen:
    """An attention layer whose probabilities are kept when they are asked for."""

    def __init__(self, layer: Attention, found: list[Tensor]) -> None:
        self._layer, self._found = layer, found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)

    def get_attention_scores(self, query: Tensor, key: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        probabilities: Tensor = self._layer.get_attention_scores(query, key, attention_mask)
        self._found.append(probabilities.unflatten(0, (-1, self._layer.heads)))
        return probabilities


def on_tokens(probabilities: list[Tensor], positions: Tensor) -> Tensor:
    """``(rows,)``, per row the L2 norm of all probabilities at its positions, over layers, heads and pixels.

    Args:
        probabilities: per layer ``(rows, heads, pixels, tokens)``.
        positions: ``(rows, tokens)`` bool.
    """
    norms = [vector_norm(layer.float() * positions[:, None, None], dim=(1, 2, 3)) for layer in probabilities]
    return vector_norm(torch.stack(norms), dim=0)

"""Deltas put together, into one delta on the same base.

``compose``: one after the other, the second made on what the first makes of the base. ``combined``: side by side, each with a weight,

    theta = theta_0 + sum_i w_i (theta_i - theta_0)

(task arithmetic, Ilharco et al., ICLR 2023, arXiv 2212.04089): weights of 1 add edits, weights of 1/n take their mean, and one delta with a
weight below 1 is a weaker edit.

| kinds | one after the other | side by side |
|---|---|---|
| text maps | T_1 T_2, since W T_1 is what the second one edits | I + sum w (T - I) |
| LoRA | ranks are stacked | ranks are stacked, w in B |
| dense | the second one's values replace | the formula, per parameter |
| sparse, or mixed | become dense | become dense |

What acts while an image is made (``lethe.diffusion.interventions``) has no weights and is refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lethe.diffusion.delta import Delta, DenseDelta, Intervention, LoraDelta, NoneDelta, TextMapDelta, applied

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline


Map = tuple[float, Tensor, Tensor]
"""scale, left, right of the map scale I + left^T right; left and right ``(k, d)``."""


def map_product(first: Map, second: Map) -> Map:
    """T T' of two maps, in as many rows as both have together.

    (s I + L^T R)(s' I + L'^T R') = s s' I + L^T (s' R + (R L'^T) R') + s L'^T R'
    """
    (scale, left, right), (scale_2, left_2, right_2) = first, second
    moved = scale_2 * right + (right @ left_2.mT) @ right_2
    return scale * scale_2, torch.cat([left, scale * left_2]), torch.cat([moved, right_2])


def compose(pipe: Pipeline, first: Delta, second: Delta) -> Delta:
    """What ``second``, made on the base with ``first``, is as a delta on the base.

    Args:
        pipe: the base; every weight has its bits afterwards.

    Raises:
        ValueError: one of them has no weights; it names the kind.
    """
    _check((first, second))
    if isinstance(first, NoneDelta) or isinstance(second, NoneDelta):
        return first if isinstance(second, NoneDelta) else second
    if isinstance(first, TextMapDelta) and isinstance(second, TextMapDelta):
        return _text_map(*map_product(*((of.scale, of.left, of.right) for of in (first, second))))
    if type(first) is type(second) is LoraDelta:
        return _stacked([(1.0, first), (1.0, second)])
    if isinstance(first, DenseDelta) and isinstance(second, DenseDelta):
        return DenseDelta({**first.values, **second.values})
    touched: dict[str, Tensor] = {}
    with ExitStack() as stack:
        for delta in (first, second):
            touched |= {name: parameter for name, parameter, _ in delta.new_weights(pipe)}
            stack.enter_context(applied(pipe, delta))
        return DenseDelta({name: parameter.detach().cpu().clone().contiguous() for name, parameter in touched.items()})


def combined(pipe: Pipeline, parts: Sequence[tuple[float, Delta]]) -> Delta:
    """The base plus the weighted changes of some deltas.

    Args:
        pipe: the base. parts: (weight, delta).

    Raises:
        ValueError: one of them has no weights; it names the kind.
    """
    _check([delta for _, delta in parts])
    parts = [(weight, delta) for weight, delta in parts if not isinstance(delta, NoneDelta)]
    if not parts:
        return NoneDelta()
    maps = [(weight, delta) for weight, delta in parts if isinstance(delta, TextMapDelta)]
    if len(maps) == len(parts):
        left = torch.cat([delta.left for _, delta in maps])
        right = torch.cat([weight * delta.right for weight, delta in maps])
        return _text_map(1 + sum(weight * (delta.scale - 1) for weight, delta in maps), left, right)
    ranks = [(weight, delta) for weight, delta in parts if type(delta) is LoraDelta]
    if len(ranks) == len(parts):
        return _stacked(ranks)
    sums: dict[str, Tensor] = {}
    bases: dict[str, Tensor] = {}
    for weight, delta in parts:
        for name, parameter, value in delta.new_weights(pipe):
            bases[name] = parameter.detach()
            sums[name] = sums.get(name, 0.0) + weight * (value.float() - bases[name].float())
    return DenseDelta(
        {name: (bases[name].float() + change).to(bases[name].dtype).cpu().contiguous() for name, change in sums.items()}
    )


def drift(pipe: Pipeline, delta: Delta) -> float:
    """The norm of theta - theta_0 over all weights; of a text map over the weights that read the text."""
    changes = [(value.double() - weight.double()).square().sum().item() for _, weight, value in delta.new_weights(pipe)]
    return math.sqrt(sum(changes))


def _check(deltas: Sequence[Delta]) -> None:
    for delta in deltas:
        if isinstance(delta, Intervention):
            raise ValueError(
                f"a '{delta.kind}' delta acts while an image is made and has no weights of its own, so it cannot be put together with "
                "others; allowed: deltas on weights and maps of text embeddings"
            )


def _stacked(parts: Sequence[tuple[float, LoraDelta]]) -> LoraDelta:
    factors: dict[str, tuple[Tensor, Tensor]] = {}
    for weight, delta in parts:
        for module, (a, b) in delta.factors.items():
            before = factors.get(module)
            factors[module] = (
                (a, weight * b) if before is None else (torch.cat([before[0], a]), torch.cat([before[1], weight * b], 1))
            )
    return LoraDelta(factors)


def _text_map(scale: float, left: Tensor, right: Tensor) -> TextMapDelta:
    """The map scale I + left^T right, in no more rows than the embeddings are wide."""
    width = left.shape[1]
    if len(left) > width:
        left, right = torch.eye(width), left.T @ right
    return TextMapDelta(left, right, scale)

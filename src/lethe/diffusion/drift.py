"""How far a model moved the empty prompt, which stands in every guided step: what moves it moves every picture, whatever was asked for.

Cross-attention is all that reads a prompt, so that is where it is measured: keys and values of the empty prompt after unlearning against those
before, all layers and tokens together, ||after - before|| / ||before||. Edits of text embeddings, of attention weights and of the text encoder
are told in the same unit. What acts while an image is made is asked as for an image of the empty prompt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from lethe.diffusion.delta import Intervention, applied
from lethe.diffusion.kinds import Delta, DenseDelta, NoneDelta, cross_attention_weights
from lethe.statistics.spread import spread

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline

EMPTY_PROMPT_DRIFT = "empty_prompt_drift"  # the key in the record of a model, and the column of a table


def empty_prompt_drift(pipe: Pipeline | None, delta: Delta) -> float:
    """The drift of one model; 0: the empty prompt is read as the base reads it. ``pipe`` is the base, which only the no-op can do without.

    Raises:
        ValueError: there is no base, and the delta changes something.
    """
    if isinstance(delta, NoneDelta):
        return 0.0
    if pipe is None:
        raise ValueError(f"the drift of a '{delta.kind}' delta cannot be measured without its base")
    before = _read(pipe)
    return _distance(_under(pipe, delta) if isinstance(delta, Intervention) else _edited(pipe, delta), before)


def _edited(pipe: Pipeline, delta: Delta) -> list[Tensor]:
    reads = cross_attention_weights(pipe)
    changes = delta.new_weights(pipe)  # of a whole model most have no part in this: one at a time, they need no memory
    part = DenseDelta({name: new for name, _, new in changes if name in reads or name.startswith("text_encoder.")})
    with applied(pipe, part):
        return _read(pipe)


def _under(pipe: Pipeline, delta: Intervention) -> list[Tensor]:
    from lethe.diffusion.tokens import encode  # diffusers, which tables are spared

    empty = encode(pipe, [""])[""]
    with delta.session(pipe, [empty]):
        return _read(pipe, delta.map_embeddings(empty.states.to(pipe.unet.device), empty))


def _distance(after: list[Tensor], before: list[Tensor]) -> float:
    moved = sum(float((a - b).square().sum()) for a, b in zip(after, before, strict=True))
    return float((moved / sum(float(b.square().sum()) for b in before)) ** 0.5)


def _read(pipe: Pipeline, mapped: Tensor | None = None) -> list[Tensor]:
    """What the key and value layers of every cross-attention make of the empty prompt, ``(tokens, out)`` each, on the CPU.

    Args:
        mapped: its embeddings, if they are others than the text encoder's.
    """
    from lethe.diffusion.pipeline import encode_prompts  # diffusers, which tables are spared

    with torch.no_grad():
        states = encode_prompts(pipe, [""])[0] if mapped is None else mapped.to(pipe.unet.dtype)
        layers = [
            pipe.unet.get_submodule(name.removeprefix("unet.").removesuffix(".weight")) for name in cross_attention_weights(pipe)
        ]
        return [layer(states[None])[0].double().cpu() for layer in layers]


def drift_columns(records: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Of the models of a method: mean, standard deviation, smallest and largest drift; NaN where no record tells it.

    Args:
        records: ``record.json`` of each model.
    """
    told = [record[EMPTY_PROMPT_DRIFT] for record in records if EMPTY_PROMPT_DRIFT in record]
    values = np.array(told or [np.nan], dtype=float)
    return {EMPTY_PROMPT_DRIFT: float(values.mean()), **spread(EMPTY_PROMPT_DRIFT, values)}

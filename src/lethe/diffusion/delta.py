"""An unlearned model as a *delta* on its base.

| kind | stored | means |
|---|---|---|
| ``none`` | nothing | the base itself |
| ``text_map`` | ``left``, ``right`` (k, d), ``scale`` | text embeddings h -> T h, T = scale I + left^T right |
| ``lora`` | per module ``A`` (r, in), ``B`` (out, r) | W -> W + B A, every scale already inside B |
| ``sparse`` | the same and per module a mask, one bit per weight | W -> W + mask * (B A) |
| ``dense`` | whole parameters, fp16 or fp32 | W -> the stored tensor |
| ``gated_lora`` | as ``lora``, ``target.ids`` (k,), ``target.states`` (tokens, d), ``matching`` | y -> y + m B A x, m by the prompt of a row |
| ``suppress_eot`` | ``target.000`` ... (k,), constants | embeddings of prompts that hold a target are changed at every step |

Names carry their component: ``unet.down_blocks.0...to_k`` (modules), ``unet.conv_in.bias`` (parameters), ``text_encoder. ...``.
A ``text_map`` equals replacing the weight W of every cross-attention ``to_k`` and ``to_v`` by W T, because these are the only
readers of the text embeddings (UCE, arXiv 2308.14761, edits the same weights). The last two act while an image is made
(``lethe.diffusion.interventions``); they have no weights of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from lethe.core.registry import UnknownNameError, nearest
from lethe.diffusion import kinds
from lethe.diffusion.interventions import INTERVENTIONS, GatedLoraDelta, Intervention, SuppressEotDelta
from lethe.diffusion.kinds import (
    FORMAT,
    VERSION,
    Delta,
    DenseDelta,
    LoraDelta,
    NoneDelta,
    SparseDelta,
    TextMapDelta,
    cross_attention_weights,
)
from lethe.io.tables import CorruptFileError, readable
from lethe.io.tensors import first_not_finite, read_tensors

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline

__all__ = [
    "KINDS",
    "Delta",
    "DenseDelta",
    "GatedLoraDelta",
    "Intervention",
    "LoraDelta",
    "NoneDelta",
    "SparseDelta",
    "SuppressEotDelta",
    "TextMapDelta",
    "applied",
    "cross_attention_weights",
    "load_delta",
]

KINDS: dict[str, type[Delta]] = {**kinds.KINDS, **INTERVENTIONS}


def load_delta(path: str | Path, base: str | None = None) -> Delta:
    """Read a delta.

    Args:
        path: a ``delta.safetensors``.
        base: ``base_digest`` of the base it will be applied to; checked against the file's own if both are known.

    Raises:
        CorruptFileError: if the file is truncated, no delta, or its tensors do not fit its kind.
        UnknownNameError: if its kind is unknown to this version.
        ValueError: if it belongs to another base.

    Examples:
        >>> NoneDelta().save("delta.safetensors", base="")
        >>> load_delta("delta.safetensors").kind
        'none'
    """
    tensors, header = read_tensors(path)
    if header.get("format") != FORMAT or header.get("version") != VERSION:
        found = f"format '{header.get('format')}', version '{header.get('version')}'"
        raise CorruptFileError(f"{path}: header says {found}; expected '{FORMAT}', version '{VERSION}'")
    kind = header.get("kind", "")
    if kind not in KINDS:
        raise UnknownNameError(f"{path}: unknown delta kind '{kind}'; known: {', '.join(KINDS)}{nearest(kind, list(KINDS))}")
    if base and header.get("base") and header["base"] != base:
        raise ValueError(f"{path}: made on base {header['base'][:12]}, to be applied to base {base[:12]}")
    if name := first_not_finite(tensors):
        raise CorruptFileError(f"{path}: tensor '{name}' of this {kind} delta holds NaN or infinity")
    with readable(path, f"a '{kind}' delta"):
        delta = _build(kind, tensors, header)
        if odd := sorted(set(tensors) ^ set(delta.tensors())):
            raise ValueError(f"tensor '{odd[0]}' does not belong to it")
        return delta


def _build(kind: str, tensors: dict[str, Tensor], header: dict[str, str]) -> Delta:
    if kind == "none":
        return NoneDelta()
    if kind == "text_map":
        scale = float(header["scale"])
        if not math.isfinite(scale):
            raise ValueError(f"scale is {scale}")
        return TextMapDelta(tensors["left"], tensors["right"], scale)
    if kind == "dense":
        return DenseDelta(tensors)
    if kind == "suppress_eot":
        return SuppressEotDelta.read(tensors, header)
    modules = [name.removesuffix(".lora_A") for name in tensors if name.endswith(".lora_A")]
    factors = {module: (tensors[f"{module}.lora_A"], tensors[f"{module}.lora_B"]) for module in modules}
    if kind == "lora":
        return LoraDelta(factors)
    if kind == "gated_lora":
        return GatedLoraDelta(factors, tensors["target.ids"], tensors["target.states"], header["matching"])  # type: ignore[arg-type]
    masks = {}
    for module in modules:
        shape, packed = tensors[f"{module}.mask_shape"].tolist(), tensors[f"{module}.mask"].numpy()
        if -(-math.prod(shape) // 8) != packed.size:
            raise ValueError(f"mask of '{module}' holds {packed.size} bytes for the shape {tuple(shape)}")
        bits = np.unpackbits(packed, count=math.prod(shape))
        masks[module] = torch.from_numpy(bits.astype(bool)).reshape(shape)
    return SparseDelta(factors, masks)


@contextmanager
def applied(pipe: Pipeline, delta: Delta) -> Iterator[Pipeline]:
    """Within the block ``pipe`` is the unlearned model; afterwards every weight has its former bits, also after an error.

    A text_map edits the cross-attention weights here (``generate`` maps embeddings instead and leaves the weights alone).
    Blocks nest: the inner delta acts on what the outer one made.

    Examples:
        >>> from lethe.diffusion.pipeline import load_pipeline
        >>> pipe = load_pipeline("results/mini/base/objects")
        >>> delta = DenseDelta({"unet.conv_out.bias": torch.zeros(4)})
        >>> with applied(pipe, delta):
        ...     inside = pipe.unet.conv_out.bias.abs().sum().item()
        >>> inside, pipe.unet.conv_out.bias.abs().sum().item() > 0
        (0.0, True)
    """
    kept: list[tuple[Tensor, Tensor]] = []
    try:
        with torch.no_grad():
            for _, parameter, value in delta.new_weights(pipe):
                kept.append((parameter, parameter.detach().clone()))
                parameter.copy_(value)
        yield pipe
    finally:
        with torch.no_grad():
            for parameter, before in reversed(kept):
                parameter.copy_(before)

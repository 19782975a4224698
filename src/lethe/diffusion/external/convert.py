"""A model that others made, as a delta on the base."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lethe.diffusion.delta import Delta, DenseDelta, LoraDelta
from lethe.diffusion.external.files import CHANGED, Kind, check_model, weights_of
from lethe.diffusion.external.names import ExternalError, Pair, lora_pairs, parameters, plain
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.supported import prediction_of
from lethe.diffusion.weights import read_header
from lethe.io.tensors import first_not_finite, read_tensors

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline

METADATA = "lora_adapter_metadata"  # the header's key in which diffusers from 0.34 on tells ranks and alphas
ROUNDED = (torch.float16, torch.bfloat16)  # precisions in which others store weights


def delta_of(kind: Kind, path: Path, pipe: Pipeline, base: Path, scale: float = 1.0) -> Delta:
    """Read a model of others.

    Args:
        kind: what it is. path: its file or folder.
        pipe: the base, as ``load_pipeline`` gives it, in float32. base: its folder.
        scale: of a LoRA: factor of the change; -1 inverts it.

    Returns:
        A LoRA as ``LoraDelta``, with ``scale * alpha / rank`` inside B; else a ``DenseDelta`` of the parameters that differ from the base's
        by more than being rounded to half precision.

    Raises:
        ExternalError: it does not fit the base, holds NaN or infinity, or changes nothing.
        CorruptFileError, FileNotFoundError, UnusableBaseError: see ``check_model``.
    """
    own = {f"{component}.{name}": value for component in CHANGED for name, value in getattr(pipe, component).named_parameters()}
    names = {plain(name): name for name in own}
    shapes = {short: tuple(own[name].shape) for short, name in names.items()}
    check_model(kind, path, shapes, prediction_of(base))
    if kind == "lora":
        return _lora(weights_of(path), {module: names[f"{module}.weight"] for module in _modules(shapes)}, shapes, scale)
    if kind == "partial":
        file = weights_of(path)
        tensors = _read(file)[0]
        there = {names[name]: tensors[key] for key, name in parameters(file, read_header(file), shapes).items()}
    else:
        there = _of_pipeline(path, pipe)
    changed = {name: value for name, value in there.items() if not _same(value, own[name])}
    if not changed:
        raise ExternalError(f"{path}: no weight differs from the base's; is it the base itself?")
    return DenseDelta({name: _stored(value) for name, value in changed.items()})


def _modules(shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
    return [name.removesuffix(".weight") for name in shapes if name.endswith(".weight")]


def _lora(file: Path, weights: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]], scale: float) -> LoraDelta:
    """The LoRA of a file; ``weights``: module -> name of its weight in the pipeline."""
    tensors, header = _read(file)
    told = _told(file, header)
    factors = {}
    for module, pair in lora_pairs(file, read_header(file), shapes).items():
        down, up = tensors[pair.down], tensors[pair.up]
        factor = scale * _alpha(module, pair, tensors, told) / down.shape[0]
        factors[weights[module].removesuffix(".weight")] = (_stored(down), _stored(up) if factor == 1 else up.float() * factor)
    return LoraDelta(factors)


def _alpha(module: str, pair: Pair, tensors: Mapping[str, Tensor], told: Mapping[str, Any]) -> float:
    """What the product of both factors is multiplied by, times the rank; the rank itself where a file says nothing, as diffusers has it."""
    rank = tensors[pair.down].shape[0]
    if pair.alpha:
        return float(tensors[pair.alpha])
    component, _, name = module.partition(".")
    if (alpha := told.get(f"{component}.lora_alpha")) is None:
        return float(rank)
    for pattern, other in (told.get(f"{component}.alpha_pattern") or {}).items():
        if plain(f"{component}.{pattern}") == module or name.endswith(f".{pattern}"):
            alpha = other
    return float(alpha) * math.sqrt(rank) if told.get(f"{component}.use_rslora") else float(alpha)


def _told(file: Path, header: Mapping[str, str]) -> dict[str, Any]:
    """What diffusers wrote into the header, ``unet.lora_alpha`` and so on."""
    try:
        told = json.loads(header.get(METADATA, "{}"))
    except json.JSONDecodeError as error:
        raise ExternalError(f"{file}: '{METADATA}' in its header is no JSON ({error})") from None
    if not isinstance(told, dict) or told.get("unet.use_dora") or told.get("text_encoder.use_dora"):
        raise ExternalError(f"{file}: '{METADATA}' in its header says use_dora or is no mapping; allowed: a LoRA")
    return told


def _of_pipeline(path: Path, pipe: Pipeline) -> dict[str, Tensor]:
    """Every parameter of UNet and text encoder of a folder whose autoencoder is the base's."""
    other = load_pipeline(path)
    found: dict[str, Tensor] = {}
    for component in (*CHANGED, "vae"):
        theirs = dict(getattr(other, component).named_parameters())
        if name := first_not_finite(theirs):
            raise ExternalError(f"{path}: '{component}.{name}' holds NaN or infinity")
        found |= {f"{component}.{name}": value.detach() for name, value in theirs.items()}
    for name, value in pipe.vae.named_parameters():
        theirs_value = found.pop(f"vae.{name}", None)
        if theirs_value is None or theirs_value.shape != value.shape or not _same(theirs_value, value):
            raise ExternalError(f"{path}: 'vae.{name}' is not the base's; allowed: changes of UNet and text encoder")
    return {name: value for name, value in found.items() if not name.startswith("vae.")}


def _read(file: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    tensors, header = read_tensors(file)
    if name := first_not_finite(tensors):
        raise ExternalError(f"{file}: '{name}' holds NaN or infinity")
    return tensors, header


def _same(value: Tensor, own: Tensor) -> bool:
    """Whether a weight is the base's, as it is or rounded to half precision."""
    own, value = own.detach().float().cpu(), value.detach().float().cpu()
    return torch.equal(value, own) or any(torch.equal(value, own.to(dtype).float()) for dtype in ROUNDED)


def _stored(value: Tensor) -> Tensor:
    """In a precision that deltas have."""
    value = value.detach().cpu().contiguous()
    return value if value.dtype in (torch.float16, torch.float32) else value.float()

"""Names of tensors in files of others, and the weights of a base that they change. Torch is not imported, so that a plan can ask.

| who wrote the file | key of a LoRA's first factor |
|---|---|
| diffusers, peft | ``unet.{module}.lora_A.weight`` |
| diffusers to 0.22 | ``unet.{module}.lora.down.weight``, ``{module's parent}.processor.to_q_lora.down.weight`` |
| kohya (sd-scripts) | ``lora_unet_{module, dots as underscores}.lora_down.weight``, and ``.alpha`` |

Text encoders begin with ``text_encoder.`` or ``lora_te_``. transformers from 5 on leaves out ``text_model.`` in their names; here it is
left out everywhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lethe.core.registry import nearest
from lethe.diffusion.compvis import PREFIXES

Shapes = Mapping[str, tuple[int, ...]]
"""Parameter of a base, ``unet.conv_in.bias`` or ``text_encoder.encoder...`` without ``text_model.`` -> its shape."""
Header = Mapping[str, Mapping[str, Any]]
"""Tensor of a safetensors file -> ``dtype``, ``shape`` (``lethe.diffusion.weights.read_header``)."""

FACTORS = {
    ".lora_A.weight": "down",
    ".lora_B.weight": "up",
    ".lora_A.default.weight": "down",
    ".lora_B.default.weight": "up",
    ".lora.down.weight": "down",
    ".lora.up.weight": "up",
    ".lora_down.weight": "down",
    ".lora_up.weight": "up",
    ".lora_linear_layer.down.weight": "down",
    ".lora_linear_layer.up.weight": "up",
    "_lora.down.weight": "down",
    "_lora.up.weight": "up",
    ".alpha": "alpha",
}
"""How a key ends -> which part of a LoRA it is."""
OTHER_KINDS = {
    "dora_scale": "DoRA",
    "lora_magnitude_vector": "DoRA",
    "hada_": "LoHa",
    "lokr_": "LoKr",
    "lora_mid": "LoCon with a middle factor",
    "lora_B.bias": "LoRA with biases",
    "oft_": "OFT",
}
OTHER_MODELS = {
    "lora_te1_": "Stable Diffusion XL",
    "lora_te2_": "Stable Diffusion XL",
    "text_encoder_2.": "Stable Diffusion XL",
    "transformer.": "a model with a transformer (SD 3, Flux)",
    "lora_transformer_": "a model with a transformer (SD 3, Flux)",
    "base_model.model.": "an adapter of peft, whose scale stands in another file (write it with `save_lora_weights` of diffusers)",
}
OLD_TEXT = {"to_q": "q_proj", "to_k": "k_proj", "to_v": "v_proj", "to_out.0": "out_proj"}
KOHYA = {"unet": "lora_unet_", "text_encoder": "lora_te_text_model_"}
FLOATS = ("F64", "F32", "F16", "BF16")


class ExternalError(ValueError):
    """A file of others that is not what it is said to be, or does not fit the base; the message names file, key and the nearest."""


class Pair(NamedTuple):
    """Keys of one LoRA in its file; ``alpha`` is empty where none is stored."""

    down: str
    up: str
    alpha: str


def plain(name: str) -> str:
    """A parameter's name as both generations of transformers would agree on it.

    >>> plain("text_encoder.text_model.encoder.layers.0.mlp.fc1.weight")
    'text_encoder.encoder.layers.0.mlp.fc1.weight'
    """
    return name.replace("text_encoder.text_model.", "text_encoder.", 1)


def lora_pairs(path: Path, header: Header, shapes: Shapes | None) -> dict[str, Pair]:
    """Module of the base -> the keys of its LoRA.

    Args:
        path: of the file, for messages.
        shapes: of the base; None where it is not at hand, and then modules have the names that the file gives them.

    Raises:
        ExternalError: no LoRA, one of another kind or for another model; a module that the base does not have; a factor that is missing or
            of another shape.
    """
    _refuse_others(path, header)
    found: dict[str, dict[str, str]] = {}
    modules = None if shapes is None else _modules(shapes)
    for key in header:
        ending = next((ending for ending in sorted(FACTORS, key=len, reverse=True) if key.endswith(ending)), None)
        if ending is None:
            raise ExternalError(f"{path}: '{key}' is no key of a LoRA; these end in {', '.join(FACTORS)}{_other_form(key)}")
        module = _module(key.removesuffix(ending), ending)
        if modules is not None:
            if module not in modules:
                raise ExternalError(f"{path}: '{key}' is of no module of the base ('{module}'){nearest(module, list(modules))}")
            module = modules[module]
        part = found.setdefault(module, {})
        if FACTORS[ending] in part:
            raise ExternalError(
                f"{path}: '{key}' and '{part[FACTORS[ending]]}' are both the {FACTORS[ending]} factor of '{module}'"
            )
        part[FACTORS[ending]] = key
    if not found:
        raise ExternalError(f"{path}: holds no tensor; a LoRA has two for each module that it changes")
    pairs = {}
    for module, part in found.items():
        if lacking := [name for name in ("down", "up") if name not in part]:
            raise ExternalError(f"{path}: '{next(iter(part.values()))}' has no {lacking[0]} factor beside it")
        pairs[module] = Pair(part["down"], part["up"], part.get("alpha", ""))
        _check_factors(path, header, module, pairs[module], shapes)
    return pairs


def parameters(path: Path, header: Header, shapes: Shapes | None) -> dict[str, str]:
    """Key of a file of some weights -> the parameter of the base that it replaces; UNet keys need no ``unet.``.

    Raises:
        ExternalError: a key of no parameter of the base, of another shape, or no numbers.
    """
    _refuse_others(path, header)
    found = {}
    for key, entry in header.items():
        if any(key.startswith(prefix) for prefix in PREFIXES.values()):
            raise ExternalError(
                f"{path}: '{key}' is a name of CompVis; make a folder of the whole file with `lethe convert` (docs/bases.md), kind: pipeline"
            )
        name = plain(key if key.startswith("text_encoder.") else f"unet.{key.removeprefix('unet.')}")
        if name == "text_encoder.embeddings.position_ids":
            continue  # 0, 1, 2, ... in files of old
        if entry["dtype"] not in FLOATS:
            raise ExternalError(f"{path}: '{key}' is {entry['dtype']}; allowed are {', '.join(FLOATS)}")
        if shapes is not None:
            if name not in shapes:
                lora = "; a LoRA? then kind: lora" if any(key.endswith(ending) for ending in FACTORS) else ""
                raise ExternalError(f"{path}: '{key}' is no parameter of the base{lora or nearest(name, list(shapes))}")
            if tuple(entry["shape"]) != shapes[name]:
                raise ExternalError(f"{path}: '{key}' is {tuple(entry['shape'])}, the base's '{name}' {shapes[name]}")
        found[key] = name
    if not found:
        raise ExternalError(f"{path}: holds no weight of UNet or text encoder")
    return found


def _refuse_others(path: Path, header: Header) -> None:
    for key in header:
        for begin, what in OTHER_MODELS.items():
            if key.startswith(begin):
                raise ExternalError(
                    f"{path}: '{key}' belongs to {what}; allowed: Stable Diffusion 1 and 2, UNet and one text encoder"
                )
        for part, what in OTHER_KINDS.items():
            if part in key:
                raise ExternalError(f"{path}: '{key}' is of {what}; allowed: LoRA, a low-rank change of weights alone")


def _module(name: str, ending: str) -> str:
    """The module that a key without its ending means: of kohya as it is written there, else with its component."""
    if name.startswith("lora_"):
        return name
    name = name.replace(".processor.", ".")
    if ending.startswith("_lora") and name.endswith("to_out"):
        name += ".0"
    if not name.startswith(("unet.", "text_encoder.")):
        name = f"unet.{name}"
    name = plain(name)
    if name.startswith("text_encoder.") and (old := re.search(r"\.(to_q|to_k|to_v|to_out\.0)$", name)):
        name = name.removesuffix(old[1]) + OLD_TEXT[old[1]]
    return name


def _modules(shapes: Shapes) -> dict[str, str]:
    """Every way to write a module of the base -> its name."""
    parted = [name.removesuffix(".weight").partition(".") for name in shapes if name.endswith(".weight")]
    flat = {KOHYA[component] + rest.replace(".", "_"): f"{component}.{rest}" for component, _, rest in parted}
    return {name: name for name in flat.values()} | flat


def _check_factors(path: Path, header: Header, module: str, pair: Pair, shapes: Shapes | None) -> None:
    down, up = tuple(header[pair.down]["shape"]), tuple(header[pair.up]["shape"])
    for key in (pair.down, pair.up):
        if header[key]["dtype"] not in FLOATS:
            raise ExternalError(f"{path}: '{key}' is {header[key]['dtype']}; allowed are {', '.join(FLOATS)}")
    if len(down) < 2 or len(up) < 2 or down[0] != up[1]:
        raise ExternalError(f"{path}: '{pair.down}' is {down} and '{pair.up}' {up}; allowed: (rank, in) and (out, rank)")
    if pair.alpha and tuple(header[pair.alpha]["shape"]) not in ((), (1,)):
        raise ExternalError(f"{path}: '{pair.alpha}' is {tuple(header[pair.alpha]['shape'])}; allowed: one number")
    if shapes is None:
        return
    own = shapes[f"{module}.weight"]
    if (up[0], math.prod(down[1:])) != (own[0], math.prod(own[1:])):
        change = f"{up[0]} x {math.prod(down[1:])}"
        raise ExternalError(f"{path}: '{pair.down}' and '{pair.up}' change a weight of {change}; that of '{module}' is {own}")


def _other_form(key: str) -> str:
    return "; whole weights? then kind: partial" if key.endswith((".weight", ".bias")) else ""

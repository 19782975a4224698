"""The activation of an open_clip model: its weights want the one they were trained with, and nothing but a flag says which.

OpenAI's weights and some others were trained with QuickGELU, x sigmoid(1.702 x). open_clip builds the architecture ``ViT-B-16`` with
GELU whatever weights it loads, and ``ViT-B-16-quickgelu`` with QuickGELU; every tensor fits both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import open_clip
from open_clip.transformer import QuickGELU
from torch import nn

from lethe.core.registry import UnknownNameError, nearest

HUB = "hf-hub:"
SUFFIX = "-quickgelu"


class ActivationError(ValueError):
    """An architecture whose activation is not that of its weights."""


def check_published(name: str, weights: str) -> bool:
    """Whether a published open_clip model has QuickGELU, told without its weights.

    Args:
        name: architecture, e.g. ``ViT-B-16-quickgelu``, or ``hf-hub:owner/name``, whose configuration is fetched.
        weights: tag of the weights, e.g. ``openai``; empty for a model of the hub.

    Raises:
        UnknownNameError: an architecture or a tag that open_clip does not have.
        ActivationError: the architecture has one activation and the weights were trained with the other.
    """
    config = open_clip.get_model_config(name)
    if config is None:
        raise UnknownNameError(f"open_clip has no architecture '{name}'{nearest(name, open_clip.list_models())}")
    has = bool(config.get("quick_gelu", False))
    if has != (wants := wanted(name, weights, has)):
        instead = "" if name.startswith(HUB) else f"; the architecture must be '{name.removesuffix(SUFFIX)}{SUFFIX * wants}'"
        raise ActivationError(
            f"clip model '{name}' has {_title(has)}, its weights '{weights}' were trained with {_title(wants)}{instead}"
        )
    return has


def wanted(name: str, weights: str, own: bool) -> bool:
    """Whether weights were trained with QuickGELU, as open_clip's table of published weights says.

    Args:
        name, weights: as in ``check_published``.
        own: what the model's configuration says, which holds where the table knows no other: for a model of the hub that it does
            not list, and for an architecture that exists with one activation only.

    Raises:
        UnknownNameError: a tag that open_clip does not have.
    """
    if name.startswith(HUB):
        repository = name.removeprefix(HUB).split("@")[0]
        listed = (open_clip.get_pretrained_cfg(*pair) for pair in open_clip.list_pretrained())
        flags = (tag.get("quick_gelu", False) for tag in listed if tag.get("hf_hub", "").rpartition("/")[0] == repository)
        return bool(next(flags, own))
    plain = name.removesuffix(SUFFIX)
    tags = open_clip.list_pretrained_tags_by_model(plain)
    tag = open_clip.get_pretrained_cfg(plain, weights)
    if not tag:
        known = f"; there are: {', '.join(tags) or 'none'}{nearest(weights, tags)}"
        raise UnknownNameError(f"open_clip has no weights '{weights}' of '{name}'{known}")
    return bool(tag.get("quick_gelu", False)) if plain + SUFFIX in open_clip.list_models() else own


def check_folder_config(path: object, config: Mapping[str, Any]) -> bool:
    """Whether the model of an ``open_clip_config.json`` has QuickGELU.

    Raises:
        ActivationError: it does not say so in ``model_cfg.quick_gelu``, or the published weights that it names want the other one.
    """
    flag = config.get("model_cfg", {}).get("quick_gelu")
    if not isinstance(flag, bool):
        raise ActivationError(
            f"{path}: model_cfg.quick_gelu is {flag!r}, so nobody knows which activation the weights want; "
            "allowed: true (QuickGELU, e.g. all of OpenAI's weights) or false (GELU)"
        )
    if published := config.get("pretrained"):
        wants = wanted(published["model"], published["weights"], flag)
        if flag != wants:
            raise ActivationError(
                f"{path}: model_cfg.quick_gelu is {str(flag).lower()} ({_title(flag)}), but the weights '{published['weights']}' of "
                f"'{published['model']}' were trained with {_title(wants)}"
            )
    return flag


def check_built(model: nn.Module, quick: bool, name: str) -> None:
    """Raise an ``ActivationError`` unless every transformer block of ``model`` has the activation that was decided on."""
    for place, module in model.named_modules():
        if place.endswith("mlp.gelu") and isinstance(module, QuickGELU) != quick:
            raise ActivationError(f"clip model '{name}': {place} is {type(module).__name__}, not {_title(quick)}")


def _title(quick: bool) -> str:
    return "QuickGELU" if quick else "GELU"

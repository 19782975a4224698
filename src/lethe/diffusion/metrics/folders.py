"""Pretrained evaluators as local folders, so that a run needs the network once and never during scoring."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import open_clip
from safetensors.torch import save_file
from torch import nn

from lethe.diffusion.metrics.activation import check_built, check_published
from lethe.diffusion.metrics.pinned import backbone_at, clip_at
from lethe.io.tables import write_json
from lethe.io.tensors import first_not_finite


def save_pretrained_evaluator(folder: Path, role: str, name: str, weights: str, revision: str) -> None:
    """Fetch a published model and write it as a folder that the metrics read.

    Args:
        folder: created.
        role: ``clip`` (open_clip) or ``backbone`` (timm).
        name: model name, e.g. ``ViT-B-16-quickgelu`` or ``vit_small_patch14_dinov2.lvd142m``.
        weights: open_clip weights tag, e.g. ``openai``.
        revision: commit of the hub's repository.

    Raises:
        ValueError: for a role that has no published model; weights that are not finite.
        ActivationError, UnknownNameError: see ``check_published``.
    """
    if role == "clip":
        quick = check_published(name, weights)
        model = clip_at(name, weights, revision)
        check_built(model, quick, name)
        _check_finite(model, name)
        config = {
            "model_cfg": open_clip.get_model_config(name) | {"quick_gelu": quick},
            "preprocess_cfg": open_clip.get_model_preprocess_cfg(model),
            "pretrained": {"model": name, "weights": weights},
        }
        folder.mkdir(parents=True)
        write_json(folder / "open_clip_config.json", config)
        save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    elif role == "backbone":
        model = backbone_at(name, revision)
        _check_finite(model, name)
        published = cast("Mapping[str, Any]", model.pretrained_cfg)  # timm sets it
        cfg = {key: value for key, value in published.items() if _plain(value)}
        config = {"architecture": name.split(".")[0], "num_classes": 0, "num_features": model.num_features, "pretrained_cfg": cfg}
        folder.mkdir(parents=True)
        write_json(folder / "config.json", config)
        save_file(model.state_dict(), folder / "model.safetensors")
    else:
        raise ValueError(f"no pretrained model for the role '{role}'; allowed: clip, backbone")


def _check_finite(model: nn.Module, name: str) -> None:
    if found := first_not_finite(model.state_dict()):
        raise ValueError(f"model '{name}': tensor '{found}' holds NaN or infinity")


def _plain(value: object) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True

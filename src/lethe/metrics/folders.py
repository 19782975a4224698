"""Pretrained evaluators as local folders, so that a run needs the network once and never during scoring."""

from __future__ import annotations

import json
from pathlib import Path

from lethe.compat import repair_torchvision

repair_torchvision()

import open_clip  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from lethe.io.tables import write_json  # noqa: E402
from lethe.metrics.pinned import backbone_at, clip_at  # noqa: E402


def save_pretrained_evaluator(folder: Path, role: str, name: str, weights: str, revision: str) -> None:
    """Fetch a published model and write it as a folder that the metrics read.

    Args:
        folder: created.
        role: ``clip`` (open_clip) or ``backbone`` (timm).
        name: model name, e.g. ``ViT-B-16`` or ``vit_small_patch14_dinov2.lvd142m``.
        weights: open_clip weights tag, e.g. ``openai``.
        revision: commit of the hub's repository.

    Raises:
        ValueError: for a role that has no published model.
    """
    folder.mkdir(parents=True)
    if role == "clip":
        model = clip_at(name, weights, revision)
        config = {"model_cfg": open_clip.get_model_config(name), "preprocess_cfg": open_clip.get_model_preprocess_cfg(model)}
        write_json(folder / "open_clip_config.json", config)
        save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    elif role == "backbone":
        model = backbone_at(name, revision)
        cfg = {key: value for key, value in model.pretrained_cfg.items() if _plain(value)}
        config = {"architecture": name.split(".")[0], "num_classes": 0, "num_features": model.num_features, "pretrained_cfg": cfg}
        write_json(folder / "config.json", config)
        save_file(model.state_dict(), folder / "model.safetensors")
    else:
        raise ValueError(f"no pretrained model for the role '{role}'; allowed: clip, backbone")


def _plain(value: object) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True

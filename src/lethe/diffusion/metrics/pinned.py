"""Published evaluators at one commit of the hub: what open_clip and timm fetch by name follows a branch, which moves."""

from __future__ import annotations

import open_clip
import timm
from open_clip.pretrained import download_pretrained_from_hf
from torch import nn

PREPROCESSING = ("mean", "std", "interpolation", "resize_mode")


def clip_at(name: str, weights: str, revision: str) -> nn.Module:
    """The open_clip model ``name`` with the weights of tag ``weights`` as they are at a commit, and the preprocessing of that tag.

    Raises:
        ValueError: the hub holds no such weights. FileNotFoundError: they cannot be fetched.
    """
    tag = open_clip.get_pretrained_cfg(name, weights)
    repository, _, file = tag.get("hf_hub", "").rpartition("/")
    if not repository and "file" not in tag:
        raise ValueError(
            f"evaluators.clip.weights: the hub holds no weights '{weights}' of '{name}', so no commit of them can be fetched"
        )
    # a tag that somebody registered with a file of this machine has nothing to fetch
    path = tag.get("file") or download_pretrained_from_hf(repository, file or None, revision=revision)
    preprocessing = {key: tag[key] for key in PREPROCESSING if key in tag}
    return open_clip.create_model(name, pretrained=path, force_preprocess_cfg=preprocessing)


def backbone_at(name: str, revision: str) -> nn.Module:
    """The timm model ``name``, without its head, with its published weights as they are at a commit.

    Raises:
        ValueError: the hub holds no such weights.
    """
    published = timm.get_pretrained_cfg(name)
    if published is None or not published.hf_hub_id:
        raise ValueError(f"evaluators.backbone.path: the hub holds no weights of '{name}', so no commit of them can be fetched")
    repository = f"{published.hf_hub_id}{name}" if published.hf_hub_id.endswith("/") else published.hf_hub_id
    overlay = {"hf_hub_id": f"{repository}@{revision}"}
    return timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay, num_classes=0)

"""Checkpoints kept in the repository: one fp16 safetensors per model and a provenance record beside it.

Reading one imports no torch: the folders of bases and evaluators are written from it as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from lethe.io.atomic import atomic_path
from lethe.io.hashing import sha256_file
from lethe.io.tables import read_json

if TYPE_CHECKING:
    import torch
    from torch import nn

SCHEMA_VERSION = 1


class AssetError(RuntimeError):
    """A checkpoint that is missing, damaged or not the one asked for."""


@dataclass(frozen=True)
class Asset:
    """A checkpoint: per part its tensors by name, floats as float32, and the provenance record."""

    parts: dict[str, dict[str, NDArray[Any]]]
    provenance: dict[str, Any]

    def state_dict(self, part: str) -> dict[str, torch.Tensor]:
        """What ``load_state_dict`` takes."""
        import torch

        return {name: torch.from_numpy(array) for name, array in self.parts[part].items()}


def images_sha256(images: torch.Tensor, labels: torch.Tensor) -> str:
    """SHA-256 of what a model was trained on: changed pixels or labels make a checkpoint stale."""
    digest = hashlib.sha256(str(tuple(images.shape)).encode())
    digest.update(images.contiguous().numpy().tobytes())
    digest.update(labels.contiguous().numpy().tobytes())
    return digest.hexdigest()


def provenance_path(path: Path) -> Path:
    """Where the record of the checkpoint ``path`` lies."""
    return path.with_suffix(".json")


def round_to_half(module: nn.Module) -> nn.Module:
    """Round every floating-point tensor of ``module`` to what fp16 can hold, in place; the tensors stay float32.

    Quality is measured after this, so that it is the quality of the file.
    """
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(_half(name, tensor).to(tensor.dtype))
    return module


def save_asset(
    path: Path, parts: Mapping[str, nn.Module | Mapping[str, torch.Tensor]], provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """Write ``path`` (safetensors, floats as fp16) and its record; return the record.

    Args:
        path: ends in ``.safetensors``.
        parts: name to module or state dict, e.g. ``{"unet": ..., "text_encoder": ...}``; tensors are stored as ``part.tensor``.
        provenance: what to record; ``schema_version``, ``weights_sha256``, ``bytes`` and ``torch`` are added.
    """
    import torch
    from safetensors.torch import save_file
    from torch import nn

    if path.suffix != ".safetensors":
        raise ValueError(f"{path}: a checkpoint ends in .safetensors")
    tensors = {}
    for part, content in parts.items():
        state = content.state_dict() if isinstance(content, nn.Module) else content
        for name, tensor in state.items():
            value = _half(f"{part}.{name}", tensor) if tensor.is_floating_point() else tensor
            tensors[f"{part}.{name}"] = value.detach().contiguous().clone()
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        save_file(tensors, temporary)
        temporary.chmod(0o644)  # safetensors writes for its owner alone
    record = {
        **provenance,
        "schema_version": SCHEMA_VERSION,
        "weights_sha256": sha256_file(path),
        "bytes": path.stat().st_size,
        "torch": torch.__version__,
    }
    with atomic_path(provenance_path(path)) as temporary:
        temporary.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
    return record


def load_asset(path: Path, entities: Sequence[str] | None = None, settings_sha256: str | None = None) -> Asset:
    """Read a checkpoint and check it against its record.

    Args:
        path: the ``.safetensors`` file.
        entities: the entities, in order, that the model must have been trained on.
        settings_sha256: of the settings that it must have been trained with.

    Raises:
        AssetError: a file is missing, the weights are not those of the record, or the record is not what was asked for.
    """
    for file in (path, provenance_path(path)):
        if not file.is_file():
            raise AssetError(f"{file} does not exist")
    record = read_json(provenance_path(path))
    if not isinstance(record, dict):
        raise AssetError(f"{provenance_path(path)}: holds {record!r}; allowed: a record of a checkpoint")
    for key, asked in (("weights_sha256", True), ("entities", entities), ("settings_sha256", settings_sha256)):
        if asked is not None and key not in record:
            raise AssetError(f"{provenance_path(path)}: no '{key}'")
    if record.get("schema_version") != SCHEMA_VERSION:
        raise AssetError(f"{provenance_path(path)}: schema_version {record.get('schema_version')}, expected {SCHEMA_VERSION}")
    found = sha256_file(path)
    if found != record["weights_sha256"]:
        raise AssetError(f"{path}: sha256 {found}, expected {record['weights_sha256']} as in {provenance_path(path).name}")
    if entities is not None and list(entities) != record["entities"]:
        raise AssetError(f"{path}: trained on {record['entities']}, expected {list(entities)}")
    if settings_sha256 is not None and settings_sha256 != record["settings_sha256"]:
        raise AssetError(f"{path}: trained with settings {record['settings_sha256']}, expected {settings_sha256}; train it anew")
    parts: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in load_file(path).items():
        part, key = name.split(".", 1)
        parts.setdefault(part, {})[key] = array.astype(np.float32) if array.dtype.kind == "f" else array
    return Asset(parts=parts, provenance=record)


def _half(name: str, tensor: torch.Tensor) -> torch.Tensor:
    import torch

    half = tensor.detach().to(torch.float16)
    if not torch.isfinite(half).all():
        raise ValueError(f"{name}: largest value {tensor.abs().max().item():.3g} does not fit into fp16")
    return half

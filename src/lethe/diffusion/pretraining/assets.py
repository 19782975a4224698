"""Checkpoints kept in the repository: one safetensors per model and a provenance record beside it.

Floats are stored as fp16, or, with 8 bits, matrices and kernels as int8: each row w of a weight (all that leads to one output) as
round(w / s) with one scale s = max|w| / 127, which stands beside it. What is rounded away is less than s / 2 a number.

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
SCALE = "#scale"  # ends the name of the scales of a tensor of 8 bits


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


def rounded(module: nn.Module, bits: int = 16) -> nn.Module:
    """Round every floating-point tensor of ``module`` to what a checkpoint of ``bits`` (16 or 8) holds, in place; they stay float32.

    Quality is measured after this, so that it is the quality of the file.
    """
    import torch

    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            stored = {part: value.numpy() for part, value in _stored(name, tensor, bits).items()}
            tensor.copy_(torch.from_numpy(_read(stored, name)))
    return module


def save_asset(
    path: Path, parts: Mapping[str, nn.Module | Mapping[str, torch.Tensor]], provenance: Mapping[str, Any], bits: int = 16
) -> dict[str, Any]:
    """Write ``path`` (safetensors) and its record; return the record.

    Args:
        path: ends in ``.safetensors``.
        parts: name to module or state dict, e.g. ``{"unet": ..., "text_encoder": ...}``; tensors are stored as ``part.tensor``.
        provenance: what to record; ``schema_version``, ``weights_sha256``, ``bytes`` and ``torch`` are added.
        bits: of a weight, 16 or 8; 32 of a checkpoint from outside, which is kept as it is.
    """
    import torch
    from safetensors.torch import save_file
    from torch import nn

    if path.suffix != ".safetensors":
        raise ValueError(f"{path}: a checkpoint ends in .safetensors")
    tensors: dict[str, torch.Tensor] = {}
    for part, content in parts.items():
        state = content.state_dict() if isinstance(content, nn.Module) else content
        for name, tensor in state.items():
            stored = _stored(f"{part}.{name}", tensor, bits) if tensor.is_floating_point() else {f"{part}.{name}": tensor}
            tensors |= {key: value.detach().contiguous().clone() for key, value in stored.items()}
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
    stored = load_file(path)
    for name in stored:
        if not name.endswith(SCALE):
            part, key = name.split(".", 1)
            parts.setdefault(part, {})[key] = _read(stored, name)
    return Asset(parts=parts, provenance=record)


def _stored(name: str, tensor: torch.Tensor, bits: int) -> dict[str, torch.Tensor]:
    """Names and tensors of a file that holds a floating-point tensor."""
    import torch

    if bits == 32:
        return {name: tensor.detach().float()}
    if bits == 16 or tensor.ndim < 2:
        return {name: _half(name, tensor)}
    value = tensor.detach().float()
    scale = value.flatten(1).abs().amax(1) / 127
    if not torch.isfinite(scale).all():
        raise ValueError(f"{name}: largest value {scale.max().item() * 127:.3g} is not finite")
    rows = value / scale.clamp(min=torch.finfo(torch.float32).tiny).view(-1, *[1] * (value.ndim - 1))
    return {name: rows.round().to(torch.int8), f"{name}{SCALE}": scale}


def as_trained(stored: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint's file by their names: those of 8 bits as float32, all others as they are stored."""
    import torch

    found = {}
    for name, tensor in stored.items():
        if f"{name}{SCALE}" in stored:
            rows = {key: stored[key].numpy() for key in (name, f"{name}{SCALE}")}
            found[name] = torch.from_numpy(_read(rows, name))
        elif not name.endswith(SCALE):
            found[name] = tensor
    return found


def _read(stored: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    """A tensor of a file, floats as float32."""
    array, scale = stored[name], stored.get(f"{name}{SCALE}")
    if scale is not None:
        return array.astype(np.float32) * scale.reshape(-1, *[1] * (array.ndim - 1))
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def _half(name: str, tensor: torch.Tensor) -> torch.Tensor:
    import torch

    half = tensor.detach().to(torch.float16)
    if not torch.isfinite(half).all():
        raise ValueError(f"{name}: largest value {tensor.abs().max().item():.3g} does not fit into fp16")
    return half

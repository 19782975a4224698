"""Byte-deterministic safetensors files, read with clear errors.

``safetensors.torch.save`` orders the metadata by a hash map with a random seed, so two runs of one job differ in bytes as
soon as there are two keys. Here the header is written with sorted keys; every safetensors reader takes it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save

from lethe.io.atomic import atomic_path
from lethe.io.tables import CorruptFileError, readable


def write_tensors(path: str | Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> None:
    """Write named tensors and a string-to-string header atomically; equal content gives equal bytes."""
    data = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, metadata=dict(metadata))
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    if "__metadata__" in header:
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the format wants the tensors aligned to 8 bytes
    with atomic_path(path) as part, open(part, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.write(memoryview(data)[8 + length :])  # a view: a dense delta of Stable Diffusion is 3.4 GB


def read_tensors(path: str | Path, expected: str = "") -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The tensors (on the CPU) and the header of a safetensors file.

    Args:
        expected: what the header must say under ``format``; empty: whatever it says.

    Raises:
        FileNotFoundError: if there is no such file.
        CorruptFileError: if it is truncated, no safetensors file or of another format.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"{path}: no such safetensors file")
    with readable(path, "a readable safetensors file"), safe_open(str(path), framework="pt", device="cpu") as file:
        tensors, header = {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    if expected and header.get("format") != expected:
        raise CorruptFileError(f"{path}: header says format '{header.get('format')}', expected '{expected}'")
    return tensors, header


def first_not_finite(tensors: Mapping[str, torch.Tensor]) -> str:
    """Name of the first tensor that holds NaN or infinity; empty if there is none."""
    return next((name for name, t in tensors.items() if t.is_floating_point() and not bool(torch.isfinite(t).all())), "")

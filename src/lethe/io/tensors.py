"""Byte-deterministic safetensors files, written tensor by tensor, read as maps of the file, with clear errors.

``safetensors.torch.save`` holds a second copy of everything while it writes, and orders the metadata by a hash map with a random seed, so two
runs of one job differ in bytes as soon as there are two keys. Here the header comes first, with sorted keys, then one tensor after the other;
every safetensors reader takes it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path

import torch
from safetensors import safe_open

from lethe.io.atomic import atomic_path
from lethe.io.tables import CorruptFileError, readable

# names in a safetensors header, in the order in which the library lays tensors out: last ones first, then by name
DTYPES = {
    torch.bool: "BOOL",
    torch.uint8: "U8",
    torch.int8: "I8",
    torch.float8_e5m2: "F8_E5M2",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.int16: "I16",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int32: "I32",
    torch.float32: "F32",
    torch.float64: "F64",
    torch.int64: "I64",
}
ORDER = {dtype: -place for place, dtype in enumerate(DTYPES)}


def write_tensors(path: str | Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> None:
    """Write named tensors and a string-to-string header atomically; equal content gives equal bytes.

    Examples:
        >>> write_tensors("weights.safetensors", {"bias": torch.zeros(2)}, {"format": "pt"})
        >>> read_tensors("weights.safetensors")
        ({'bias': tensor([0., 0.])}, {'format': 'pt'})
    """
    write_joined(path, [tensors], metadata)


def write_joined(path: str | Path, parts: Sequence[Mapping[str, torch.Tensor]], metadata: Mapping[str, str]) -> None:
    """Write tensors that come in parts as if they were concatenated along their first axis; nothing is copied that lies on the CPU.

    Args:
        parts: name -> tensor, (n_part, ...) where there are several parts; the same names, types and further axes in each.

    Raises:
        ValueError: parts do not fit together, or a tensor has a type that the format has not; names the tensor.

    Examples:
        >>> write_joined("weights.safetensors", [{"bias": torch.zeros(2)}, {"bias": torch.ones(1)}], {"format": "pt"})
        >>> read_tensors("weights.safetensors")[0]
        {'bias': tensor([0., 0., 1.])}
    """
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    end, shapes = 0, {name: _joined_shape(name, parts) for name in parts[0]}
    names = sorted(parts[0], key=lambda name: (ORDER[parts[0][name].dtype], name))
    for name in names:
        dtype = parts[0][name].dtype
        begin, end = end, end + prod(shapes[name]) * dtype.itemsize
        header[name] = {"dtype": DTYPES[dtype], "shape": shapes[name], "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the format wants the tensors aligned to 8 bytes
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in names:
            for part in parts:
                file.write(_bytes(part[name]))


def _joined_shape(name: str, parts: Sequence[Mapping[str, torch.Tensor]]) -> list[int]:
    first = parts[0][name]
    if first.dtype not in DTYPES:
        raise ValueError(f"tensor '{name}' is {first.dtype}; allowed: {', '.join(map(str, DTYPES))}")
    if len(parts) == 1:
        return list(first.shape)
    for part in parts:
        if part.keys() != parts[0].keys():
            raise ValueError(f"parts hold different tensors: '{min(part.keys() ^ parts[0].keys())}' is not in all of them")
        found = part[name]
        if not found.ndim or found.dtype != first.dtype or found.shape[1:] != first.shape[1:]:
            raise ValueError(
                f"tensor '{name}' is {found.dtype} {tuple(found.shape)} in one part, {first.dtype} {tuple(first.shape)} in another"
            )
    return [sum(len(part[name]) for part in parts), *first.shape[1:]]


def _bytes(tensor: torch.Tensor) -> memoryview:
    """Those of a tensor, without a copy where it is contiguous and on the CPU."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data


def read_tensors(path: str | Path, expected: str = "") -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The tensors (on the CPU) and the header of a safetensors file.

    Tensors are maps of the file: a page is read when it is used, and copied when it is written to. The file may be replaced meanwhile.

    Args:
        expected: what the header must say under ``format``; empty: whatever it says.

    Raises:
        FileNotFoundError: if there is no such file.
        CorruptFileError: if it is truncated, no safetensors file or of another format.

    Examples:
        >>> write_tensors("weights.safetensors", {"bias": torch.zeros(2)}, {"format": "pt"})
        >>> tensors, header = read_tensors("weights.safetensors", expected="pt")
        >>> tensors["bias"], header
        (tensor([0., 0.]), {'format': 'pt'})
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"{path}: no such safetensors file")
    with readable(path, "a readable safetensors file"), safe_open(str(path), framework="pt", device="cpu") as file:
        tensors, header = {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    if expected and header.get("format") != expected:
        raise CorruptFileError(f"{path}: header says format '{header.get('format')}', expected '{expected}'")
    return tensors, header


def first_not_finite(tensors: Mapping[str, torch.Tensor]) -> str:
    """Name of the first tensor that holds NaN or infinity; empty if there is none.

    Examples:
        >>> first_not_finite({"bias": torch.zeros(2), "weight": torch.tensor([1.0, float("nan")])})
        'weight'
    """
    return next((name for name, t in tensors.items() if t.is_floating_point() and not bool(torch.isfinite(t).all())), "")

"""Weight files of a pipeline folder, judged by their names and headers; no weight is read, neither torch nor diffusers imported.

A safetensors file begins with the length of its header, the header (JSON: name, type, shape and place of each tensor) and
nothing else beside the data, so that a file that was cut off says so itself.
"""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import Any

from lethe.io.tables import CorruptFileError, readable

STEMS = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model", "text_encoder": "model"}
"""Component -> first part of the names of its weight files, as diffusers and transformers write them; a second of a kind is called alike."""
VARIANTS = ("", "fp32", "bf16", "fp16")  # the first of these that is there is loaded
TYPES = {"F64", "F32", "F16", "BF16", "I64", "I32", "BOOL"}  # integers: positions, in old text encoders
LONGEST_HEADER = 100_000_000  # bytes; safetensors' own limit
POINTER = b"version https://git-lfs"


def _stem(component: str) -> str:
    return STEMS[component.removesuffix("_2")]


def variant_of(folder: Path, component: str) -> str | None:
    """Which variant of a component's weights is loaded: ``""`` for the plain files, else e.g. ``fp16``; None if there is none."""
    found = set()
    for file in (folder / component).glob("*.safetensors"):
        if match := re.fullmatch(
            rf"{_stem(component)}(?:\.(\w+))?(?:-\d{{5}}-of-\d{{5}})?", file.name.removesuffix(".safetensors")
        ):
            found.add(match[1] or "")
    return next((variant for variant in VARIANTS if variant in found), None)


def weight_files(folder: Path, component: str) -> list[Path]:
    """The safetensors files of a component, one or as many as its index names.

    Raises:
        FileNotFoundError: no such file; a file that the index names, or the index of a file in parts, is missing.
        CorruptFileError: an index that names no files beside it.
    """
    variant, place, stem = variant_of(folder, component), folder / component, _stem(component)
    if variant is None:
        others = sorted(file.name for file in place.glob("*.safetensors"))
        instead = f"; there is {', '.join(others)}, of another name or variant" if others else ""
        raise FileNotFoundError(f"{place / stem}.safetensors: no such weight file{instead}")
    dot = f".{variant}" if variant else ""
    single, index = place / f"{stem}{dot}.safetensors", place / f"{stem}.safetensors.index{dot}.json"
    if single.is_file() and index.is_file():
        raise CorruptFileError(f"{place}: holds {single.name} and {index.name}, two sets of weights; keep one of them")
    if single.is_file():
        return [single]
    if not index.is_file():
        raise FileNotFoundError(f"{index}: no such file, though the weights beside it are in parts")
    with readable(index, "an index of weights in parts"):
        parts = json.loads(index.read_text("utf-8"))["weight_map"]
        if not parts or any(Path(name).name != name for name in parts.values()):
            raise ValueError("weight_map must map tensors to files beside the index")
    files = [place / name for name in sorted(set(parts.values()))]
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(f"{file}: no such file, though {index.name} names it")
    return files


def read_header(path: Path) -> dict[str, dict[str, Any]]:
    """The tensors of a safetensors file: name -> ``dtype``, ``shape``, ``data_offsets``.

    Raises:
        CorruptFileError: the file is cut off, no safetensors file, a pointer of Git LFS, or holds quantised weights.
    """
    size = path.stat().st_size
    with open(path, "rb") as file:
        start = file.read(8)
        if start + file.read(len(POINTER) - 8) == POINTER:
            raise CorruptFileError(f"{path}: a pointer of Git LFS, not the weights; fetch them with `git lfs pull`")
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if length > min(size - 8, LONGEST_HEADER):
            raise CorruptFileError(
                f"{path}: {size} bytes that are no safetensors file, or its beginning only; copy or fetch it again"
            )
        file.seek(8)
        with readable(path, "a safetensors file", remedy="; copy or fetch it again"):
            header = json.loads(file.read(length))
            header.pop("__metadata__", None)
            ends = [entry["data_offsets"][1] for entry in header.values()]
            types = {name: entry["dtype"] for name, entry in header.items()}
    promised = 8 + length + max(ends, default=0)
    if size != promised:
        raise CorruptFileError(f"{path}: {size} bytes, of {promised} that its header promises; copy or fetch it again")
    for name, kind in types.items():
        if kind not in TYPES:
            allowed = ", ".join(sorted(TYPES))
            raise CorruptFileError(f"{path}: tensor '{name}' is {kind}; allowed are {allowed}, no quantised weights")
    return header

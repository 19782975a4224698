"""The file of a data set with its splits (``lethe.classifiers.data.prepare``), checked when it is read."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor

from lethe.classifiers import PROVIDERS
from lethe.classifiers.data.base import Provider
from lethe.core.records import NAME
from lethe.io.tables import CorruptFileError
from lethe.io.tensors import read_tensors

FORMAT = "lethe-labelled-images"
SPLITS = ("retain", "forget", "val", "test")
LABELS = ("labels", "clean_labels")


def read_data(path: str | Path) -> tuple[str, Provider, dict[str, Tensor]]:
    """Name and provider of the data set, and its tensors.

    Returns:
        ``images`` (N, H, W, C) uint8, ``labels`` (N,) int64 from 0 as they are trained on, ``clean_labels`` (N,) as the provider gives them,
        and per split the rows of its images, (n,) int64; the splits share none, and a row may be in none.

    Raises:
        FileNotFoundError: there is no such file.
        CorruptFileError: it is damaged, of another format, of an unknown data set, or its tensors do not fit together.
    """
    tensors, header = read_tensors(path, FORMAT)
    name, source = header.get("dataset", ""), header.get("provider", "")
    if source not in PROVIDERS:
        raise CorruptFileError(f"{path}: provider '{source}' is unknown; known: {', '.join(PROVIDERS)}")
    if not re.fullmatch(NAME, name):
        raise CorruptFileError(f"{path}: dataset '{name}' is no name; allowed: lower-case words and digits joined by underscores")
    provider = PROVIDERS.load(source)()
    if fault := _fault(tensors, provider):
        raise CorruptFileError(f"{path}: {fault}")
    return name, provider, tensors


def _fault(tensors: dict[str, Tensor], provider: Provider) -> str:
    """What is wrong with the tensors, or nothing."""
    if odd := sorted({"images", *LABELS, *SPLITS} ^ set(tensors)):
        return f"tensor '{odd[0]}' is {'unknown' if odd[0] in tensors else 'missing'}"
    images = tensors["images"]
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[-1] not in (1, len(provider.mean)):
        return f"'images' is {images.dtype} {tuple(images.shape)}; allowed: uint8 (N, H, W, 1 or {len(provider.mean)})"
    for key in (*LABELS, *SPLITS):
        if tensors[key].dtype != torch.int64 or tensors[key].ndim != 1 or not len(tensors[key]):
            return f"'{key}' is {tensors[key].dtype} {tuple(tensors[key].shape)}; allowed: int64 (n), not empty"
        limit = provider.classes if key in LABELS else len(images)
        if len(wrong := tensors[key][(tensors[key] < 0) | (tensors[key] >= limit)]):
            return f"'{key}' holds {int(wrong[0])}; allowed: 0 to {limit - 1}"
    for key in LABELS:
        if len(tensors[key]) != len(images):
            return f"'{key}' has {len(tensors[key])} entries for {len(images)} 'images'"
    rows, counts = torch.cat([tensors[key] for key in SPLITS]).unique(return_counts=True)
    return f"row {int(rows[counts > 1][0])} is in two splits" if bool((counts > 1).any()) else ""

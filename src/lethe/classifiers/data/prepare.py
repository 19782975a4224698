"""A data set and its splits as one file."""

from __future__ import annotations

from pathlib import Path

import torch

from lethe.classifiers import PROVIDERS
from lethe.classifiers.data.splits import fixed_split
from lethe.classifiers.data.stored import FORMAT
from lethe.io.tensors import write_tensors


def write_data(path: str | Path, dataset: str, folder: str, val_share: float, forget_share: float) -> dict[str, int]:
    """Read a data set through its provider and write images, labels and splits to one file; returns the sizes of the splits.

    Raises:
        MissingDataError: its files are not there. CorruptFileError, ValueError: see the provider.
    """
    provider = PROVIDERS.load(dataset)()
    data = provider.load(Path(folder) if folder else None)
    split = fixed_split(len(data.images) - data.test, data.test, val_share=val_share, forget_share=forget_share)
    tensors = {"images": torch.from_numpy(data.images), "labels": torch.from_numpy(data.labels)}
    tensors |= {name: torch.from_numpy(getattr(split, name)) for name in ("retain", "forget", "val", "test")}
    write_tensors(path, tensors, {"format": FORMAT, "dataset": dataset})
    return {name: len(getattr(split, name)) for name in ("retain", "forget", "val", "test")}

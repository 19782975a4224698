"""A data set and its splits as one file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lethe.classifiers import PROVIDERS
from lethe.classifiers.data.base import LabelledImages
from lethe.classifiers.data.forget_sets import of_class, of_subclass, ranked
from lethe.classifiers.data.selection import limited, noisy
from lethe.classifiers.data.splits import fixed_split
from lethe.classifiers.data.stored import FORMAT, SPLITS
from lethe.classifiers.membership import SMALLEST
from lethe.io.tensors import write_tensors
from lethe.settings.classifiers import Selection

Indices = NDArray[np.int64]


def write_data(
    path: str | Path, dataset: str, selection: Selection, folder: str = "", scores: NDArray[np.floating] | None = None
) -> dict[str, int]:
    """Read a data set through its provider and write images, labels and splits to one file; returns the sizes of the splits.

    Args:
        dataset: key of the data set. selection: which images, labels and forget set.
        folder: where its files are; empty: it needs none, or looks in its usual places.
        scores: (N,) by which a forget set is ranked (``memorised``, ``hardest``); the largest are forgotten.

    Raises:
        MissingDataError: its files are not there. CorruptFileError, ValueError: see the provider, ``fixed_split`` and ``forget_sets``; also
            for a set that is too small to be attacked.
    """
    name = selection.provider or dataset
    provider = PROVIDERS.load(name)()
    data = provider.load(Path(folder) if folder else None)
    data = limited(data, selection.limit)
    labels = noisy(data.labels, selection.label_noise, provider.classes, selection.draw)
    split = fixed_split(
        len(data.images) - data.test,
        data.test,
        val_share=selection.val_share,
        forget_share=selection.forget_share,
        train_size=selection.train_size,
        draw=selection.draw,
        choose=_forget_set(selection, data, labels, scores),
    )
    for part in ("forget", "val", "test"):
        if (size := len(getattr(split, part))) < SMALLEST:
            raise ValueError(
                f"data set {dataset}: the {part} set has {size} samples; membership attacks need at least {SMALLEST}"
            )
    tensors = {"images": data.images, "labels": labels, "clean_labels": data.labels}
    tensors |= {part: getattr(split, part) for part in SPLITS}
    header = {"format": FORMAT, "dataset": dataset, "provider": name}
    write_tensors(path, {key: torch.from_numpy(array) for key, array in tensors.items()}, header)
    return {part: len(getattr(split, part)) for part in SPLITS}


def _forget_set(
    selection: Selection, data: LabelledImages, labels: Indices, scores: NDArray[np.floating] | None
) -> Callable[[Indices], Indices] | None:
    """Training set -> forget set; None for a random one."""
    if selection.forget_set == "random":
        return None
    if selection.forget_class is not None:
        if selection.forget_set == "class":
            return partial(of_class, labels=labels, number=selection.forget_class)
        return partial(of_subclass, labels=labels, images=data.images, number=selection.forget_class)
    if scores is None or len(scores) != len(labels):
        raise ValueError(
            f"forget_set {selection.forget_set} needs a score for each of {len(labels)} images, not {0 if scores is None else len(scores)}"
        )
    return partial(ranked, scores=scores, share=selection.forget_share)

"""What every model draws, as sets of images, against real images: Frechet and kernel distance in the features of classifiers.

A distance in the features of a small classifier is no FID: columns are called ``fd_{features}`` and ``kid_{features}``. Distances are biased
by the number of images, so rows are compared that have the same number; ``fd`` sees a collapse, not a caricature.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.unlearncanvas.answers import BASE, OF_BASE
from lethe.benchmarks.unlearncanvas.concepts import Canvas
from lethe.core.records import ModelId
from lethe.diffusion.metrics.distribution import fid, kid
from lethe.diffusion.metrics.embeddings import Embeddings

REAL = "real"  # the method of the row that compares real images with other real ones
BACKBONE = "backbone"
Vectors = NDArray[np.float64]


def vectors_of(embeddings: Embeddings) -> dict[str, Vectors]:
    """Name of the model -> (n, d) features of every image: of classifiers that keep them, and of the backbone if it scored the images."""
    found = {name: np.asarray(array, dtype=np.float64) for name, array in embeddings.features.items()}
    if embeddings.embedding.shape[1]:
        found[BACKBONE] = np.asarray(embeddings.embedding, dtype=np.float64)
    return found


def distribution_table(
    task: str, real: Embeddings, base: Embeddings, models: Iterable[tuple[ModelId, Embeddings]], canvas: Canvas
) -> pd.DataFrame:
    """One row per model and set of cells.

    Real images are parted by their number within a cell: the even ones are what everything is compared with, the odd ones give the floor.

    Args:
        real: of held-out images, at least two of every cell. base, models: of generated images.

    Returns:
        ``task, method, epochs, concept, name, kind, cells`` (``all``, or ``others``: those that do not show what is forgotten), ``images, real``
        (how many), and for each kind of features ``fd_{features}, kid_{features}`` with ``_minus_base``, the distance less that of the base on
        the same cells. Method ``real`` is the floor; of as many images as the base has, if there are as many.

    Raises:
        ValueError: there is no real image to compare with.
    """
    even = real.seed % 2 == 0
    if not even.any() or even.all():
        raise ValueError("each cell needs two held-out images or more: one half is compared with the other")
    odd = np.flatnonzero(~even)
    odd = odd[np.lexsort((real.receiver[odd], real.seed[odd]))][: len(base.seed)]  # as many of every cell
    ground, floor = _rows(real, np.flatnonzero(even)), _rows(real, odd)
    of_base = _rows(base)
    known: dict[bytes, dict[str, float]] = {}  # distances of the base, by the cells that they are taken over

    def row(named: Mapping[str, Any], drawn: Set, cells: NDArray[np.int64]) -> dict[str, Any]:
        if (key := cells.tobytes()) not in known:
            known[key] = _distances(ground, of_base, cells)
        counts = {"images": int(np.isin(drawn[0], cells).sum()), "real": int(np.isin(ground[0], cells).sum())}
        found: dict[str, Any] = dict(named) | counts
        for name, value in _distances(ground, drawn, cells).items():
            found |= {name: value, f"{name}_minus_base": value - known[key][name]}
        return found

    everywhere = np.arange(len(canvas.styles))
    nothing = {"epochs": 0, "concept": OF_BASE, "name": "", "kind": "", "cells": "all"}
    rows = [row({"task": task, "method": method} | nothing, of, everywhere) for method, of in ((REAL, floor), (BASE, of_base))]
    for model, embeddings in models:
        concept, drawn = canvas.concepts[model.index], _rows(embeddings)
        named = {"task": task, "method": model.method, "epochs": model.epochs}
        named |= {"concept": concept.index, "name": concept.name, "kind": concept.kind}
        for name, cells in (("all", everywhere), ("others", np.setdiff1d(everywhere, concept.covers))):
            rows.append(row(named | {"cells": name}, drawn, cells))
    return pd.DataFrame(rows)


Set = tuple[NDArray[np.int64], Mapping[str, Vectors]]
"""The cell of every image, and its features by the model that gave them."""


def _rows(embeddings: Embeddings, chosen: NDArray[np.int64] | None = None) -> Set:
    rows = np.arange(len(embeddings.seed)) if chosen is None else chosen
    return embeddings.receiver[rows], {name: vectors[rows] for name, vectors in vectors_of(embeddings).items()}


def _distances(ground: Set, drawn: Set, cells: NDArray[np.int64]) -> dict[str, float]:
    """``fd_{features}`` and ``kid_{features}`` of the images of some cells."""
    here, there = (np.isin(of[0], cells) for of in (ground, drawn))
    return {
        f"{name}_{features}": distance(vectors[here], drawn[1][features][there])
        for features, vectors in ground[1].items()
        for name, distance in (("fd", fid), ("kid", kid))
    }

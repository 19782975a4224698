"""Does harm follow similarity? I-CARE's question, asked of styles and of objects.

How alike two styles are is told by real images alone, so it owes nothing to any model that draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lethe.benchmarks.unlearncanvas.concepts import Canvas, Concept
from lethe.benchmarks.unlearncanvas.interference import Value, values_of
from lethe.core.registry import nearest
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.testbed.similarity import dino_similarity
from lethe.statistics.association import mantel
from lethe.statistics.entity_tests import FEWEST
from lethe.statistics.resampling import Inference

Matrix = NDArray[np.float64]


def compared(canvas: Canvas, kind: str) -> list[Value]:
    """The styles without the photo, or the objects: what harm can go from and to. The photo is the guide of styles, so it is no receiver."""
    return [value for value in values_of(canvas) if value.kind == kind and value.name != canvas.photo]


def similarity(real: Embeddings, classifier: str, canvas: Canvas, kind: str) -> Matrix:
    """Cosine of the mean features of the images of each style (object), less the mean of them all.

    Args:
        real: of real images.
        classifier: whose features are taken.
        canvas: cells.
        kind: ``style`` or ``object``.

    Returns:
        (n, n) in [-1, 1], in the order of ``compared``.

    Raises:
        KeyError: the features of this classifier are not kept.
    """
    if classifier not in real.features:
        there = ", ".join(real.features) or "none"
        raise KeyError(f"no features of '{classifier}' are kept; there are: {there}{nearest(classifier, list(real.features))}")
    names = [value.name for value in compared(canvas, kind)]
    shown = canvas.values(kind)[real.receiver]
    rows = np.isin(shown, names)
    vectors = np.asarray(real.features[classifier], dtype=np.float64)[rows]
    return dino_similarity(vectors - vectors.mean(axis=0), [names.index(name) for name in shown[rows]], len(names))


def square(lost: Matrix, concepts: Sequence[Concept], canvas: Canvas, kind: str) -> Matrix:
    """The part of ``accuracy_lost`` that is of one kind, (n, n) in the order of ``compared``; rows of what no model forgot are NaN."""
    every, own = values_of(canvas), compared(canvas, kind)
    columns = [every.index(value) for value in own]
    found = np.full((len(own), len(own)), np.nan)
    for row, concept in zip(lost, concepts, strict=True):
        if concept.kind == kind:
            found[own.index(Value(kind, concept.style or concept.object))] = row[columns]
    return found


def follow(lost: Matrix, alike: Matrix, inference: Inference) -> dict[str, Any]:
    """Spearman's rho of harm and similarity over pairs, tested by permuting styles (objects) as wholes.

    Args:
        lost: (n, n) of ``square``. alike: (n, n) of ``similarity``.
        inference: permutations, draws, level.

    Returns:
        ``concepts`` that were forgotten, ``pairs``, ``rho`` with ``low, high`` and ``p``. Where fewer than four can be compared, or
        nothing is lost anywhere, there is no rho: NaN.

    >>> alike = -np.abs(np.subtract.outer(np.arange(5.0), np.arange(5.0)))
    >>> round(float(follow(alike, alike, Inference(permutations=99, bootstrap=99))["rho"]), 3)
    1.0
    >>> follow(0 * alike, alike, Inference())["rho"]
    nan
    """
    used = np.isfinite(lost) & ~np.eye(len(lost), dtype=bool)
    row: dict[str, Any] = {"concepts": int(used.any(axis=1).sum()), "pairs": int(used.sum())}
    if len(lost) < FEWEST or not used.any() or np.ptp(lost[used]) == 0:
        return row | dict.fromkeys(("rho", "low", "high", "p"), np.nan)
    found = mantel(
        lost, alike, permutations=inference.permutations, seed=inference.seed, draws=inference.bootstrap, alpha=inference.alpha
    )
    return row | {"rho": np.float64(found.correlation), "low": found.low, "high": found.high, "p": found.p_value}

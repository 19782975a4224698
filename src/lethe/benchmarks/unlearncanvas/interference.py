"""Accuracy lost on every concept where one is forgotten: cells are taken together to concepts, and the photo is one more style."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lethe.benchmarks.unlearncanvas.answers import Seen
from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES, Canvas, Concept


class Value(NamedTuple):
    """A style (the photo too) or an object, of which images are asked for.

    Attributes:
        kind: ``style`` or ``object``.
        name: its value.
    """

    kind: str
    name: str


def values_of(canvas: Canvas) -> list[Value]:
    """Every style, the photo first, and every object, in the order of the cells."""
    found = [Value(kind, str(name)) for kind in ATTRIBUTES for name in dict.fromkeys(canvas.values(kind).tolist())]
    return sorted(found, key=lambda value: (ATTRIBUTES.index(value.kind), value.name != canvas.photo))


def accuracy_lost(found: Seen, base: Seen, canvas: Canvas, concepts: Sequence[Concept]) -> NDArray[np.float64]:
    """Accuracy of the base less that of each model, on the images of each value that do not show what the model forgot.

    On the images of what it forgot it is what was to be lost.

    Args:
        found: of models, one for each of ``concepts``. base: of the base, on the same cells and seeds. Of ``right`` or of
            ``probability``: then it is probability that is lost.
        concepts: of kind style or object.

    Returns:
        (concepts, values of ``values_of``), in [-1, 1]; NaN where every image of a value shows what is forgotten, and it is another.
    """
    values = values_of(canvas)
    lost = np.full((len(concepts), len(values)), np.nan)
    for row, concept in enumerate(concepts):
        model, covered = int(np.flatnonzero(found.concepts == concept.index)[0]), canvas.covered(concept)
        for column, (kind, name) in enumerate(values):
            own = kind == concept.kind and name in (concept.style, concept.object)
            cells = (canvas.values(kind) == name) & (covered if own else ~covered)
            if cells.any():
                lost[row, column] = base.of(kind)[0][cells].mean() - found.of(kind)[model][cells].mean()
    return lost

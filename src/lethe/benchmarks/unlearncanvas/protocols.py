"""Over which images unlearning accuracy (UA), in-domain (IRA) and cross-domain retain accuracy (CRA) are taken.

UA is the share of images of the target in which the judge does not see it. IRA is the mean over the other concepts of its kind, CRA the
mean over the concepts of the other kind, of the share of their images in which the judge sees what was asked for. The paper, its code, its
authors and later works each take another set of images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lethe.benchmarks.unlearncanvas.concepts import Canvas, Concept, other

Floats = NDArray[np.float64]
QUANTITIES = ("ua", "ira", "cra")


class Protocol(NamedTuple):
    """A set of images for each quantity.

    Attributes:
        says: in words.
        source: where it is written down.
        photo_in_ua: photos of an object that is forgotten count in UA. photo_in_ira, photo_in_cra: photos count as a style that is retained,
            and as pictures of retained objects.
        target_in_cra: images of what is forgotten count in CRA.
        retained: only the concepts named in the configuration, and the target, are looked at.
        one_seed: only the first seed.
    """

    says: str
    source: str
    photo_in_ua: bool = True
    photo_in_ira: bool = False
    photo_in_cra: bool = False
    target_in_cra: bool = True
    retained: bool = False
    one_seed: bool = False


PROTOCOLS: dict[str, Protocol] = {
    "default": Protocol(
        "UA over all images of the target; IRA and CRA over images that do not show it, photos left out",
        "README of machine_unlearning in OPTML-Group/UnlearnCanvas",
        target_in_cra=False,
    ),
    "released": Protocol(
        "photos are one of the styles, and CRA counts images of the target",
        "accuracy.py of OPTML-Group/UnlearnCanvas",
        photo_in_ira=True,
        photo_in_cra=True,
    ),
    "author": Protocol(
        "as released, photos neither in IRA nor in CRA",
        "issue 13 of OPTML-Group/UnlearnCanvas",
    ),
    "saeuron": Protocol(
        "photos are not drawn at all, so an object has none in UA either",
        "SAeUron (ICML 2025)",
        photo_in_ua=False,
    ),
    "u_care": Protocol(
        "as released, of one seed",
        "result files of Vision Unlearning (arXiv 2602.07058)",
        photo_in_ira=True,
        photo_in_cra=True,
        one_seed=True,
    ),
    "cuig": Protocol(
        "only fixed retained styles and objects and the target are drawn",
        "Continual unlearning in image generation (ICLR 2026)",
        photo_in_ua=False,
        retained=True,
    ),
}


class Weights(NamedTuple):
    """(N,) weight of each cell, together 1; of ``ua`` of the images in which the target is seen; NaN where no cell counts."""

    ua: Floats
    ira: Floats
    cra: Floats


def weights(protocol: Protocol, canvas: Canvas, concept: Concept, retained: Mapping[str, Sequence[str]] | None = None) -> Weights:
    """How much each cell counts.

    Args:
        concept: of kind style or object.
        retained: ``style`` and ``object`` -> values, for a protocol that is ``retained``.

    Raises:
        ValueError: the concept is a pair, or the protocol needs ``retained``.
    """
    if concept.kind == "pair":
        raise ValueError(f"concept {concept.index} ('{concept.name}') is a pair; UA, IRA and CRA are of a style or an object")
    own, cross = canvas.values(concept.kind), canvas.values(other(concept.kind))
    shown, photo = canvas.covered(concept), canvas.styles == canvas.photo
    kept_own, kept_cross = np.ones(len(own), dtype=bool), np.ones(len(own), dtype=bool)
    if protocol.retained:
        if retained is None:
            raise ValueError("this protocol needs the concepts that are retained (unlearncanvas.{task}.retained)")
        kept_own, kept_cross = np.isin(own, retained[concept.kind]), np.isin(cross, retained[other(concept.kind)])
    return Weights(
        _balanced(shown & kept_cross & (protocol.photo_in_ua | ~photo), own),
        _balanced(~shown & kept_own & kept_cross & (protocol.photo_in_ira | ~photo), own),
        _balanced((protocol.target_in_cra | ~shown) & (shown | kept_own) & kept_cross & (protocol.photo_in_cra | ~photo), cross),
    )


def _balanced(counts: NDArray[np.bool_], values: NDArray[np.str_]) -> Floats:
    """Weights with which every value that is there counts as much as any other, and within it every cell."""
    there, places, sizes = np.unique(values[counts], return_inverse=True, return_counts=True)
    found = np.full(len(values), np.nan) if not len(there) else np.zeros(len(values))
    if len(there):
        found[counts] = 1 / (len(there) * sizes[places])
    return found

"""What the numbers of a figure mean to a reader, in words and colours.

A metric says it itself (``lethe.diffusion.metrics.specs``); so does a statistic per entity (``lethe.benchmarks.icare.entities.STATISTICS``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lethe.benchmarks.icare.entities import STATISTICS
from lethe.benchmarks.icare.words import similarity_name
from lethe.core.registry import UnknownNameError, nearest
from lethe.diffusion.metrics.specs import comparisons, quantities, spec_of
from lethe.diffusion.metrics.words import words_of
from lethe.figures.colours import DIVERGING, HARM, reverse

OFF = "off"  # the row of the base in grids of pictures; every other row is a method


@dataclass(frozen=True)
class Quantity:
    """A pair metric in words.

    Attributes:
        label: name on an axis.
        unit: unit or range; may be empty.
        higher_is_healthier: direction in which the receiver is better off.
        unchanged: value when nothing was lost.
        difference: whether the sign matters (on minus off), so that colours must diverge around ``unchanged``.
    """

    label: str
    unit: str
    higher_is_healthier: bool
    unchanged: float
    difference: bool

    @property
    def healthy(self) -> str:
        """``"higher"`` or ``"lower"``."""
        return "higher" if self.higher_is_healthier else "lower"

    @property
    def axis(self) -> str:
        """Label, unit and healthy direction, on two lines."""
        unit = f"{self.unit}; " if self.unit else ""
        return f"{self.label}\n({unit}{self.healthy} is healthier)"


def quantity(metric: str) -> Quantity:
    """The ``Quantity`` of a pair metric; an unknown one raises ``UnknownNameError`` listing those known."""
    spec = spec_of(metric)
    if spec.kind == "image":
        known = sorted(comparisons(quantities()))
        raise UnknownNameError(
            f"metric '{metric}' scores one image; a figure of pairs takes: {', '.join(known)}{nearest(metric, known)}"
        )
    return Quantity(*words_of(metric), spec.arrow == "\u2191", spec.undamaged, spec.kind == "diff")


def statistic_axis(slug: str) -> str:
    """Title and healthy direction of a statistic per entity, on two lines."""
    if slug not in STATISTICS:
        raise UnknownNameError(f"unknown statistic '{slug}'{nearest(slug, list(STATISTICS))}")
    direction = STATISTICS[slug].direction
    title = STATISTICS[slug].title.replace("clip diff", "CLIP diff").replace("ssim", "SSIM").replace("rmse", "RMSE")
    title = title.replace("dino diff", "DINO similarity").replace("brisque", "BRISQUE")
    if slug == "forget_clip_diff":
        return f"{title}\n(100 \u00d7 cosine; lower is more forgotten)"
    if slug == "embedding_specificity_ratio":
        return f"{title}\n(above 1: its target moves most)"
    return f"{title}\n({'difference of two sides' if direction is None else _told(direction)})"


def _told(arrow: str) -> str:
    return "higher is healthier" if arrow == "\u2191" else "lower is healthier"


def axis(kind: str, name: str) -> str:
    """The label of an axis of a result: ``kind`` says what ``name`` names.

    ``metric``, ``similarity``, ``statistic``, ``attribute``, ``predicted`` (a metric), ``damage`` (of a metric), ``share`` (of what
    ``name`` says), ``correlation`` (with similarity, of harm or as published).
    """
    if kind == "metric":
        return quantity(name).axis
    if kind == "similarity":
        return f"{similarity_name(name)}\n(higher is more alike)"
    if kind == "statistic":
        return statistic_axis(name)
    if kind == "attribute":
        return name.replace("_", " ").capitalize()
    if kind == "predicted":
        return f"predicted: {quantity(name).axis}"
    if kind == "damage":
        return f"damage by {quantity(name).label.split(',')[0]}\n(0 = untouched)"
    if kind == "share":
        return f"share: {name}".replace(" among", "\namong")
    if kind == "correlation":
        return "mean |Pearson r| of metric and similarity" if name == "published" else f"mean \u03c1 of {name} and similarity"
    raise UnknownNameError(f"unknown kind of axis '{kind}'")


def colour_scale(
    what: Quantity, values: np.ndarray[Any, np.dtype[np.float64]], floor: Sequence[float] | None = None
) -> dict[str, Any]:
    """Colour map and limits: no change is white, harm is red; the largest 1 % of the receivers may saturate.

    Args:
        what: the quantity. values: of the receivers.
        floor: range of the noise; the scale reaches beyond it, so that what lies within is pale.
    """
    limit = float(np.quantile(np.abs(values - what.unchanged), 0.99)) if values.size else 0.0
    limit = max(limit, *(2 * abs(end - what.unchanged) for end in floor)) if floor and what.difference else limit
    limit = limit or 1.0  # all unchanged, as `none` must be: any width will do
    if what.difference:
        cmap = DIVERGING if what.higher_is_healthier else reverse(DIVERGING)
        return {"cmap": cmap, "vmin": what.unchanged - limit, "vmax": what.unchanged + limit}
    if what.higher_is_healthier:
        return {"cmap": reverse(HARM), "vmin": what.unchanged - limit, "vmax": what.unchanged}
    return {"cmap": HARM, "vmin": what.unchanged, "vmax": what.unchanged + limit}

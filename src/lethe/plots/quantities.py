"""What the numbers of a figure mean to a reader. Directions come from ``lethe.metrics``, labels are here."""

from __future__ import annotations

from dataclasses import dataclass

from lethe.metrics.base import spec_of
from lethe.registry import UnknownNameError, nearest


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


LABELS = {
    "clip_diff": ("CLIP score, on \u2212 off", "100 \u00d7 cosine"),
    "judge_diff": ("Judge accuracy, on \u2212 off", "share of images"),
    "brisque_diff": ("BRISQUE, on \u2212 off", "points"),
    "nudenet_diff": ("Exposed parts, on \u2212 off", "per image"),
    "dino": ("DINO similarity of on and off", "cosine"),
    "dino_diff": ("DINO similarity of on and off", "cosine"),
    "ssim": ("SSIM of on and off", ""),
    "rmse": ("RMSE between on and off", "share of the pixel range"),
    "ssim_published": ("SSIM as published", "pixel range taken as 4095"),
    "rmse_published": ("RMSE as published", "pixel range taken as 4095"),
}

SIMILARITIES = {
    "clip": "CLIP text similarity",
    "attr": "Attribute similarity",
    "dino": "DINO image similarity",
    "act": "Activation similarity",
    "weights": "Weight similarity",
    "true": "True similarity",
}


def quantity(metric: str) -> Quantity:
    """The ``Quantity`` of a pair metric; an unknown one raises ``UnknownNameError`` listing those known.

    A new metric needs no entry here: it is then drawn under its own name and unit.
    """
    spec = spec_of(metric)
    if spec.kind == "image":
        known = sorted(LABELS)
        raise UnknownNameError(
            f"metric '{metric}' scores one image; a figure of pairs takes: {', '.join(known)}{nearest(metric, known)}"
        )
    label, unit = LABELS.get(metric, (metric, "" if spec.unit == "1" else spec.unit))
    return Quantity(label, unit, spec.arrow == "\u2191", spec.undamaged, spec.kind == "diff")


def similarity_name(kind: str) -> str:
    """How a kind of similarity is written in figures; an unknown kind raises ``UnknownNameError``."""
    if kind not in SIMILARITIES:
        known = sorted(SIMILARITIES)
        raise UnknownNameError(f"unknown similarity '{kind}'; known: {', '.join(known)}{nearest(kind, known)}")
    return SIMILARITIES[kind]

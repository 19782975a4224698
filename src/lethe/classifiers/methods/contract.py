"""What the contract suite holds a method of classifiers to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lethe.core.methods import Contract

DECIDES_NO_RESULT = "says what a test asks of a method"


@dataclass(frozen=True)
class ClassifierContract(Contract):
    """``direction`` is ``loss`` (the cross-entropy on the forget set at least doubles) or ``change``.

    Attributes:
        retain: the accuracy on every model's retain set stays at least here.
        sees: what of D_F the result depends on: its labels (and samples), its samples but not their labels, or nothing.
        tolerance: for a stack against its models alone, of the largest weight of a tensor.
    """

    retain: float
    sees: Literal["labels", "samples", "nothing"]
    tolerance: float = 1e-5

"""What models are trained on, parted into what they keep and what they forget: one shape for every study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Split(Generic[T]):
    """Disjoint; together what the original model is trained on.

    Attributes:
        retain: what an unlearned model is to keep, all that a retrained one sees: rows of images, or records of them.
        forget: what is to be forgotten.
    """

    retain: T
    forget: T

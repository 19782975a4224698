"""What a method comes down to on an architecture that lacks what the method needs."""

from __future__ import annotations

from lethe.classifiers.methods import NEEDS

WITHOUT_CONVOLUTIONS = frozenset({"mlp"})


def only_fine_tunes(method: str, architecture: str) -> bool:
    """Whether a method comes down to fine-tuning on an architecture: shown in tables, not ranked and not attacked."""
    return architecture in WITHOUT_CONVOLUTIONS and NEEDS.needs(method, "convolutions")


def uses_validation(method: str) -> bool:
    """Whether a method has seen the validation set, so that VA and the MIA on it tell nothing."""
    return NEEDS.needs(method, "validation")

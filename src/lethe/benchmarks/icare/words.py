"""What a kind of similarity and a quantity are called: in figures, and within a sentence."""

from __future__ import annotations

import re

from lethe.core.registry import UnknownNameError, nearest
from lethe.diffusion.methods import LOOKS
from lethe.diffusion.metrics.specs import quantities
from lethe.diffusion.metrics.words import words_of

SIMILARITIES = {
    "clip": "CLIP text similarity",
    "attr": "Attribute similarity",
    "dino": "DINO image similarity",
    "act": "Activation similarity",
    "weights": "Weight similarity",
    "true": "True similarity",
}


def similarity_name(kind: str) -> str:
    """How a kind of similarity is written in figures; an unknown kind raises ``UnknownNameError``."""
    if kind not in SIMILARITIES:
        known = sorted(SIMILARITIES)
        raise UnknownNameError(f"unknown similarity '{kind}'; known: {', '.join(known)}{nearest(kind, known)}")
    return SIMILARITIES[kind]


def in_sentence(name: str) -> str:
    """A name as it stands within a sentence: an abbreviation keeps its capitals.

    >>> in_sentence("Attribute similarity"), in_sentence("CLIP text similarity")
    ('attribute similarity', 'CLIP text similarity')
    """
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def measured_by(method: str, quantity: str) -> str:
    """A method and the quantity that its damage is measured by, within a sentence.

    >>> measured_by("uce", "judge_diff"), measured_by("distil", "rmse")
    ('UCE by judge accuracy', 'SPARE (FADE) by RMSE between on and off')
    """
    return f"{LOOKS.title(method)} by {in_sentence(words_of(quantity)[0].split(',')[0])}"


def in_words(how: str) -> str:
    """What a gate computed, with names in place of codes. Its file keeps the codes, so that another label makes no table again.

    >>> in_words("times 21 (Bonferroni): uce, judge_diff, Spearman 0.37")
    'times 21 (Bonferroni): UCE by judge accuracy, Spearman 0.37'
    """
    methods, measures = ("|".join(sorted(names, key=len, reverse=True)) for names in (LOOKS, quantities()))
    return re.sub(rf"\b({methods}),? ({measures})\b", lambda found: measured_by(found[1], found[2]), how)

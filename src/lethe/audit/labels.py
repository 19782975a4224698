"""What a reader of an audit calls a measure. Loads neither torch nor pandas, so that a plan can ask."""

from __future__ import annotations

from lethe.diffusion.metrics.words import words_of


def label(measure: str) -> str:
    """The label of a quantity, with before and after for off and on.

    >>> label("rmse"), label("clip_diff")
    ('RMSE between before and after', 'CLIP score, after \u2212 before')
    """
    return words_of(measure)[0].replace("on \u2212 off", "after − before").replace("on and off", "before and after")

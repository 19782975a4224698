"""What figures and the explorer call a quantity. A file of its own: who reads numbers alone does not depend on words."""

from __future__ import annotations

from lethe.diffusion.metrics import WORDS
from lethe.diffusion.metrics.constant import ABOUT, CONSTANT
from lethe.diffusion.metrics.specs import metric_of


def words_of(quantity: str) -> tuple[str, str]:
    """Label and unit of a quantity, which must be known; the unit may be empty.

    Examples:
        >>> words_of("rmse")
        ('RMSE between on and off', 'share of the pixel range')
    """
    if quantity == CONSTANT:
        return ABOUT.label, ABOUT.unit
    metric = metric_of(quantity) or quantity
    words = WORDS[metric]
    difference = ", on \u2212 off" if metric != quantity and words["kind"] == "image" else ""
    return words["label"] + difference, words.get("unit", "")

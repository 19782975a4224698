"""What the names of quantities mean where a table has them in a column's name or in the column ``metric``."""

from __future__ import annotations

from lethe.core.columns import Named, Placeholder
from lethe.diffusion.metrics.specs import comparisons, quantities, spec_of
from lethe.diffusion.metrics.words import words_of


def named(quantity: str) -> Named:
    """Label, unit and direction of a quantity.

    >>> named("ssim")
    Named(label='SSIM of on and off', unit='', better='higher')
    """
    label, unit = words_of(quantity)
    return Named(label, "" if unit == "1" else unit, "higher" if spec_of(quantity).arrow == "↑" else "lower")


QUANTITY = Placeholder("quantity", "any quantity that images are scored by", {name: named(name) for name in quantities()})
COMPARISON = Placeholder(
    "quantity",
    "a quantity that compares a picture with what the base drew",
    {name: QUANTITY.of[name] for name in comparisons(quantities())},
)
CONSTANT = Placeholder(
    "constant",
    "how a metric was taken",
    {
        f"{name}_{constant}": Named(f"{constant} of the metric `{name}`")
        for name in quantities()
        for constant in spec_of(name).constants
    },
)

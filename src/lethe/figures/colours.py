"""Every colour and colour map of the figures, by name. No other module spells one; a method's own colour stands in its file.

Colours are those of Okabe and Ito (2008), made for the common colour vision deficiencies, and shades of grey. Maps are matplotlib's:
``cividis`` was made for the same deficiencies (Nunez et al. 2018), and of the others red is always harm.
"""

from __future__ import annotations

BLUE, VERMILION, GREEN, PINK, ORANGE, SKY, YELLOW = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442"
OLIVE, DARK_OLIVE = "#B8A800", "#8A7F00"  # for yellow, which is too light for points and lines
MID_BLUE, PALE_BLUE = "#7fb8d8", "#e3eef5"  # blue, thinned
BLACK, WHITE = "#000000", "#ffffff"

INK = "#222222"  # letters, frames, lines of their own
DARK_GREY, STEEL, MID_GREY, EDGE = "#595959", "#7a7a7a", "#8c8c8c", "#9a9a9a"  # from dark to light
SOFT_GREY, PALE_GREY, GREY, GRID = "#a6a6a6", "#bdbdbd", "#d9d9d9", "#e6e6e6"
# GREY is what is not there: entities without a model, unknown values

FRAME = PINK  # around pictures of what is unlearned
CATEGORIES = (BLUE, VERMILION, GREEN, PINK, ORANGE, SKY, BLACK, OLIVE)
OTHER_METHODS = (PINK, ORANGE, SKY, OLIVE)  # of methods without a colour of their own

SEQUENTIAL = "cividis"
DIVERGING = "RdBu"  # low values red, high ones blue, the middle white
HARM = "Reds"  # from white to red


def reverse(colour_map: str) -> str:
    """The same colour map from its other end.

    >>> reverse("Reds"), reverse("Reds_r")
    ('Reds_r', 'Reds')
    """
    return colour_map.removesuffix("_r") if colour_map.endswith("_r") else f"{colour_map}_r"

"""How methods and the references among them are ordered, written and marked in figures that show them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lethe.core.methods import DESTROYED, RANDOM, RETRAINED, UNCHANGED
from lethe.diffusion.methods import ROLES, VARIANTS
from lethe.figures.colours import INK, OLIVE, YELLOW
from lethe.figures.style import method_colour, method_marker, method_name

_ROLES = {
    UNCHANGED: "changes nothing",
    RETRAINED: "trained without the target",
    DESTROYED: "control: draws only noise",
    RANDOM: "control: moved as far, at random",
}
_REFERENCES = (UNCHANGED, RETRAINED, DESTROYED, RANDOM)  # in the order that they are drawn


def in_order(methods: Sequence[str]) -> list[str]:
    """References first; others as they come."""
    found = sorted((method for method in methods if ROLES.role(method)), key=lambda m: _REFERENCES.index(ROLES.role(m)))
    return found + [method for method in methods if not ROLES.role(method)]


def row_name(method: str) -> str:
    """A method at an axis; a reference with what it is."""
    role = ROLES.role(method)
    return method_name(method) + (f" ({_ROLES[role]})" if role else "")


def look(method: str, methods: Sequence[str]) -> dict[str, Any]:
    """Marker, edge and face of a method; a variant as published has the look of its method, but is hollow."""
    original = VARIANTS.published_of(method) or method
    colour, marker = method_colour(original, list(methods)), method_marker(original, list(methods))
    if marker in ("x", "+"):  # these have no face
        return {"marker": marker, "color": colour}
    if original == method:
        return {"marker": marker, "facecolors": colour, "edgecolors": INK}
    return {
        "marker": marker,
        "facecolors": "none",
        "edgecolors": OLIVE if colour == YELLOW else colour,
    }  # yellow lines are too light

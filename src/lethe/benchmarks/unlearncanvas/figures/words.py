"""How methods, references and measures are written and marked in every figure of UnlearnCanvas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lethe.benchmarks.unlearncanvas.answers import BASE
from lethe.core.methods import DESTROYED, RANDOM, RETRAINED, UNCHANGED
from lethe.diffusion.methods import ROLES, VARIANTS
from lethe.figures.colours import INK, OLIVE, PALE_GREY, YELLOW
from lethe.figures.style import method_colour, method_marker, method_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = {"style": "a style is forgotten", "object": "an object is forgotten"}
MEASURES = {
    "ua": "Unlearning accuracy (UA):\nshare of images of the target in which\nthe judge does not see it",
    "ira": "In-domain retain accuracy (IRA):\nshare of images of other concepts of the\nsame kind that are still recognised",
    "cra": "Cross-domain retain accuracy (CRA):\nshare of images in which the other\nkind is recognised (the object, where\na style is forgotten)",
}
_ROLES = {
    UNCHANGED: "changes nothing",
    RETRAINED: "trained without the target",
    DESTROYED: "control: draws only noise",
    RANDOM: "control: moved as far, at random",
}
_REFERENCES = (UNCHANGED, RETRAINED, DESTROYED, RANDOM)  # in the order that they are drawn, below the base


def is_reference(method: str) -> bool:
    """Whether others are compared with it: the base and what a class of ``REFERENCES`` is."""
    return method == BASE or bool(ROLES.role(method))


def in_order(methods: Sequence[str]) -> list[str]:
    """References first, the base before all; others as they come."""
    found = sorted((m for m in methods if is_reference(m) and m != BASE), key=lambda m: _REFERENCES.index(ROLES.role(m)))
    return [m for m in methods if m == BASE] + found + [m for m in methods if not is_reference(m)]


def row_name(method: str, measured: int | None = None, of: int | None = None) -> str:
    """A method at an axis; a reference with what it is, and how many concepts are measured where that is not all."""
    said = {BASE: "base (nothing forgotten)"}.get(method, method_name(method))
    if role := ROLES.role(method):
        said += f" ({_ROLES[role]})"
    return said + (f"\n{measured} of {of} concepts" if measured is not None and measured != of else "")


def look(method: str, methods: Sequence[str]) -> dict[str, Any]:
    """Marker, edge and face of a method; a variant as published has the look of its method, but is hollow."""
    original = VARIANTS.published_of(method) or method
    known = list(methods)
    colour, marker = (INK, "+") if method == BASE else (method_colour(original, known), method_marker(original, known))
    if marker in ("x", "+"):  # these have no face
        return {"marker": marker, "color": colour}
    if original == method:
        return {"marker": marker, "facecolors": colour, "edgecolors": INK}
    return {
        "marker": marker,
        "facecolors": "none",
        "edgecolors": OLIVE if colour == YELLOW else colour,
    }  # yellow lines are too light


def band(axes: Axes, references: int) -> None:
    """A grey ground behind the first rows, which are references."""
    if references:
        axes.axhspan(-0.5, references - 0.5, color=PALE_GREY, alpha=0.35, zorder=0, linewidth=0)

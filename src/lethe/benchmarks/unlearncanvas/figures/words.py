"""How methods, references and measures are written and marked in every figure of UnlearnCanvas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lethe.benchmarks.unlearncanvas.answers import BASE
from lethe.diffusion.methods import ROLES
from lethe.figures import references
from lethe.figures.colours import INK, PALE_GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = {"style": "a style is forgotten", "object": "an object is forgotten"}
MEASURES = {
    "ua": "Unlearning accuracy (UA):\nshare of images of the target in which\nthe judge does not see it",
    "ira": "In-domain retain accuracy (IRA):\nshare of images of other concepts of the\nsame kind that are still recognised",
    "cra": "Cross-domain retain accuracy (CRA):\nshare of images in which the other\nkind is recognised (the object, where\na style is forgotten)",
}


def is_reference(method: str) -> bool:
    """Whether others are compared with it: the base and what a class of ``REFERENCES`` is."""
    return method == BASE or bool(ROLES.role(method))


def in_order(methods: Sequence[str]) -> list[str]:
    """References first, the base before all; others as they come."""
    return [method for method in methods if method == BASE] + references.in_order([m for m in methods if m != BASE])


def row_name(method: str, measured: int | None = None, of: int | None = None) -> str:
    """A method at an axis; a reference with what it is, and how many concepts are measured where that is not all."""
    said = "base (nothing forgotten)" if method == BASE else references.row_name(method)
    return said + (f"\n{measured} of {of} concepts" if measured is not None and measured != of else "")


def look(method: str, methods: Sequence[str]) -> dict[str, Any]:
    """Marker, edge and face of a method; a variant as published has the look of its method, but is hollow."""
    return {"marker": "+", "color": INK} if method == BASE else references.look(method, methods)


def band(axes: Axes, references: int) -> None:
    """A grey ground behind the first rows, which are references."""
    if references:
        axes.axhspan(-0.5, references - 0.5, color=PALE_GREY, alpha=0.35, zorder=0, linewidth=0)

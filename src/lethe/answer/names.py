"""What stands in the place of a code in a cell of a page: the name by which figures call a method, a metric, a similarity or a statistic."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lethe.benchmarks.deepunlearn.columns import DISTANCE
from lethe.benchmarks.deepunlearn.figures.style import title as classifier_title
from lethe.benchmarks.icare.entities import STATISTICS
from lethe.benchmarks.icare.explorer.data import similarity_label
from lethe.benchmarks.icare.figures.quantities import statistic_axis
from lethe.benchmarks.icare.words import SIMILARITIES
from lethe.diffusion.metrics.specs import quantities
from lethe.diffusion.metrics.words import words_of
from lethe.figures.style import method_name
from lethe.planning.chapters import CLASSIFIERS

Naming = Callable[[str], str]


def names_of(chapter: str) -> Mapping[str, Naming]:
    """Column -> what its codes are called, in tables of a chapter of the report; what is no code is its own name.

    Example:
        >>> names = names_of("2 What else is lost")
        >>> names["quantity"]("clip_diff"), names["similarity"]("weights_uce"), names["method"]("distil")
        ('CLIP score, on \u2212 off', 'Weight similarity (UCE)', 'SPARE (FADE)')
    """
    if chapter == CLASSIFIERS:
        return {"method": classifier_title, "metric": _distance, "measure": _distance}
    return {
        "method": method_name,
        "metric": _quantity,
        "quantity": _quantity,
        "similarity": _similarity,
        "statistic": lambda code: statistic_axis(code).split("\n")[0] if code in STATISTICS else code,
        "attribute": lambda code: code.replace("_", " "),
    }


def _distance(code: str) -> str:
    return DISTANCE[code].label.split(";")[0] if code in DISTANCE else code


def _quantity(code: str) -> str:
    return words_of(code)[0] if code in quantities() else code


def _similarity(code: str) -> str:
    return similarity_label(code) if code.partition("_")[0] in SIMILARITIES else code

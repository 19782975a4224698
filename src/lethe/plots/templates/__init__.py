"""Figures of result templates: template -> the function that draws its result. Listing them imports nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lethe.registry import Registry

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lethe.interference.templates.parameters import Parameters
    from lethe.interference.templates.result import Result

Pictures = Mapping[tuple[str, str], Any]
"""(row, member) -> (H, W, 3) uint8 array."""

if TYPE_CHECKING:
    Draw = Callable[[Result, Parameters, Pictures], Figure]

DRAWN_BY = {
    "MMA": "scatter",
    "MSA": "scatter",
    "MSAOne": "receivers:draw_scatter",
    "InterferenceBySimilarityRank": "receivers:draw_ranks",
    "MostSimilarMostInterferedGrid": "grid",
    "MSAM": "scatter:draw_prediction",
    "SRN": "scatter",
    "SRC": "boxes",
    "SRCD": "boxes",
    "CSR": "grid",
    "IAT": "association",
    "MCI": "network",
    "IVS": "pictures",
    "SimilarityVisualSummary": "pictures",
    "UnlearningVisualSummary": "pictures",
    "IM": "matrix:draw_interference",
    "SM": "matrix:draw_similarity",
    "MCME": "boxes",
    "EUP": "profile",
    "EFE": "efficiency",
    "MSAGrid": "grid",
    "Pareto": "front",
}

PLOTS: Registry[Draw] = Registry("plot of a result template")
for _name, _target in DRAWN_BY.items():
    PLOTS.register(_name, f"lethe.plots.templates.{_target if ':' in _target else _target + ':draw'}")

__all__ = ["PLOTS", "Pictures"]

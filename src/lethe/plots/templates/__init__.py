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

PLOTS: Registry[Draw] = Registry("plot of a result template")
PLOTS.register("MMA", "lethe.plots.templates.scatter:draw")
PLOTS.register("MSA", "lethe.plots.templates.scatter:draw")
PLOTS.register("MSAOne", "lethe.plots.templates.receivers:draw_scatter")
PLOTS.register("InterferenceBySimilarityRank", "lethe.plots.templates.receivers:draw_ranks")
PLOTS.register("MostSimilarMostInterferedGrid", "lethe.plots.templates.grid:draw")
PLOTS.register("MSAM", "lethe.plots.templates.scatter:draw_prediction")
PLOTS.register("SRN", "lethe.plots.templates.scatter:draw")
PLOTS.register("SRC", "lethe.plots.templates.boxes:draw")
PLOTS.register("SRCD", "lethe.plots.templates.boxes:draw")
PLOTS.register("CSR", "lethe.plots.templates.grid:draw")
PLOTS.register("IAT", "lethe.plots.templates.association:draw")
PLOTS.register("MCI", "lethe.plots.templates.network:draw")
PLOTS.register("IVS", "lethe.plots.templates.pictures:draw")
PLOTS.register("SimilarityVisualSummary", "lethe.plots.templates.pictures:draw")
PLOTS.register("UnlearningVisualSummary", "lethe.plots.templates.pictures:draw")
PLOTS.register("IM", "lethe.plots.templates.matrix:draw_interference")
PLOTS.register("SM", "lethe.plots.templates.matrix:draw_similarity")
PLOTS.register("MCME", "lethe.plots.templates.boxes:draw")
PLOTS.register("EUP", "lethe.plots.templates.profile:draw")
PLOTS.register("EFE", "lethe.plots.templates.efficiency:draw")
PLOTS.register("MSAGrid", "lethe.plots.templates.grid:draw")
PLOTS.register("Pareto", "lethe.plots.templates.front:draw")

__all__ = ["PLOTS", "Pictures"]

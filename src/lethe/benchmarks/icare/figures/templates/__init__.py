"""Figures of result templates: template -> the function that draws its result. Listing them imports nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lethe.core.registry import Registry

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lethe.benchmarks.icare.templates.parameters import Parameters
    from lethe.benchmarks.icare.templates.result import Result

Pictures = Mapping[tuple[str, str], Any]
"""(row, member) -> (H, W, 3) uint8 array."""

if TYPE_CHECKING:
    Draw = Callable[[Result, Parameters, Pictures], Figure]

PLOTS: Registry[Draw] = Registry("plot of a result template")
PLOTS.register("MMA", "lethe.benchmarks.icare.figures.templates.scatter:draw")
PLOTS.register("MSA", "lethe.benchmarks.icare.figures.templates.scatter:draw")
PLOTS.register("MSAOne", "lethe.benchmarks.icare.figures.templates.receivers:draw_scatter")
PLOTS.register("InterferenceBySimilarityRank", "lethe.benchmarks.icare.figures.templates.receivers:draw_ranks")
PLOTS.register("MostSimilarMostInterferedGrid", "lethe.benchmarks.icare.figures.templates.grid:draw")
PLOTS.register("MSAM", "lethe.benchmarks.icare.figures.templates.scatter:draw_prediction")
PLOTS.register("SRN", "lethe.benchmarks.icare.figures.templates.scatter:draw")
PLOTS.register("SRC", "lethe.benchmarks.icare.figures.templates.boxes:draw")
PLOTS.register("SRCD", "lethe.benchmarks.icare.figures.templates.boxes:draw")
PLOTS.register("CSR", "lethe.benchmarks.icare.figures.templates.grid:draw")
PLOTS.register("IAT", "lethe.benchmarks.icare.figures.templates.association:draw")
PLOTS.register("MCI", "lethe.benchmarks.icare.figures.templates.network:draw")
PLOTS.register("IVS", "lethe.benchmarks.icare.figures.templates.pictures:draw")
PLOTS.register("SimilarityVisualSummary", "lethe.benchmarks.icare.figures.templates.pictures:draw")
PLOTS.register("UnlearningVisualSummary", "lethe.benchmarks.icare.figures.templates.pictures:draw")
PLOTS.register("IM", "lethe.benchmarks.icare.figures.templates.matrix:draw_interference")
PLOTS.register("SM", "lethe.benchmarks.icare.figures.templates.matrix:draw_similarity")
PLOTS.register("MCME", "lethe.benchmarks.icare.figures.templates.boxes:draw")
PLOTS.register("EUP", "lethe.benchmarks.icare.figures.templates.profile:draw")
PLOTS.register("EFE", "lethe.benchmarks.icare.figures.templates.efficiency:draw")
PLOTS.register("MSAGrid", "lethe.benchmarks.icare.figures.templates.grid:draw")
PLOTS.register("Pareto", "lethe.benchmarks.icare.figures.templates.front:draw")

__all__ = ["PLOTS", "Pictures"]

"""Figures that can be asked for, each addressed by its parameters: ``results/{world}/figures/{template}/{parameters}.{png,pdf,json}``.

A new figure is one file in the room of its benchmark and one line here: the file holds the parameters, which files are read, how the
answer is computed and how it is drawn, and ends in a ``TEMPLATE``. No rule and no other list knows a template by name.
Listing names imports nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lethe.core.registry import Registry

if TYPE_CHECKING:
    from lethe.figures.templates.base import Template

TEMPLATES: Registry[Template[Any, Any]] = Registry("figure")
TEMPLATES.register("LossCurves", "lethe.figures.templates.losses:TEMPLATE")
TEMPLATES.register("MMA", "lethe.benchmarks.icare.templates.mma:TEMPLATE")
TEMPLATES.register("MSA", "lethe.benchmarks.icare.templates.msa:TEMPLATE")
TEMPLATES.register("MSAOne", "lethe.benchmarks.icare.templates.msa_one:TEMPLATE")
TEMPLATES.register("InterferenceBySimilarityRank", "lethe.benchmarks.icare.templates.similarity_rank:TEMPLATE")
TEMPLATES.register("MostSimilarMostInterferedGrid", "lethe.benchmarks.icare.templates.most_similar:TEMPLATE")
TEMPLATES.register("MSAM", "lethe.benchmarks.icare.templates.msam:TEMPLATE")
TEMPLATES.register("SRN", "lethe.benchmarks.icare.templates.srn:TEMPLATE")
TEMPLATES.register("SRC", "lethe.benchmarks.icare.templates.src:TEMPLATE")
TEMPLATES.register("SRCD", "lethe.benchmarks.icare.templates.srcd:TEMPLATE")
TEMPLATES.register("CSR", "lethe.benchmarks.icare.templates.csr:TEMPLATE")
TEMPLATES.register("IAT", "lethe.benchmarks.icare.templates.iat:TEMPLATE")
TEMPLATES.register("MCI", "lethe.benchmarks.icare.templates.mci:TEMPLATE")
TEMPLATES.register("IVS", "lethe.benchmarks.icare.templates.ivs:TEMPLATE")
TEMPLATES.register("SimilarityVisualSummary", "lethe.benchmarks.icare.templates.similarity_visual:TEMPLATE")
TEMPLATES.register("UnlearningVisualSummary", "lethe.benchmarks.icare.templates.unlearning_visual:TEMPLATE")
TEMPLATES.register("IM", "lethe.benchmarks.icare.templates.im:TEMPLATE")
TEMPLATES.register("SM", "lethe.benchmarks.icare.templates.sm:TEMPLATE")
TEMPLATES.register("MCME", "lethe.benchmarks.icare.templates.mcme:TEMPLATE")
TEMPLATES.register("EUP", "lethe.benchmarks.icare.templates.eup:TEMPLATE")
TEMPLATES.register("EFE", "lethe.benchmarks.icare.templates.efe:TEMPLATE")
TEMPLATES.register("MSAGrid", "lethe.benchmarks.icare.templates.msa_grid:TEMPLATE")
TEMPLATES.register("Pareto", "lethe.benchmarks.icare.templates.pareto:TEMPLATE")
TEMPLATES.register("InterferenceMatrices", "lethe.benchmarks.icare.templates.interference_matrix:TEMPLATE")
TEMPLATES.register("SimilarityMatrices", "lethe.benchmarks.icare.templates.similarity_matrix:TEMPLATE")
TEMPLATES.register("InterferenceBySimilarity", "lethe.benchmarks.icare.templates.metric_similarity:TEMPLATE")
TEMPLATES.register("MethodComparison", "lethe.benchmarks.icare.templates.method_comparison:TEMPLATE")
TEMPLATES.register("ForgetRetain", "lethe.benchmarks.icare.templates.forget_retain:TEMPLATE")
TEMPLATES.register("VisualGrid", "lethe.benchmarks.icare.templates.visual_grid:TEMPLATE")
TEMPLATES.register("EntityAttack", "lethe.benchmarks.icare.templates.attack:TEMPLATE")
TEMPLATES.register("DeepUnlearnGaps", "lethe.benchmarks.deepunlearn.templates.gaps:TEMPLATE")
TEMPLATES.register("DeepUnlearnTradeoff", "lethe.benchmarks.deepunlearn.templates.retdev_indisc:TEMPLATE")
TEMPLATES.register("DeepUnlearnRunTime", "lethe.benchmarks.deepunlearn.templates.runtime:TEMPLATE")
TEMPLATES.register("DeepUnlearnDraws", "lethe.benchmarks.deepunlearn.templates.draws:TEMPLATE")
TEMPLATES.register("DeepUnlearnRocCurves", "lethe.benchmarks.deepunlearn.templates.lira_roc:TEMPLATE")
TEMPLATES.register("DeepUnlearnRanking", "lethe.benchmarks.deepunlearn.templates.ranking:TEMPLATE")
TEMPLATES.register("UnlearnCanvasSamples", "lethe.benchmarks.unlearncanvas.templates.samples:TEMPLATE")
TEMPLATES.register("UnlearnCanvasMain", "lethe.benchmarks.unlearncanvas.templates.main:TEMPLATE")
TEMPLATES.register("UnlearnCanvasForgetRetain", "lethe.benchmarks.unlearncanvas.templates.forget_retain:TEMPLATE")
TEMPLATES.register("UnlearnCanvasConfusion", "lethe.benchmarks.unlearncanvas.templates.confusion:TEMPLATE")
TEMPLATES.register("UnlearnCanvasMatrix", "lethe.benchmarks.unlearncanvas.templates.matrix:TEMPLATE")
TEMPLATES.register("UnlearnCanvasSimilarity", "lethe.benchmarks.unlearncanvas.templates.similarity:TEMPLATE")
TEMPLATES.register("UnlearnCanvasGrid", "lethe.benchmarks.unlearncanvas.templates.grid:TEMPLATE")
TEMPLATES.register("UnlearnCanvasSequence", "lethe.benchmarks.unlearncanvas.templates.sequence:TEMPLATE")
TEMPLATES.register("UnlearnCanvasPairs", "lethe.benchmarks.unlearncanvas.templates.pairs:TEMPLATE")
TEMPLATES.register("UnlearnCanvasCapacity", "lethe.benchmarks.unlearncanvas.templates.capacity:TEMPLATE")
TEMPLATES.register("UnlearnCanvasAttack", "lethe.benchmarks.unlearncanvas.templates.attack:TEMPLATE")

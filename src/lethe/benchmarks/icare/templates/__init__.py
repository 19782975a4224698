"""Result templates: kinds of results that a world can be asked for, each addressed by its parameters.

``results/{world}/figures/{template}/{parameters}.{png,pdf,json}``; ``lethe.benchmarks.icare.templates.parameters`` says how parameters
are written. A new template is one file here with a ``TEMPLATE``, one line here and one line in ``lethe.benchmarks.icare.figures.templates``.
Listing names imports nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lethe.core.registry import Registry

if TYPE_CHECKING:
    from lethe.benchmarks.icare.templates.base import Template

TEMPLATES: Registry[Template] = Registry("result template")
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

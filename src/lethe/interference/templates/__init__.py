"""Result templates: kinds of results that a world can be asked for, each addressed by its parameters.

``results/{world}/figures/{template}/{parameters}.{png,pdf,json}``; ``lethe.interference.templates.parameters`` says how parameters
are written. A new template is one file here with a ``TEMPLATE``, one line here and one line in ``lethe.plots.templates``.
Listing names imports nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lethe.registry import Registry

if TYPE_CHECKING:
    from lethe.interference.templates.base import Template

TEMPLATES: Registry[Template] = Registry("result template")
TEMPLATES.register("MMA", "lethe.interference.templates.mma:TEMPLATE")
TEMPLATES.register("MSA", "lethe.interference.templates.msa:TEMPLATE")
TEMPLATES.register("MSAOne", "lethe.interference.templates.msa_one:TEMPLATE")
TEMPLATES.register("InterferenceBySimilarityRank", "lethe.interference.templates.similarity_rank:TEMPLATE")
TEMPLATES.register("MostSimilarMostInterferedGrid", "lethe.interference.templates.most_similar:TEMPLATE")
TEMPLATES.register("MSAM", "lethe.interference.templates.msam:TEMPLATE")
TEMPLATES.register("SRN", "lethe.interference.templates.srn:TEMPLATE")
TEMPLATES.register("SRC", "lethe.interference.templates.src:TEMPLATE")
TEMPLATES.register("SRCD", "lethe.interference.templates.srcd:TEMPLATE")
TEMPLATES.register("CSR", "lethe.interference.templates.csr:TEMPLATE")
TEMPLATES.register("IAT", "lethe.interference.templates.iat:TEMPLATE")
TEMPLATES.register("MCI", "lethe.interference.templates.mci:TEMPLATE")
TEMPLATES.register("IVS", "lethe.interference.templates.ivs:TEMPLATE")
TEMPLATES.register("SimilarityVisualSummary", "lethe.interference.templates.similarity_visual:TEMPLATE")
TEMPLATES.register("UnlearningVisualSummary", "lethe.interference.templates.unlearning_visual:TEMPLATE")
TEMPLATES.register("IM", "lethe.interference.templates.im:TEMPLATE")
TEMPLATES.register("SM", "lethe.interference.templates.sm:TEMPLATE")
TEMPLATES.register("MCME", "lethe.interference.templates.mcme:TEMPLATE")
TEMPLATES.register("EUP", "lethe.interference.templates.eup:TEMPLATE")
TEMPLATES.register("EFE", "lethe.interference.templates.efe:TEMPLATE")
TEMPLATES.register("MSAGrid", "lethe.interference.templates.msa_grid:TEMPLATE")
TEMPLATES.register("Pareto", "lethe.interference.templates.pareto:TEMPLATE")

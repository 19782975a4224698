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

MODULES = {
    "MMA": "mma",
    "MSA": "msa",
    "MSAOne": "msa_one",
    "InterferenceBySimilarityRank": "similarity_rank",
    "MostSimilarMostInterferedGrid": "most_similar",
    "MSAM": "msam",
    "SRN": "srn",
    "SRC": "src",
    "SRCD": "srcd",
    "CSR": "csr",
    "IAT": "iat",
    "MCI": "mci",
    "IVS": "ivs",
    "SimilarityVisualSummary": "similarity_visual",
    "UnlearningVisualSummary": "unlearning_visual",
    "IM": "im",
    "SM": "sm",
    "MCME": "mcme",
    "EUP": "eup",
    "EFE": "efe",
    "MSAGrid": "msa_grid",
    "Pareto": "pareto",
}

TEMPLATES: Registry[Template] = Registry("result template")
for _name, _module in MODULES.items():
    TEMPLATES.register(_name, f"lethe.interference.templates.{_module}:TEMPLATE")

__all__ = ["MODULES", "TEMPLATES"]

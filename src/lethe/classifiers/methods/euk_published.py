"""EU-k as published."""

from __future__ import annotations

from lethe.classifiers.methods.euk import ExactUnlearning
from lethe.core.methods import MethodDescription


class ExactUnlearningPublished(ExactUnlearning):
    """EU-k whose re-initialised blocks keep the original's running statistics of batch normalisation.

    They come from D_R and D_F, and neither are they updated nor do the new weights produce them. Without such layers the same as EU-k.
    """

    about = MethodDescription(
        title="EU-k (published)", paper="code published with arXiv 2410.01276", colour="#56B4E9", marker="o", published_of="euk"
    )
    resets_statistics = False

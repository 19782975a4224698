"""EU-k as released."""

from __future__ import annotations

from lethe.classifiers.methods.euk import ExactUnlearning


class ExactUnlearningReleased(ExactUnlearning):
    """EU-k whose re-initialised blocks keep the original's running statistics of batch normalisation.

    They come from D_R and D_F, and neither are they updated nor do the new weights produce them. Without such layers the same as EU-k.
    """

    title = "EU-k (released)"
    paper = "code released with arXiv 2410.01276"
    resets_statistics = False

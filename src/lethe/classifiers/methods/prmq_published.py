"""PRMQ as published: one step more."""

from __future__ import annotations

from lethe.classifiers.methods.prmq import PruneReinitMatch
from lethe.core.methods import MethodDescription


class PruneReinitMatchPublished(PruneReinitMatch):
    """``prmq`` with floor(batches of D_R * num_epochs) + 1 steps: the published loop counts a step before it looks whether to stop.

    Where ``num_epochs`` is whole, the last step is the first batch of another epoch.
    """

    about = MethodDescription(
        title="PRMQ (published)",
        paper="code published with arXiv 2410.01276",
        colour="#009E73",
        marker="s",
        published_of="prmq",
    )
    extra_steps = 1

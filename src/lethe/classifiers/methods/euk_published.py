"""EU-k as published."""

from __future__ import annotations

from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.methods.euk import ExactUnlearning
from lethe.core.methods import MethodRecord

METHOD = MethodRecord(
    title="EU-k (published)", paper="code published with arXiv 2410.01276", colour="#56B4E9", marker="o", published_of="euk"
)
CONTRACT = ClassifierContract(
    small={"learning_rate": 0.2, "sgda_weight_decay": 0.01, "sgda_decay_rate": 0.5, "num_blocks": 2, "num_epochs": 8},
    direction="loss",
    retain=0.85,
    sees="nothing",
)


class ExactUnlearningPublished(ExactUnlearning):
    """EU-k whose re-initialised blocks keep the original's running statistics of batch normalisation.

    They come from D_R and D_F, and neither are they updated nor do the new weights produce them. Without such layers the same as EU-k.
    """

    resets_statistics = False

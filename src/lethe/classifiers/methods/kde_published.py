"""KDE as published: it warms up on validation data."""

from __future__ import annotations

import torch
from torch import Tensor

from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.methods.kde import KnowledgeDistillationEntropy
from lethe.classifiers.problem import Problem
from lethe.core.methods import MethodDescription


class KnowledgeDistillationEntropyPublished(KnowledgeDistillationEntropy):
    """``kde`` with the warm-up KL_T(p^O || p) on D_V, in order."""

    about = MethodDescription(
        title="KDE (published)",
        paper="code published with arXiv 2410.01276",
        colour="#E69F00",
        marker="s",
        published_of="kde",
        needs=("validation",),
    )
    # the warm-up is on the small D_V
    contract = ClassifierContract(
        small={
            "learning_rate": 0.05,
            "weight_decay": 0.0005,
            "batch_size": 64,
            "num_epochs": 8,
            "retain_num_epochs": 5,
            "retain_learning_rate": 0.05,
            "retain_weight_decay": 0.0005,
            "temperature": 2.0,
        },
        direction="loss",
        retain=0.6,
        sees="nothing",
    )

    def _warm_up(self, problem: Problem) -> tuple[Tensor, torch.Generator | None]:
        return problem.val, None

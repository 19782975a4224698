"""KDE as released: it warms up on validation data."""

from __future__ import annotations

import torch
from torch import Tensor

from lethe.classifiers.methods.kde import KnowledgeDistillationEntropy
from lethe.classifiers.problem import Problem


class KnowledgeDistillationEntropyReleased(KnowledgeDistillationEntropy):
    """``kde`` with the warm-up KL_T(p^O || p) on D_V, in order."""

    title = "KDE (released)"
    uses_val = True

    def _warm_up(self, problem: Problem) -> tuple[Tensor, torch.Generator | None]:
        return problem.val, None

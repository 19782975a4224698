"""CFW as published."""

from __future__ import annotations

from torch import Tensor

from lethe.classifiers.methods.cfw import ConfuseWeights
from lethe.classifiers.problem import Problem
from lethe.core.methods import MethodDescription


class ConfuseWeightsPublished(ConfuseWeights):
    """CFW with two slips of the published code.

    Noise goes only to direct children of the network that have "conv" in their name: the stem of a ResNet, nothing of a TinyViT.
    The loss is mean_i w(y_i) mean_i CE_i: the weights of the classes scale whole batches and balance nothing.
    """

    about = MethodDescription(
        title="CFW (published)",
        paper="code published with arXiv 2410.01276",
        colour="#D55E00",
        marker="s",
        published_of="cfw",
        needs=("convolutions",),
    )

    def disturbed(self, problem: Problem) -> list[str]:
        """Weights such as ``conv1.weight``, not ``layer1.0.conv1.weight``."""
        parts = {name: name.split(".") for name in problem.original.parameters}
        return [name for name, part in parts.items() if len(part) == 2 and "conv" in part[0] and part[1] == "weight"]

    def balance(self, losses: Tensor, weights: Tensor) -> Tensor:
        """See the class."""
        return weights.mean(1) * losses.mean(1)

"""MSG as published: the batch size decides how much the forget set weighs, and biases of convolutions are lost."""

from __future__ import annotations

import torch
from torch import Tensor

from lethe.classifiers.methods._reset import reset
from lethe.classifiers.methods.msg import MaskedSmallGradients
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.core.methods import MethodDescription


class MaskedSmallGradientsPublished(MaskedSmallGradients):
    """``msg`` with two differences.

    g takes D_F in batches of ``batch_size``, the subset of D_R in batches of 64. Both are sums of means over batches, so D_F
    weighs 64 / ``batch_size`` of what D_R does: a quarter at 256.
    Every convolution is replaced by a new one that takes over the weights alone: its bias, where it has one, is as new,
    U(+-1 / sqrt(fan_in)). A ResNet-18 has no such bias.
    """

    about = MethodDescription(
        title="MSG (published)",
        paper="code published with arXiv 2410.01276",
        colour="#0072B2",
        marker="s",
        published_of="msg",
        needs=("convolutions",),
    )

    def _forget_batch(self, batch_size: int) -> int:
        return batch_size

    @torch.no_grad()
    def _redraw(self, problem: Problem, stack: Stack, gradients: dict[str, Tensor], share: Tensor) -> dict[str, Tensor]:
        masks = super()._redraw(problem, stack, gradients, share)
        biases = [name for name, kind in problem.architecture.kinds.items() if kind == "conv" and name.endswith("bias")]
        reset(problem, stack, biases, "msg/biases")
        return masks

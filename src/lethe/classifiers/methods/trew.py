"""TREW, tilted reweighting: on the forget set, say what a model that never saw the class would say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from lethe.classifiers.methods._paired import paired, teach
from lethe.classifiers.methods.base import Method, Standard, Temperature, Uniform, column, sgd
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import constant, data_order
from lethe.core.methods import MethodDescription

MASKED = -1e10  # a logit whose probability is 0


class TiltedReweighting(Method["TiltedReweighting.Config"]):
    """Minimise the mean of CE(y, p) over samples of D_R and CE(q, p) over those of D_F, with SGD at a constant rate.

    q_k is proportional to p^O_k exp(beta s_yk) for the classes k != y, and q_y = 0: the original model's distribution (evaluation mode)
    without the true class, tilted towards classes that are similar to it. Of all distributions with the same mean similarity it is the
    closest to p^O. s_y = softmax over k != y of cos(w_y, w_k) / temperature, where w are the rows of the last layer's weight less their
    mean over classes.

    **Not checked against the paper** (Ebrahimpour-Boroojeny et al. 2026): its text and its code could not be read here. The abstract
    gives the distribution over the remaining classes and the tilt by similarity; public reviews of an earlier version name the exponential,
    beta = 10 and the softmax of cosines of the last layer's weights after a PCA. Ours: all components of that PCA, which is taking
    the mean off; the temperature, called sharp there; one pass over D_R u D_F instead of two losses; all other defaults and ranges.
    """

    about = MethodDescription(
        title="TREW",
        means="tilted reweighting of answers",
        paper="arXiv 2506.20893",
        colour="#E69F00",
        marker="D",
    )
    contract = ClassifierContract(small={"num_epochs": 3}, direction="loss", retain=0.85, sees="labels")

    class Config(Standard):
        """Standard, the strength of the tilt, and the temperature of the similarities."""

        beta: Annotated[float, Field(ge=0), Uniform(0, 20)] = 10.0
        temperature: Temperature = 0.1

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        stack = problem.original.clone()
        epochs = column(configs, "num_epochs", stack.device)
        beta, temperature = (column(configs, name, stack.device)[:, None, None] for name in ("beta", "temperature"))
        optimiser, order = sgd(stack, configs), data_order()
        retained = F.one_hot(problem.labels[problem.retain], problem.classes).float()
        table = torch.cat([self._target(problem, beta, temperature), retained], 1)
        index = torch.cat([problem.forget, problem.retain], 1)
        for epoch in range(int(epochs.max())):
            for part, target in paired(index, table, configs[0].batch_size, order):
                losses = -(target * problem.logits(stack, part, train=True).log_softmax(-1)).sum(-1).mean(1)
                optimiser.step(losses, constant(epoch, epochs))
        return optimiser.finish()

    def _target(self, problem: Problem, beta: Tensor, temperature: Tensor) -> Tensor:
        """q (M, n, C) of the forget sets."""
        true = problem.labels[problem.forget]
        of_true = true[..., None].expand(-1, -1, problem.classes)
        tilt = beta * _similarity(problem, temperature).gather(1, of_true)
        logits = teach(problem, problem.original, problem.forget) + tilt
        return logits.scatter(-1, true[..., None], MASKED).softmax(-1)


def _similarity(problem: Problem, temperature: Tensor) -> Tensor:
    """s (M, C, C) of the original models; a row sums to 1 and has 0 for the class itself."""
    weight = problem.original.parameters[f"{problem.architecture.classifier_name}.weight"]
    rows = F.normalize(weight - weight.mean(1, keepdim=True), dim=-1)
    itself = torch.eye(problem.classes, dtype=torch.bool, device=weight.device)
    return (rows @ rows.mT / temperature).masked_fill(itself, -torch.inf).softmax(-1)

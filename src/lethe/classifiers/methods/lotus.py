"""LoTUS: be as unsure of the forget set as of samples that were never seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from lethe.classifiers.methods._paired import paired, teach
from lethe.classifiers.methods.base import BatchSize, Decay, Epochs, Hyperparameters, Method, Rate, Uniform, column
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import Adam, data_order
from lethe.core.methods import MethodDescription

RETAIN_SHARE = 0.3  # of D_R is trained on
FORGOTTEN = -0.01  # accuracy on D_F minus that on D_V where a model stops


class Lotus(Method["Lotus.Config"]):
    """Minimise CE(t, p) on D_F and on 30 % of D_R, with targets t drawn from the original model p^O (Spartalis et al. 2025).

    z are the original's logits, evaluation mode, and g Gumbel noise, new in every epoch. On D_R t is the one-hot of argmax(z + g), a class
    drawn from p^O. On D_F t = softmax((z + g) / tau), with tau = exp(alpha (acc_F - acc_V)) before every epoch: acc_F is the accuracy of
    the model on D_F, acc_V the original's on D_V, or 0 where D_R has no class of D_F. A model stops before the epoch in which
    acc_F - acc_V <= -0.01. AdamW at a constant rate; the 30 % are drawn once per model.

    D_V sets the temperature and the stop, hence the need for a validation set (``about``). The authors' code is told whether a whole
    class is forgotten; here the labels show it. Defaults are those of the code for a ResNet-18; the range of alpha is ours, around the
    values of the paper (2 and 8).
    """

    about = MethodDescription(
        title="LoTUS",
        means="as unsure as of unseen samples",
        paper="arXiv 2503.18314",
        colour="#CC79A7",
        marker="D",
        needs=("validation",),
    )
    contract = ClassifierContract(
        small={"learning_rate": 0.003, "num_epochs": 3, "batch_size": 16, "alpha": 8.0},
        direction="loss",
        retain=0.85,
        sees="labels",
    )

    class Config(Hyperparameters):
        """Of AdamW, and how fast the temperature rises."""

        shape: ClassVar[tuple[str, ...]] = ("batch_size",)
        learning_rate: Rate = 1e-4
        weight_decay: Decay = 5e-4
        batch_size: BatchSize = 128
        num_epochs: Epochs = 10
        alpha: Annotated[float, Field(ge=0), Uniform(0, 16)] = 2.0

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        stack = problem.original.clone()
        rate, decay, alpha = (column(configs, name, stack.device) for name in ("learning_rate", "weight_decay", "alpha"))
        epochs = column(configs, "num_epochs", stack.device)
        n_forget, n_retain = problem.forget.shape[1], problem.retain.shape[1]
        kept = problem.draws("lotus/retain").permutations(n_retain)[:, : int(RETAIN_SHARE * n_retain)]
        index = torch.cat([problem.forget, problem.retain.gather(1, kept)], 1)
        logits, unseen = teach(problem, problem.original, index), _unseen_accuracy(problem)
        optimiser, order, draws = Adam(stack, rate), data_order(), problem.draws("lotus/gumbel")
        active = torch.ones_like(epochs, dtype=torch.bool)
        for epoch in range(int(epochs.max())):
            gap = _accuracy(problem, stack, problem.forget) - unseen
            active = active & (epoch < epochs) & (gap > FORGOTTEN)
            noisy = logits - draws.uniform(logits.shape[1:]).log().neg().log()
            soft = (noisy[:, :n_forget] / (alpha * gap).exp()[:, None, None]).softmax(-1)
            hard = F.one_hot(noisy[:, n_forget:].argmax(-1), problem.classes).to(soft.dtype)
            statistics = {name: buffer.clone() for name, buffer in stack.buffers.items()}
            for part, target in paired(index, torch.cat([soft, hard], 1), configs[0].batch_size, order):
                losses = -(target * problem.logits(stack, part, train=True).log_softmax(-1)).sum(-1).mean(1)
                _step(optimiser, losses, active, rate * decay)
            for name, before in statistics.items():  # of a model that has stopped they would go on with the others' epochs
                stack.buffers[name][~active] = before[~active]
        return optimiser.finish()


def _step(optimiser: Adam, losses: Tensor, active: Tensor, shrink: Tensor) -> None:
    """A step of AdamW on the ``active`` models (M,): Adam, and weights less ``shrink`` (M,) times what they were before."""
    before = {name: optimiser.stack.parameters[name].detach().clone() for name in optimiser.names}
    optimiser.step(losses, active.float())
    with torch.no_grad():
        for name, weights in before.items():
            optimiser.stack.parameters[name].sub_((active * shrink).view(-1, *[1] * (weights.ndim - 1)) * weights)


def _unseen_accuracy(problem: Problem) -> Tensor:
    """What the original models reach on D_V, (M,); 0 for a model that retains no class of its forget set."""
    retained = torch.zeros(len(problem), problem.classes, device=problem.labels.device)
    retained.scatter_(1, problem.labels[problem.retain], 1.0)
    shares_classes = retained.gather(1, problem.labels[problem.forget]).any(1)
    return _accuracy(problem, problem.original, problem.val) * shares_classes


def _accuracy(problem: Problem, stack: Stack, index: Tensor) -> Tensor:
    """Share of right top-1 predictions, (M,), on ``index`` (M, n)."""
    return (problem.predict(stack, index).argmax(-1) == problem.labels[index]).float().mean(1)

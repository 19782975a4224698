"""SCRUB: leave the original model on the forget set, stay with it on the retain set, and rewind to where enough is forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

import torch
from torch import Tensor

from lethe.classifiers.methods._paired import paired, teach
from lethe.classifiers.methods.base import BatchSize, Epochs, Fraction, Method, Rate, Standard, Temperature, column, sgd
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import SGD, cross_entropy, data_order, kl_divergence
from lethe.core.methods import MethodDescription

MILESTONES, FACTOR = (0.5, 0.8, 0.9), 0.1


class Scrub(Method["Scrub.Config"]):
    """Alternate max and min passes, then rewind (SCRUB+R, Kurmanji et al. 2023); the teacher p^O is the original model.

    Epochs 1 to ``msteps`` start with a pass over D_F, in order, that minimises -T^2 KL_T(p^O || p); every epoch has a pass over D_R that
    minimises gamma CE + alpha T^2 KL_T(p^O || p). One SGD for both; its rate falls to a tenth after int(.5E), int(.8E) and int(.9E) of
    the E epochs.

    Rewind: of the models after epochs 1..E the one is taken whose error on D_F is closest to the final model's error on the samples of D_V
    that belong to classes of D_F. Only labels of D_V are compared, nothing is trained on it; it still chooses the model, hence the need for
    a validation set (``about``). One copy of the weights per epoch is kept until then.

    Of the published search space, beta and smoothing have no effect and are left out.
    """

    about = MethodDescription(
        title="SCRUB",
        means="leaves its teacher, then rewinds",
        paper="arXiv 2302.09880",
        colour="#D55E00",
        marker="^",
        needs=("validation",),
    )
    # so that the rewind goes past none of the epochs: it makes those after the chosen one have no effect
    contract = ClassifierContract(
        small={
            "learning_rate": 0.1,
            "weight_decay": 0.0005,
            "batch_size": 16,
            "num_epochs": 5,
            "forget_batch_size": 64,
            "msteps": 1,
            "gamma": 0.99,
            "alpha": 0.3,
            "kd_temperature": 2.0,
        },
        direction="loss",
        retain=0.85,
        sees="labels",
    )

    class Config(Standard):
        """Standard (``batch_size`` is that of the min passes); the batch size and number of max passes; weights and temperature."""

        shape: ClassVar[tuple[str, ...]] = ("batch_size", "forget_batch_size")
        learning_rate: Rate = 0.1  # the first max pass starts where its gradient is 0
        num_epochs: Epochs = 5
        forget_batch_size: BatchSize = 64
        msteps: Epochs = 3
        gamma: Fraction = 0.5
        alpha: Fraction = 0.1
        kd_temperature: Temperature = 2.0

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        device = problem.images.device
        gamma, alpha, temperature = (column(configs, name, device) for name in ("gamma", "alpha", "kd_temperature"))
        epochs, msteps = column(configs, "num_epochs"), column(configs, "msteps")  # on the CPU, as the rates that they become
        milestones = torch.tensor([[int(c.num_epochs * share) for share in MILESTONES] for c in configs])
        stack = problem.original.clone()
        optimiser, order = sgd(stack, configs), data_order()
        on_retain, on_forget = (teach(problem, problem.original, index) for index in (problem.retain, problem.forget))

        models, forget_errors = [stack.clone()], [_error(problem, stack, problem.forget)]
        final = torch.zeros_like(forget_errors[0])
        shared = (problem.labels[problem.val][:, :, None] == problem.labels[problem.forget][:, None]).any(-1)
        for epoch in range(1, int(epochs.max()) + 1):
            factor = FACTOR ** (epoch > milestones).sum(1)
            maximise = epoch <= torch.minimum(msteps, epochs)
            if maximise.any():
                with _pause(optimiser, ~maximise.to(device)):
                    for part, target in paired(problem.forget, on_forget, configs[0].forget_batch_size, None):
                        divergence = kl_divergence(target, problem.logits(stack, part, train=True), temperature)
                        optimiser.step(-(temperature**2) * divergence, factor)
            for part, target in paired(problem.retain, on_retain, configs[0].batch_size, order):
                student = problem.logits(stack, part, train=True)
                divergence = temperature**2 * kl_divergence(target, student, temperature)
                optimiser.step(
                    gamma * cross_entropy(student, problem.labels[part]) + alpha * divergence, factor * (epoch <= epochs)
                )
            models.append(stack.clone())
            forget_errors.append(_error(problem, stack, problem.forget))
            last = torch.eq(epochs, epoch)  # of a model
            if last.any():
                final = torch.where(last.to(device), _error(problem, stack, problem.val, shared), final)

        distance = (torch.stack(forget_errors) - final).abs().cpu()
        distance[torch.arange(len(models))[:, None] > epochs] = torch.inf
        chosen = self._rewind(distance, epochs)
        rows = range(len(problem))
        return Stack(
            {name: torch.stack([models[chosen[m]].parameters[name][m] for m in rows]) for name in stack.parameters},
            {name: torch.stack([models[chosen[m]].buffers[name][m] for m in rows]) for name in stack.buffers},
        )

    def _rewind(self, distance: Tensor, epochs: Tensor) -> list[int]:
        """The epoch to return to, per model.

        Args:
            distance: (1 + most epochs, M) of the forget error after 0, 1, ... epochs to the final one on D_V; inf where a model is done.
            epochs: (M,).
        """
        return [int(e) for e in 1 + distance[1:].argmin(0)]


@contextmanager
def _pause(optimiser: SGD, models: Tensor) -> Iterator[None]:
    """Weights and momentum of ``models`` (mask, (M,)) come out as they went in; a learning rate of 0 would not keep the momentum."""
    names = optimiser.names if models.any() else []
    weights = {name: optimiser.stack.parameters[name].detach()[models] for name in names}
    momentum = {name: velocity[models] for name, velocity in optimiser.velocity.items()}
    yield
    with torch.no_grad():
        for name in names:
            optimiser.stack.parameters[name][models] = weights[name]
            optimiser.velocity[name][models] = momentum.get(name, 0.0)


def _error(problem: Problem, stack: Stack, index: Tensor, chosen: Tensor | None = None) -> Tensor:
    """Share of wrong top-1 predictions (M,) on ``index`` (M, n), or on those of its samples that are ``chosen`` (M, n)."""
    wrong = (problem.predict(stack, index).argmax(-1) != problem.labels[index]).float()
    weight = torch.ones_like(wrong) if chosen is None else chosen.float()
    return (wrong * weight).sum(1) / weight.sum(1).clamp(min=1)

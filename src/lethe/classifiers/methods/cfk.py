"""CF-k, catastrophic forgetting of the last k blocks: fine-tune them on the retain set, keep the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from lethe.classifiers.methods.base import BatchSize, Blocks, Decay, Epochs, Fraction, Hyperparameters, Method, Rate, column
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import SGD, augmented, batches, cross_entropy, data_order
from lethe.core.methods import MethodDescription

MILESTONES = (0.5, 0.8, 0.9)  # shares of the epochs after which the rate decays


class CatastrophicForgetting(Method["CatastrophicForgetting.Config"]):
    """Minimise CE(D_R) + sgda_weight_decay / 2 ||theta - theta_0||^2 over the last ``num_blocks`` blocks and the classifier.

    Plain SGD; batch normalisation uses its running statistics. The rate is multiplied by ``sgda_decay_rate`` for each of
    floor(E/2), floor(.8 E), floor(.9 E) that the epoch, from 0, has passed (Goel et al. 2022).
    """

    about = MethodDescription(
        title="CF-k",
        means="catastrophic forgetting of the last k blocks",
        paper="arXiv 2201.06640",
        colour="#E69F00",
        marker="o",
    )
    contract = ClassifierContract(
        small={"learning_rate": 0.05, "sgda_weight_decay": 0.01, "sgda_decay_rate": 0.5, "num_blocks": 2},
        direction="change",
        retain=0.97,
        sees="nothing",
    )

    class Config(Hyperparameters):
        """The published names. ``sgda_learning_rate`` and ``momentum``, which it searches too, act on nothing and are left out."""

        shape: ClassVar[tuple[str, ...]] = ("batch_size",)
        learning_rate: Rate = 0.01
        sgda_weight_decay: Decay = 0.1
        sgda_decay_rate: Fraction = 0.1
        num_blocks: Annotated[int, Field(ge=1), Blocks()] = 1
        batch_size: BatchSize = 64
        num_epochs: Epochs = 3

    augments = False  # whether the retain set is augmented as in base training

    def start(self, problem: Problem, trained: dict[str, Tensor]) -> Stack:
        """theta_0; ``trained`` says for every parameter in which models, (M,) bool, it is trained."""
        return problem.original.clone()

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        trained = _trained(problem, column(configs, "num_blocks", problem.images.device))
        stack, epochs = self.start(problem, trained), column(configs, "num_epochs")
        pull, drop = column(configs, "sgda_weight_decay", stack.device), column(configs, "sgda_decay_rate")
        milestones = torch.tensor([[int(config.num_epochs * share) for share in MILESTONES] for config in configs])
        origin = {name: stack.parameters[name].clone() for name in trained}
        mask = {name: rows.float().view(-1, *[1] * (origin[name].ndim - 1)) for name, rows in trained.items()}
        optimiser, order = SGD(stack, column(configs, "learning_rate"), momentum=0.0, trainable=list(trained)), data_order()
        for epoch in range(int(epochs.max())):
            factor = drop ** (epoch > milestones).sum(1) * (epoch < epochs)
            for part in batches(problem.retain, configs[0].batch_size, order):
                images = problem.images[part]
                if self.augments and problem.augment is not None:
                    images = augmented(images, problem.augment, order)
                loss = cross_entropy(problem.architecture.logits(stack, images, train=False), problem.labels[part])
                distance = sum((stack.parameters[name] - origin[name]).square().flatten(1).sum(1) for name in trained)
                optimiser.step(loss + pull / 2 * distance, factor, mask)
        return optimiser.finish()


def _trained(problem: Problem, num_blocks: Tensor) -> dict[str, Tensor]:
    """Parameters of the last blocks and the classifier -> in which models they are trained, (M,) bool; more than all is all."""
    architecture = problem.architecture
    rows = {name: num_blocks > depth for depth, block in enumerate(reversed(architecture.blocks)) for name in block}
    rows |= {name: torch.ones_like(num_blocks, dtype=torch.bool) for name in architecture.classifier}
    return {name: rows[name] for name in architecture.kinds if name in rows and bool(rows[name].any())}

"""EU-k, exact unlearning of the last k blocks: initialise them anew and train them on the retain set."""

from __future__ import annotations

import torch
from torch import Tensor

from lethe.classifiers.methods.cfk import CatastrophicForgetting
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.core.methods import MethodDescription


class ExactUnlearning(CatastrophicForgetting):
    """CF-k from re-initialised blocks, D_R augmented as in base training (Goel et al. 2022).

    Before training, of the last ``num_blocks`` blocks and the classifier: convolutions ~ U(+-sqrt(6 / fan_out)), linear layers
    ~ U(+-sqrt(6 / (fan_in + fan_out))), normalisation to the identity with its running statistics, which have seen D_F too,
    biases 0. theta_0 of the loss is what this gives. Attention biases and other parameters outside those layers stay. The
    published search also draws ``training_epoch_factor``, which acts on nothing; it is left out.

    Known limit: training in evaluation mode, as published, batch normalisation with statistics as new (mean 0, variance 1) normalises
    nothing, and its statistics stay so. The re-initialised blocks of a ResNet-18 train without normalisation, down to the result.
    """

    about = MethodDescription(
        title="EU-k",
        means="exact unlearning of the last k blocks",
        paper="code published with arXiv 2410.01276",
        colour="#56B4E9",
        marker="o",
    )
    contract = ClassifierContract(
        small={"learning_rate": 0.2, "sgda_weight_decay": 0.01, "sgda_decay_rate": 0.5, "num_blocks": 2, "num_epochs": 8},
        direction="loss",
        retain=0.85,
        sees="nothing",
    )
    augments = True
    resets_statistics = True

    def start(self, problem: Problem, trained: dict[str, Tensor]) -> Stack:
        """The originals with what is trained drawn anew."""
        stack = problem.original.clone()
        for name, rows in trained.items():
            old, kind = stack.parameters[name], problem.architecture.kinds[name]
            if kind == "other":
                continue
            if not name.endswith("weight"):
                new = torch.zeros_like(old)
            elif kind == "norm":
                new = torch.ones_like(old)
            else:
                receptive = old.shape[3:].numel()
                fan_out, fan_in = old.shape[1] * receptive, old.shape[2] * receptive
                bound = (6 / (fan_out if kind == "conv" else fan_in + fan_out)) ** 0.5
                draws = problem.draws(f"euk/{name}")  # its own: how many blocks another model trains must not matter
                new = (2 * draws.uniform(old.shape[1:]) - 1) * bound
            old[rows] = new[rows]
            if self.resets_statistics and kind == "norm":
                module = name.rpartition(".")[0]
                for statistic, value in (("running_mean", 0), ("running_var", 1), ("num_batches_tracked", 0)):
                    if (buffer := stack.buffers.get(f"{module}.{statistic}")) is not None:
                        buffer[rows] = value
        return stack

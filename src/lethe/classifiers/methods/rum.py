"""RUM, refined unlearning: forget little-memorised samples first and much-memorised ones last, each group in its own way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from lethe.classifiers.methods.base import Decay, Epochs, Method, Rate, Standard, fine_tune
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.methods.salun import SalUn
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.core.methods import MethodDescription

GROUPS = 3  # little, medium, much memorised


class RefinedUnlearning(Method["RefinedUnlearning.Config"]):
    """Split D_F by memorisation into thirds and unlearn them in sequence (RUM, Zhao et al. 2024).

    1. little memorised: nothing is done; the model says the same of them without having seen them;
    2. medium: FT on D_R and the third group, which is still to be forgotten;
    3. much memorised: SalUn with D_R.

    This sequence is the best of the paper on CIFAR-10. Every group leaves the set that is retained when its turn comes.

    Memorisation is how much the confidence in a sample falls when it is not trained on. The paper estimates it from many models
    and its follow-up (arXiv 2410.16516) by proxies. Here the proxy is the confidence of the original model alone, log p_y - log(1 - p_y),
    evaluation mode: the more confident, the less memorised. The authors' code takes the ends and the middle of the training set's scores
    as three forget sets; here one forget set is given, and its thirds are the groups.
    """

    about = MethodDescription(
        title="RUM",
        means="refined unlearning, group by group",
        paper="arXiv 2406.01257",
        colour="#56B4E9",
        marker="D",
    )
    contract = ClassifierContract(
        small={"learning_rate": 0.03, "num_epochs": 3, "retain_num_epochs": 2}, direction="loss", retain=0.85, sees="labels"
    )

    class Config(SalUn.Config):
        """Of SalUn; of FT, which has its batch size and momentum, those that begin with ``retain``."""

        num_epochs: Epochs = 10
        retain_learning_rate: Rate = 0.01
        retain_weight_decay: Decay = 5e-4
        retain_num_epochs: Epochs = 10

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        *_, much = _groups(problem)
        left = replace(problem, retain=torch.cat([problem.retain, much], 1))
        stack = fine_tune(left, problem.original.clone(), [_of_fine_tuning(config) for config in configs])
        return SalUn().unlearn(replace(problem, original=stack, forget=much), configs)


def _of_fine_tuning(config: RefinedUnlearning.Config) -> Standard:
    return Standard(
        learning_rate=config.retain_learning_rate,
        weight_decay=config.retain_weight_decay,
        momentum=config.momentum,
        batch_size=config.batch_size,
        num_epochs=config.retain_num_epochs,
    )


def _groups(problem: Problem) -> Sequence[Tensor]:
    """Rows of D_F, (M, n / 3) each: little, medium and much memorised."""
    logits, true = problem.predict(problem.original, problem.forget), problem.labels[problem.forget][..., None]
    others = logits.scatter(-1, true, -torch.inf).logsumexp(-1)
    confidence = logits.gather(-1, true)[..., 0] - others
    ranked = problem.forget.gather(1, confidence.argsort(dim=1, descending=True, stable=True))
    return ranked.tensor_split(GROUPS, dim=1)

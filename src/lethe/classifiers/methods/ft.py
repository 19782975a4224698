"""FT, fine-tuning: go on training on the retain set and let the rest fade."""

from __future__ import annotations

from collections.abc import Sequence

from lethe.classifiers.methods.base import Method, Standard, fine_tune
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.core.methods import MethodDescription


class FineTune(Method[Standard]):
    """Minimise CE(D_R) with SGD, cosine annealing per epoch (Warnecke et al. 2021; Golatkar et al. 2020)."""

    about = MethodDescription(
        title="FT", means="fine-tuning on the retain set", paper="arXiv 2108.11577", colour="#0072B2", marker="o"
    )
    contract = ClassifierContract(small={"num_epochs": 2}, direction="change", retain=0.97, sees="nothing")
    Config = Standard

    def unlearn(self, problem: Problem, configs: Sequence[Standard]) -> Stack:
        """See the class."""
        return fine_tune(problem, problem.original.clone(), configs)

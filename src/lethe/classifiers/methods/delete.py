"""DELETE, decoupled distillation to erase: on the forget set, keep what the original says of the classes that are not the true one."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from lethe.classifiers.methods._paired import paired, teach
from lethe.classifiers.methods.base import Method, Standard, column, sgd
from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import constant, data_order, kl_divergence
from lethe.core.methods import MethodDescription

MASKED = -1e10  # a logit whose probability is 0, with a product of 0 in the divergence, where -inf would give NaN


class Delete(Method["Delete.Config"]):
    """Minimise KL(q || p) on D_F, with SGD at a constant rate (Zhou et al. 2025). D_R is not needed.

    q is the softmax of the original model's logits, evaluation mode, without the logit of the true class: q_y = 0, the others in the
    proportions that they had. As in the authors' code there is no weight decay; its switch that freezes the running statistics of batch
    normalisation is off by default and left out.

    The method is made for whole classes. Of a random forget set it makes the model avoid labels that are right elsewhere.
    """

    about = MethodDescription(
        title="DELETE", means="decoupled distillation to erase", paper="arXiv 2503.23751", colour="#009E73", marker="D"
    )
    contract = ClassifierContract(
        small={"learning_rate": 0.003, "batch_size": 16, "num_epochs": 2}, direction="loss", retain=0.5, sees="labels"
    )

    class Config(Standard):
        """Standard without weight decay."""

        weight_decay: float = Field(0.0, ge=0)

    def unlearn(self, problem: Problem, configs: Sequence[Config]) -> Stack:
        """See the class."""
        stack = problem.original.clone()
        epochs = column(configs, "num_epochs", stack.device)
        optimiser, order = sgd(stack, configs), data_order()
        true = problem.labels[problem.forget][..., None]
        teacher = teach(problem, problem.original, problem.forget).scatter(-1, true, MASKED)
        for epoch in range(int(epochs.max())):
            for part, target in paired(problem.forget, teacher, configs[0].batch_size, order):
                student = problem.logits(stack, part, train=True)
                optimiser.step(kl_divergence(target, student), constant(epoch, epochs))
        return optimiser.finish()

"""The method protocol, hyper-parameters with their search space, and how a stack of differently configured models is run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar

import torch
from pydantic import Field
from torch import Tensor

from lethe.classifiers.models.stack import Stack, gather
from lethe.classifiers.problem import Problem
from lethe.classifiers.training import SGD, batches, cosine, data_order, fixed_global_seed
from lethe.settings import hyperparameters

if TYPE_CHECKING:
    from lethe.classifiers.methods.contract import ClassifierContract
    from lethe.core.methods import MethodDescription


@dataclass(frozen=True)
class Uniform:
    """Searched uniformly in [low, high]; ``high`` None as in ``Integers``."""

    low: float
    high: float | None


@dataclass(frozen=True)
class LogUniform:
    """Searched log-uniformly in [low, high]."""

    low: float
    high: float


@dataclass(frozen=True)
class Integers:
    """Searched in low..high; ``high`` None stands for the most epochs a method may take (a fifth of the base training's)."""

    low: int
    high: int | None = None


@dataclass(frozen=True)
class Blocks:
    """Searched in 1..number of blocks of the architecture. Published as 1..10, where all above the number mean the same."""


@dataclass(frozen=True)
class Choice:
    """Searched among some values."""

    values: tuple[Any, ...]


Space = Uniform | LogUniform | Integers | Blocks | Choice

# the published search ranges (published code, `STD` and the shared abbreviations)
Rate = Annotated[float, Field(ge=0), LogUniform(1e-5, 1e-1)]
Decay = Annotated[float, Field(ge=0), LogUniform(1e-5, 1e-1)]
Epochs = Annotated[int, Field(ge=1), Integers(1)]
BatchSize = Annotated[int, Field(ge=1), Choice((64, 128, 256))]
Fraction = Annotated[float, Field(ge=0, le=1), Uniform(0, 1)]
Sigma = Annotated[float, Field(ge=0), Uniform(0, 1)]
Temperature = Annotated[float, Field(gt=0), Uniform(0.01, 5)]  # published from 0, which divides by zero


class Hyperparameters(hyperparameters.Hyperparameters):
    """What is configured per model. A field with a ``Space`` is searched, one without is fixed.

    Fields named in ``shape`` must agree within one stacked call; ``run`` groups the models by them. A subclass with a batch size,
    or whatever else the models of a call share, names it there.
    """

    shape: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def space(cls) -> dict[str, Space]:
        """Searched field -> where."""
        found = {}
        for name, info in cls.model_fields.items():
            spaces = [entry for entry in info.metadata if isinstance(entry, Space)]
            if spaces:
                found[name] = spaces[-1]
        return found


class Standard(Hyperparameters):
    """The hyper-parameters that most methods share: SGD on batches for some epochs."""

    shape: ClassVar[tuple[str, ...]] = ("batch_size",)
    learning_rate: Rate = 0.01
    weight_decay: Decay = 5e-4
    momentum: float = Field(0.9, ge=0, lt=1)
    batch_size: BatchSize = 64
    num_epochs: Epochs = 3


H = TypeVar("H", bound=Hyperparameters)


class Method(ABC, Generic[H]):
    """A method makes M models forget, each with its own hyper-parameters.

    ``unlearn`` is pure: it leaves ``problem`` alone, and model m of the result depends on model m of the problem, its samples,
    its seed and ``configs[m]`` only.

    Attributes:
        about: what it is, in literals. contract: what the contract suite holds it to. Both are no code of its models.
        Config: the form of its hyper-parameters.
    """

    about: ClassVar[MethodDescription]
    contract: ClassVar[ClassifierContract]
    Config: ClassVar[type[Hyperparameters]]

    def prepare(self, problem: Problem) -> Problem:
        """The problem with what ``unlearn`` would otherwise work out again for every hyper-parameter tried, in ``Problem.known``.

        A search calls it once. ``unlearn`` gives the same result without it.
        """
        return problem

    @abstractmethod
    def unlearn(self, problem: Problem, configs: Sequence[H]) -> Stack:
        """The models after unlearning, detached and without gradients.

        Args:
            problem: M models and their data, left alone: work on ``problem.original.clone()``.
            configs: M; they agree in ``Config.shape``, and in every field if the models have buffers, whose running statistics move
                with every forward pass in training mode and could not be stopped for one model of a stack.

        What a method has to take care of:

        - Parameters require gradients from the construction of an optimiser (``SGD``, ``Adam``) to its ``finish()``; return that.
        - ``problem.predict`` returns inference tensors, which no gradient can be computed through: ``clone()`` them where they enter
          a loss (``methods._paired.teach`` does).
        - Draw for all models in every epoch, also for those whose epochs are over (their learning-rate factor is 0): ``problem.draws``
          keeps one generator per model, and a model that is skipped would draw other numbers than it does alone.
        - The data order (``data_order()``) is one for all models: what is taken from it must not depend on a model's configuration.
        """


def column(configs: Sequence[Hyperparameters], name: str, device: torch.device | str = "cpu") -> Tensor:
    """A hyper-parameter of all models, (M,): float32, or int64 for whole numbers."""
    values = [getattr(config, name) for config in configs]
    return torch.tensor(values, dtype=torch.int64 if isinstance(values[0], int) else torch.float32, device=device)


def sgd(stack: Stack, configs: Sequence[Hyperparameters]) -> SGD:
    """SGD on a stack with every model's own ``learning_rate``, ``momentum`` and ``weight_decay``."""
    rate, momentum, decay = (column(configs, name, stack.device) for name in ("learning_rate", "momentum", "weight_decay"))
    return SGD(stack, rate, momentum, decay)


def fine_tune(problem: Problem, stack: Stack, configs: Sequence[Standard]) -> Stack:
    """Minimise CE(D_R) from where ``stack`` is, in place: SGD, cosine annealing per epoch."""
    epochs, optimiser, order = column(configs, "num_epochs"), sgd(stack, configs), data_order()
    for epoch in range(int(epochs.max())):
        for part in batches(problem.retain, configs[0].batch_size, order):
            optimiser.step(problem.cross_entropy(stack, part), cosine(epoch, epochs))
    return optimiser.finish()


def run(method: Method[Any], problem: Problem, configs: Sequence[Hyperparameters]) -> Stack:
    """Unlearn with any mix of configurations: models that agree in shape are stacked, as many at a time as their architecture likes.

    Models with buffers are stacked only if they agree in everything: the running statistics of a model that is done would go on
    moving with the forward passes of the others.

    Raises:
        ValueError: as many configurations as models are needed.
    """
    if len(configs) != len(problem):
        raise ValueError(f"{len(configs)} configurations for {len(problem)} models")
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for m, config in enumerate(configs):
        names = type(config).model_fields if problem.original.buffers else config.shape
        groups[tuple(getattr(config, name) for name in names)].append(m)
    most = problem.architecture.at_once
    calls = [rows[i : i + most] for rows in groups.values() for i in range(0, len(rows), most)]

    def results() -> Iterator[tuple[list[int], Stack]]:
        for rows in calls:
            with fixed_global_seed(problem.original.device):
                yield rows, method.unlearn(problem.select(rows), [configs[m] for m in rows])

    return gather(results(), len(problem))

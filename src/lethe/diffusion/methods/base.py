"""The contract of a method: a pipeline, what to forget, what to keep -> a delta on the pipeline per emitter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from lethe.diffusion.testbed.receivers import Emitter
from lethe.settings.hyperparameters import Hyperparameters, configure

if TYPE_CHECKING:
    import torch

    from lethe.core.methods import Contract, MethodDescription
    from lethe.diffusion.delta import Delta
    from lethe.diffusion.pipeline import Pipeline


__all__ = ["Emitter", "Method", "UnlearnData", "Unlearned"]


@dataclass(frozen=True)
class UnlearnData:
    """What a method may look at: the training split of one task.

    Attributes:
        latents: ``(m, c, h, w)`` float32 VAE latents, already multiplied by the VAE's scaling factor.
        receivers: ``(m,)`` int64, index of the receiver that each row shows; forget rows of an emitter are those that show one
            which it covers, retain rows all others.
        prompts: index of a receiver -> training caption (the generation prompt unless ``fidelity: published``).
        overwrites: every text that takes the place of something, over all emitters of the task; ``""`` is the unconditional concept.
        prepared: what the method's ``prepare`` returned for the task.
        deltas: index of an emitter -> the delta by which another method unlearned it; only a control that takes its size from one is given any.
    """

    latents: torch.Tensor
    receivers: torch.Tensor
    prompts: dict[int, str]
    overwrites: tuple[str, ...] = ("",)
    prepared: Mapping[str, torch.Tensor] = field(default_factory=dict)
    deltas: Mapping[int, Delta] = field(default_factory=dict)


@dataclass(frozen=True)
class Unlearned:
    """One result: the emitter, its delta and a plain record (losses, seconds, sizes) for ``record.json``."""

    emitter: Emitter
    delta: Delta
    record: dict[str, Any] = field(default_factory=dict)


H = TypeVar("H", bound=Hyperparameters)


class Method(ABC, Generic[H]):
    """Forgets emitters of a text-to-image diffusion model, one delta each.

    It is constructed from its hyper-parameters (keyword arguments, checked by ``Config``), never changes ``pipe`` (weights are bit for bit
    the same afterwards), is deterministic for a seed and independent of which other emitters are in the same call, and yields each result
    as soon as it is finished, so that a killed job keeps it.

    Attributes:
        about: what it is, in literals. contract: what the contract suite holds it to. Both are no code of its models.
        Config: the form of its hyper-parameters.
        needs_pipeline: False: it is called with ``pipe=None``, since importing diffusers and loading a base costs seconds.
    """

    about: ClassVar[MethodDescription]
    contract: ClassVar[Contract]
    Config: ClassVar[type[Hyperparameters]]
    needs_pipeline: ClassVar[bool] = True

    def __init__(self, **parameters: object) -> None:
        """Check the hyper-parameters.

        Raises:
            SettingsError: naming the hyper-parameter, its value, what is allowed and the nearest name.
        """
        self.config: H = configure(self, cast("type[H]", self.Config), parameters)

    def prepare(self, pipe: Pipeline, data: UnlearnData, *, seed: int) -> dict[str, torch.Tensor]:
        """Tensors that serve every emitter of the task, on the CPU; ``unlearn`` finds them as ``data.prepared``.

        A method that needs some says so: ``prepares`` in ``about``. Like ``unlearn`` it never changes ``pipe`` and is deterministic for a seed.
        """
        return {}

    @abstractmethod
    def unlearn(self, pipe: Pipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        """Yield one ``Unlearned`` per emitter, in the order given.

        Raises:
            ValueError: an emitter without forget rows or prompts, named in the message.
        """

"""The contract of a method: a pipeline, what to forget, what to keep -> a delta on the pipeline per emitter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from lethe.settings.hyperparameters import Hyperparameters, configure

if TYPE_CHECKING:
    import torch
    from diffusers import StableDiffusionPipeline

    from lethe.diffusion.delta import Delta


@dataclass(frozen=True)
class Emitter:
    """An entity to forget.

    Attributes:
        index: its index in the filtered metadata.
        name: its prompt name, e.g. ``"a giant schnauzer dog"``.
        prompt: the generation prompt, e.g. ``"An image of a giant schnauzer dog"``.
    """

    index: int
    name: str
    prompt: str


@dataclass(frozen=True)
class UnlearnData:
    """What a method may look at: the training split of one task.

    Attributes:
        latents: ``(m, c, h, w)`` float32 VAE latents, already multiplied by the VAE's scaling factor.
        entities: ``(m,)`` int64, index of the entity shown in each row; forget rows of an emitter are those with its
            index, retain rows all others.
        prompts: index -> training caption (the generation prompt unless ``fidelity: published``).
        overwrite_prompt: what an emitter is to be replaced by; ``""`` is the unconditional concept.
    """

    latents: torch.Tensor
    entities: torch.Tensor
    prompts: dict[int, str]
    overwrite_prompt: str = ""


@dataclass(frozen=True)
class Unlearned:
    """One result: the emitter, its delta and a plain record (losses, seconds, sizes) for ``record.json``."""

    emitter: Emitter
    delta: Delta
    record: dict[str, Any] = field(default_factory=dict)


H = TypeVar("H", bound=Hyperparameters)


class Method(ABC, Generic[H]):
    """Forgets entities of a text-to-image diffusion model, one delta per emitter.

    It is constructed from its hyper-parameters (keyword arguments, checked by ``Config``), never changes ``pipe`` (weights are bit for bit
    the same afterwards), is deterministic for a seed and independent of which other emitters are in the same call, and yields each result
    as soon as it is finished, so that a killed job keeps it. Its file also says what the method is (``METHOD``) and what it is held to
    (``CONTRACT``): ``lethe.core.methods``.

    Attributes:
        Config: the form of its hyper-parameters.
        needs_pipeline: False: it is called with ``pipe=None``, since importing diffusers and loading a base costs seconds.
    """

    Config: ClassVar[type[Hyperparameters]]
    needs_pipeline: ClassVar[bool] = True

    def __init__(self, **parameters: object) -> None:
        """Check the hyper-parameters.

        Raises:
            SettingsError: naming the hyper-parameter, its value, what is allowed and the nearest name.
        """
        self.config: H = configure(self, cast("type[H]", self.Config), parameters)

    @abstractmethod
    def unlearn(
        self, pipe: StableDiffusionPipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int
    ) -> Iterator[Unlearned]:
        """Yield one ``Unlearned`` per emitter, in the order given.

        Raises:
            ValueError: an emitter without forget rows or prompts, named in the message.
        """

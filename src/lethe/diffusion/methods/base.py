"""The contract of an unlearner: a pipeline, what to forget, what to keep -> a delta on the pipeline per emitter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from lethe.diffusion.testbed.receivers import Emitter

if TYPE_CHECKING:
    import torch
    from diffusers import StableDiffusionPipeline

    from lethe.diffusion.delta import Delta


__all__ = ["Emitter", "UnlearnData", "Unlearned", "Unlearner"]


@dataclass(frozen=True)
class UnlearnData:
    """What a method may look at: the training split of one task.

    Attributes:
        latents: ``(m, c, h, w)`` float32 VAE latents, already multiplied by the VAE's scaling factor.
        receivers: ``(m,)`` int64, index of the receiver that each row shows; forget rows of an emitter are those that show one
            which it covers, retain rows all others.
        prompts: index of a receiver -> training caption (the generation prompt unless ``fidelity: published``).
        overwrites: every text that takes the place of something, over all emitters of the task; ``""`` is the unconditional concept.
    """

    latents: torch.Tensor
    receivers: torch.Tensor
    prompts: dict[int, str]
    overwrites: tuple[str, ...] = ("",)


@dataclass(frozen=True)
class Unlearned:
    """One result: the emitter, its delta and a plain record (losses, seconds, sizes) for ``record.json``."""

    emitter: Emitter
    delta: Delta
    record: dict[str, Any] = field(default_factory=dict)


@runtime_checkable
class Unlearner(Protocol):
    """Forgets emitters of a text-to-image diffusion model, one delta each.

    An implementation is constructed from its hyper-parameters (keyword arguments, checked by its ``Config``), never
    changes ``pipe`` (weights are bit for bit the same afterwards), is deterministic for a seed and independent of which other
    emitters are in the same call, and yields each result as soon as it is finished, so that a killed job keeps it.

    A class with ``needs_pipeline = False`` is called with ``pipe=None``: importing diffusers and loading a base costs seconds.
    """

    def unlearn(
        self, pipe: StableDiffusionPipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int
    ) -> Iterator[Unlearned]:
        """Yield one ``Unlearned`` per emitter, in the order given.

        Raises:
            ValueError: an emitter without forget rows or prompts, named in the message.
        """
        ...

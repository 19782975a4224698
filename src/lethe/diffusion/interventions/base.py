"""What a delta that acts while an image is made has to say.

All other deltas are done before the first step: they map text embeddings or replace weights. An intervention may also look at the tokens
of each prompt of a batch, give every row its own strength, and change the text embeddings before each step. A batch holds rows of one
intervention only, and the UNet that it sees is never compiled.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, ClassVar, NamedTuple, NoReturn, Protocol

from torch import Tensor

from lethe.diffusion.kinds import Delta

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline
    from lethe.diffusion.tokens import Encoded


class Moment(NamedTuple):
    """A step of a drawing: its number from 0, of how many, and its timestep, a scalar or ``(rows,)``."""

    step: int
    steps: int
    timestep: Tensor


class StepHook(Protocol):
    """Acts before every step."""

    def before(self, moment: Moment, latents: Tensor, embeddings: Tensor) -> Tensor:
        """The text embeddings of this step.

        Args:
            moment: which step.
            latents: ``(n, c, h, w)`` as the UNet is shown them, one per row of the session.
            embeddings: ``(n, tokens, d)``, or under guidance ``(2 n, tokens, d)`` with the unconditional half first; already mapped.
        """


class Intervention(Delta):
    """A delta that acts while an image is made.

    It has no weights that could take the place of the base's, so ``lethe.diffusion.delta.applied`` and exports refuse it.
    """

    edits_weights: ClassVar[bool] = False

    @abstractmethod
    def session(self, pipe: Pipeline, rows: Sequence[Encoded]) -> AbstractContextManager[StepHook | None]:
        """The block in which a batch is drawn; on leaving, the UNet is what it was.

        A session changes nothing where it has nothing to do: images of such a batch have the bits of the base's.

        Args:
            pipe: the base. rows: the prompt of every row with its unmapped states, on the device of the UNet.

        Yields:
            Who acts before every step; None: nobody.
        """

    def new_weights(self, pipe: Pipeline) -> Iterator[NoReturn]:
        """There are none.

        Raises:
            ValueError: always; it names the kind.
        """
        raise ValueError(
            f"a '{self.kind}' delta acts while an image is made and has no weights of its own; allowed: drawing images "
            "(lethe.diffusion.generate), or a session of it (lethe.diffusion.interventions)"
        )

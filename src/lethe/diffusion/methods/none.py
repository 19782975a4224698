"""The no-op: nothing is unlearned. Every metric of interference must be zero for it (a gate of the benchmark)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.delta import NoneDelta
from lethe.diffusion.methods._common import check_emitters
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.settings.hyperparameters import Hyperparameters

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline


class NoChangeConfig(Hyperparameters):
    """The no-op has no hyper-parameters."""


class NoChange(Method[NoChangeConfig]):
    """The identity, delta W = 0. Source: none needed; it is the control of every experiment here."""

    about = MethodDescription(
        title="none",
        means="changes nothing",
        paper="none (control)",
        colour="#8c8c8c",
        marker="X",
        reference="unchanged",
        needs=("words",),
        xl=True,
    )
    contract = Contract(small={}, direction="nothing")
    Config = NoChangeConfig
    needs_pipeline = False

    def unlearn(self, pipe: Pipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        """Yield the empty delta for each emitter. Raises ``ValueError`` for an emitter without a prompt."""
        check_emitters(emitters, data, rows=False)
        for emitter in emitters:
            begin = time.monotonic()
            yield Unlearned(emitter, NoneDelta(), {"steps": 0, "seconds": time.monotonic() - begin})

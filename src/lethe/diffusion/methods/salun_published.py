"""SalUn as released with UnlearnCanvas, faults included, to be reported beside ``salun``.

It differs from ``salun`` in this:

1. The mask is never applied: the code asks whether a *name* is in a list of tensors, which is false for every name.
2. A new iterator over an unshuffled loader is made at every step, so every step sees the same first rows, of forget and retain images.
3. The label of a forget row is the caption of the retain row at its place in the batch, not the counterpart of what it shows.

Timesteps and noise are drawn anew at every step. Retain rows come from all that is kept, where the release lists seed images only:
they are the same rows if seed images come first among what is kept.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import model_validator
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._dense_training import Target
from lethe.diffusion.methods._training import Borrowed, emitter_generator
from lethe.diffusion.methods.base import Emitter
from lethe.diffusion.methods.salun import RelabelConfig, Relabelled, SalUn


class SalUnPublishedConfig(RelabelConfig):
    """Hyper-parameters of the released SalUn."""

    @model_validator(mode="after")
    def _equal_batches(self) -> SalUnPublishedConfig:
        if self.forget_batch != self.retain_batch:
            raise ValueError(
                f"forget_batch {self.forget_batch} and retain_batch {self.retain_batch} must be equal: "
                "a forget row gets the caption of the retain row at its place"
            )
        return self


class SalUnPublished(SalUn):
    """SalUn (arXiv 2310.12508) as its code for UnlearnCanvas runs; see the module."""

    about = MethodDescription(title="SalUn (published)", paper="arXiv 2310.12508", published_of="salun", needs=("noise",))
    contract = Contract(
        small={"steps": 10, "forget_batch": 4, "retain_batch": 4, "learning_rate": 5e-3}, direction="change"
    )  # reported as it is, not as it should be
    Config = SalUnPublishedConfig

    @property
    def target(self) -> Target:
        """The student as it is."""
        return "current"

    def mask(self, lent: Borrowed, emitter: Emitter, seed: int) -> dict[str, Tensor] | None:
        """None is applied."""
        return None

    def batches(self, lent: Borrowed, emitter: Emitter, seed: int) -> Iterator[Relabelled]:
        """The first rows of either kind at every step."""
        config, generator = self.config, emitter_generator(seed, emitter, "rows")
        count = min(len(lent.forget_rows(emitter)), len(lent.retain_rows(emitter)), config.forget_batch)
        first_forget, first_retain = lent.forget_rows(emitter)[:count], lent.retain_rows(emitter)[:count]
        for _ in range(config.steps):
            forget, retain = lent.noised(first_forget, generator), lent.noised(first_retain, generator)
            yield Relabelled(forget, retain.prompt, retain)

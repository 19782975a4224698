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
from lethe.diffusion.methods._dense_training import DenseMethod, Student
from lethe.diffusion.methods._relabelling import equal_batches, relabelled_as_released
from lethe.diffusion.methods.base import Emitter
from lethe.diffusion.methods.salun import RelabelConfig, relabelling_gradient


class SalUnPublishedConfig(RelabelConfig):
    """Hyper-parameters of the released SalUn."""

    @model_validator(mode="after")
    def _equal_batches(self) -> SalUnPublishedConfig:
        equal_batches(self)
        return self


class SalUnPublished(DenseMethod[SalUnPublishedConfig]):
    """SalUn (arXiv 2310.12508) as its code for UnlearnCanvas runs; see the module."""

    about = MethodDescription(title="SalUn (published)", paper="arXiv 2310.12508", published_of="salun")
    contract = Contract(
        small={"steps": 10, "forget_batch": 4, "retain_batch": 4, "learning_rate": 5e-3}, direction="change"
    )  # reported as it is, not as it should be
    Config = SalUnPublishedConfig

    def gradients(self, student: Student, emitter: Emitter, seed: int) -> Iterator[tuple[list[Tensor], dict[str, Tensor]]]:
        """The gradient of the two losses of ``salun`` on the same first rows at every step."""
        config = self.config
        for seen in relabelled_as_released(student.lent, emitter, config, config.steps, seed):
            yield relabelling_gradient(student, seen, "current", config)

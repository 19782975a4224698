"""SCRUB as published: it may rewind to before the first epoch, and then does not rewind."""

from __future__ import annotations

from torch import Tensor

from lethe.classifiers.methods.contract import ClassifierContract
from lethe.classifiers.methods.scrub import Scrub
from lethe.core.methods import MethodRecord

METHOD = MethodRecord(
    title="SCRUB (published)",
    paper="code published with arXiv 2410.01276",
    colour="#D55E00",
    marker="^",
    published_of="scrub",
    needs=("validation",),
)
# so that the rewind goes past none of the epochs: it makes those after the chosen one have no effect
CONTRACT = ClassifierContract(
    small={
        "learning_rate": 0.1,
        "weight_decay": 0.0005,
        "batch_size": 16,
        "num_epochs": 5,
        "forget_batch_size": 64,
        "msteps": 1,
        "gamma": 0.99,
        "alpha": 0.3,
        "kd_temperature": 2.0,
    },
    direction="loss",
    retain=0.85,
    sees="labels",
)


class ScrubPublished(Scrub):
    """``scrub``, but the original model stands for election too, and where it wins the final model is returned."""

    def _rewind(self, distance: Tensor, epochs: Tensor) -> list[int]:
        return [int(chosen) or int(last) for chosen, last in zip(distance.argmin(0), epochs, strict=True)]

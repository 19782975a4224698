"""SCRUB as published: it may rewind to before the first epoch, and then does not rewind."""

from __future__ import annotations

from torch import Tensor

from lethe.classifiers.methods.scrub import Scrub
from lethe.core.methods import MethodDescription


class ScrubPublished(Scrub):
    """``scrub``, but the original model stands for election too, and where it wins the final model is returned."""

    about = MethodDescription(
        title="SCRUB (published)",
        paper="code published with arXiv 2410.01276",
        colour="#D55E00",
        marker="^",
        published_of="scrub",
        needs=("validation",),
    )

    def _rewind(self, distance: Tensor, epochs: Tensor) -> list[int]:
        return [int(chosen) or int(last) for chosen, last in zip(distance.argmin(0), epochs, strict=True)]

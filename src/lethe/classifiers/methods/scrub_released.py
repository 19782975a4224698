"""SCRUB as released: it may rewind to before the first epoch, and then does not rewind."""

from __future__ import annotations

from torch import Tensor

from lethe.classifiers.methods.scrub import Scrub


class ScrubReleased(Scrub):
    """``scrub``, but the original model stands for election too, and where it wins the final model is returned."""

    title = "SCRUB (released)"

    def _rewind(self, distance: Tensor, epochs: Tensor) -> list[int]:
        return [int(chosen) or int(last) for chosen, last in zip(distance.argmin(0), epochs, strict=True)]

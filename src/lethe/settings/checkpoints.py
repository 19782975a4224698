"""At which moments of a training models are kept, beside its end."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from lethe.settings.strict import Name


def _rising(epochs: list[int]) -> list[int]:
    for before, after in pairwise(epochs):
        if after <= before:
            raise ValueError(f"{after} follows {before}; allowed: rising epochs, e.g. [1, 2, 5, 10]")
    return epochs


Epochs = Annotated[list[Annotated[int, Field(ge=1, le=998)]], Field(min_length=1), AfterValidator(_rising)]
Checkpoints = dict[Name, Epochs]
"""Method -> epochs after which a model is kept; the end of the training is one anyway."""

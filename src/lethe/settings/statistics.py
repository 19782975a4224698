"""How similar entities are, and how uncertainty is told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lethe.settings.strict import Strict


class Similarity(Strict):
    """How similar two entities are."""

    kinds: list[Literal["clip", "attr", "dino", "act", "true"]] = Field(
        default=["clip", "attr", "dino", "act", "true"], min_length=1, description="`true` needs a source that knows it"
    )
    act_steps: int = Field(10, ge=1, le=1000, description="denoising steps of the activation fingerprint")
    weights: list[str] = Field(
        default=["uce", "distil", "munba"], description="methods whose deltas give the similarity `weights`, where they are run"
    )


class Statistics(Strict):
    """How uncertainty is told."""

    permutations: int = Field(9999, ge=99, le=1_000_000, description="permutations of entities per test")
    bootstrap: int = Field(2000, ge=100, le=1_000_000, description="bootstrap draws per interval")
    alpha: float = Field(0.05, gt=0, le=0.2, description="level of intervals and tests")

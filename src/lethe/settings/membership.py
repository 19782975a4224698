"""Membership inference on unlearned models: which images are asked about."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lethe.settings.strict import Strict


class Membership(Strict):
    """Does a model still know the images that it was trained on? Loss-threshold attack, see lethe.diffusion.metrics.membership."""

    members: Literal["base", "unlearning", "none"] = Field(
        "base",
        description="base: images that a base trained here has seen, against fresh ones of the same entity; "
        "unlearning: images shown to the methods, against the entity's others; none: not measured",
    )
    images: int = Field(128, ge=2, le=1_000_000, description="members per entity, at most, and at most as many non-members")
    timesteps: list[Annotated[int, Field(ge=0, lt=1_000_000)]] = Field(
        default=[100],
        min_length=1,
        description="of the forward process, where the loss is taken; more images tell more than more of these",
    )

"""Membership inference on unlearned models: which images are asked about, and whether a task has any."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lethe.settings.strict import Strict
from lethe.sources import REDRAWN


class Membership(Strict):
    """Does a model still know the images that it was trained on? Loss-threshold attack, see lethe.metrics.membership."""

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

    def reason_against(self, source: str, trained_here: bool) -> str:
        """Why a task has no such table; empty if it has one.

        Args:
            source: where its images come from.
            trained_here: whether its base is trained by this workflow, so that its training images are known.
        """
        if self.members == "none":
            return "scoring.membership.members is 'none'; set it to 'base' or 'unlearning'"
        if self.members == "unlearning":
            return ""
        other = "; scoring.membership.members: unlearning asks about the images shown to the methods instead"
        if not trained_here:
            return f"what a pretrained base was trained on is not known{other}"
        if source not in REDRAWN:
            return (
                f"the base was trained on every image of the source '{source}', so no entity has an image it never saw "
                f"(sources that can draw more: {', '.join(REDRAWN)}){other}"
            )
        return ""

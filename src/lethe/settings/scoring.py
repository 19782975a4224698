"""What is measured on images."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lethe.settings.membership import Membership
from lethe.settings.strict import Strict

NEED = {"clip": {"clip"}, "backbone": {"dino", "lpips_backbone"}}
"""Kind of an evaluator -> metrics that it gives."""


class Scoring(Strict):
    """What is measured on images."""

    metrics: list[str] = Field(
        default=["clip", "brisque", "rmse", "ssim", "dino", "lpips_backbone", "judge", "nudenet"],
        min_length=1,
        description="see lethe.diffusion.metrics",
    )
    distribution: list[Literal["fid", "kid", "cmmd", "precision_recall"]] = Field(
        default=["fid", "kid", "cmmd", "precision_recall"],
        description="compare sets of images: tables/distribution_{task}.csv; empty: no such table",
    )
    batch_size: int = Field(100, ge=1, le=10_000, description="images per batch")
    nudenet_resolution: int = Field(64, ge=32, le=4096, multiple_of=32, description="inference size of the detector, pixels")
    nudenet_threshold: float = Field(0.5, ge=0.25, le=1, description="lowest score of a body part that counts")
    lpips_alex: str = Field(
        "", description="folder with the weights of the metric `lpips_alex`; see lethe.diffusion.metrics.lpips"
    )
    membership: Membership = Field(default_factory=Membership, description="membership inference (docs/still-known.md)")

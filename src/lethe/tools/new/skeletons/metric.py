"""Skeleton title: how far the on image is from the off image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lethe.diffusion.metrics.base import MetricContext, MetricDescription, ScoringBatch


class Skeleton:
    """Mean of |on - off| over pixels and channels, as a share of 255."""

    about = MetricDescription(
        name="skeleton",
        kind="pair",  # "image": scores one image, and tables tell on - off; then there is no `untouched`
        arrow="↓",  # healthy direction: "↓" more is worse, "↑" more is better
        range=(0.0, 1.0),  # None: no bound
        untouched=0.0,  # value of two equal images: damage is counted from here
        label="Skeleton title",  # on axes and in the explorer
        unit="share of the pixel range",  # in brackets after the label; may be ""
        version="mean over pixels and channels of |on - off| / 255",
        source="mean absolute error",  # paper or package
    )

    @classmethod
    def create(cls, context: MetricContext) -> Skeleton:
        """The metric; it needs no model. What it needs is in ``context``."""
        return cls()

    def score(self, batch: ScoringBatch) -> dict[str, NDArray[np.float64]]:
        """One value per image; it depends on no other image of the batch."""
        on, off = batch.pair(self.about.name)  # (n, 3, H, W) float32 in [0, 255]; of an "image" metric use batch.floats()
        return {self.about.name: (on - off).abs().double().mean(dim=(1, 2, 3)).cpu().numpy() / 255}

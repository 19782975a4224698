"""Which photo a painted picture shows, where nothing says so: told by its outline, or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.optimize import linear_sum_assignment

SIDE = 24  # of the outline, cells
MARGIN = 0.05  # least lead, of correlation, over every other photo and over every other picture


class PairingError(ValueError):
    """A picture that could be of two photos; ``picture`` is its place."""

    def __init__(self, picture: int, message: str) -> None:
        super().__init__(message)
        self.picture = picture


def outline(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """``(SIDE^2,)`` strength of edges of a picture ``(H, W, 3)`` uint8, ranked: what a style keeps of a photo, whatever its colours."""
    grey = np.asarray(Image.fromarray(pixels).convert("L").resize((4 * SIDE, 4 * SIDE), Image.Resampling.BOX), dtype=np.float64)
    down, right = np.gradient(grey)
    edges = np.hypot(down, right).reshape(SIDE, 4, SIDE, 4).mean((1, 3)).ravel()
    ranks = edges.argsort().argsort().astype(np.float64)
    return (ranks - ranks.mean()) / ranks.std()


def numbered(photos: Sequence[NDArray[np.float64]], painted: Sequence[NDArray[np.float64]]) -> list[int]:
    """Of every photo the place of the picture that is painted from it.

    Args:
        photos, painted: outlines, as many of each.

    Raises:
        PairingError: a picture is not closer to its photo than to every other, or the photo not to the picture, by ``MARGIN``.
    """
    alike = np.array([[float(photo @ picture) / len(photo) for picture in painted] for photo in photos])
    places = linear_sum_assignment(-alike)[1]
    for photo, picture in enumerate(places):
        rest = alike.copy()
        rest[photo, picture] = -np.inf
        lead = alike[photo, picture] - max(rest[photo].max(), rest[:, picture].max())
        if lead < MARGIN:
            raise PairingError(
                int(picture), f"picture {picture + 1} may be of photo {photo + 1} or of another (lead {lead:.3f} of {MARGIN})"
            )
    return [int(place) for place in places]

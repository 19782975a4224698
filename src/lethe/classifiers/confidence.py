"""What a model says about a sample, as U-LiRA takes it. A module of its own: jobs that only run models need nothing else of the attack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

if TYPE_CHECKING:
    from torch import Tensor

CLIP = 30.0  # bound of the logit confidence: p within 1e-13 of 0 or 1; a diverged model's 1e6 would rule every mean


def confidence(
    logits: Tensor | NDArray[np.floating], labels: Tensor | NDArray[np.integer]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Logit confidence log p_y - log(1 - p_y) of the true class, and whether the prediction is right.

    Computed from the logits, z_y - log sum_{c != y} exp z_c, so that p near 1 keeps its digits; clipped to +-30.

    Args:
        logits: (..., N, C), C >= 2, array or CPU tensor. labels: (N,) or (..., N) int, 0..C-1.

    Returns:
        phi (..., N) float32 and correct (..., N) bool. A sample with a logit that is not finite has phi NaN and is not correct.

    Examples:
        >>> phi, correct = confidence(np.array([[2.0, 0.0], [0.0, 3.0]]), np.array([0, 0]))
        >>> phi, correct
        (array([ 2., -3.], dtype=float32), array([ True, False]))
    """
    z = np.asarray(logits, dtype=np.float64)
    y = np.broadcast_to(np.asarray(labels), z.shape[:-1])[..., None]
    own = np.take_along_axis(z, y, axis=-1)[..., 0]
    others = z.copy()
    np.put_along_axis(others, y, -np.inf, axis=-1)
    finite = np.isfinite(z).all(axis=-1)
    with np.errstate(invalid="ignore"):
        phi = np.clip(own - logsumexp(others, axis=-1), -CLIP, CLIP)
    correct = (z.argmax(axis=-1) == y[..., 0]) & finite
    return np.where(finite, phi, np.nan).astype(np.float32), correct

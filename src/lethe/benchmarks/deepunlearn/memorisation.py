"""How well models know a sample by heart: what models that were trained on it say, against what models say that never saw it.

Feldman and Zhang 2020 (arXiv 2008.03703) measure it by the probability of being right. Here it is the logit confidence, as U-LiRA takes it: with
some dozens of models a probability has a few dozen values only. U-LiRA's originals are trained on random halves, so both kinds of models are there.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def memorisation(phi: NDArray[np.float32], trained: Mask, unseen: Mask) -> pd.DataFrame:
    """One row per sample.

    Args:
        phi: (S, N) logit confidence of the originals; a value that is not finite is no observation.
        trained: (S, N), the sample is in the training half. unseen: (S, N), it is in no training set of the split.

    Returns:
        ``memorised``: mean confidence of the models trained on the sample minus that of the models that never saw it. ``hardest``: minus the
        latter. NaN where one kind of models has no observation, as for the samples that U-LiRA keeps for validation.

    >>> import numpy as np
    >>> seen = np.array([[True, False], [False, True]])
    >>> memorisation(np.array([[5.0, 1.0], [2.0, 1.5]], dtype=np.float32), seen, ~seen)
       memorised  hardest
    0        3.0     -2.0
    1        0.5     -1.0
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of nothing is NaN, as it should be
        known, new = (
            np.nanmean(np.where(mask & np.isfinite(phi), phi.astype(np.float64), np.nan), axis=0) for mask in (trained, unseen)
        )
    return pd.DataFrame({"memorised": known - new, "hardest": -new})

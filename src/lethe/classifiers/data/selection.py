"""Which images of a data set a study uses, and how they are labelled. Every draw has a seed of its own, so one choice never moves another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lethe.classifiers.data.base import LabelledImages

LIMIT_SEED, NOISE_SEED = 11, 12

Labels = NDArray[np.int64]


def limited(data: LabelledImages, limit: int) -> LabelledImages:
    """At most ``limit`` images of the development part and as many of the test part, drawn once, in their order; 0: all.

    A class may get no image: 100 classes do not fit into a hundred images.
    """
    dev = len(data.images) - data.test
    if not limit or limit >= max(dev, data.test):
        return data
    generator = np.random.default_rng(LIMIT_SEED)
    parts = [np.sort(generator.permutation(size)[:limit]) + first for first, size in ((0, dev), (dev, data.test))]
    rows = np.concatenate(parts)
    return LabelledImages(data.images[rows], data.labels[rows], len(parts[1]))


def noisy(labels: Labels, share: float, classes: int, draw: int = 0) -> Labels:
    """Labels of which a share is wrong: replaced by another class, each of the others as likely.

    What a network can only learn by heart, it has to forget: without wrong labels a forgotten digit is recognised from the others.

    Args:
        labels: (N,), 0 to ``classes`` - 1. share: in [0, 1); exactly ``round(share * N)`` labels change. draw: another one changes others.

    >>> import numpy as np
    >>> int((noisy(np.zeros(1000, dtype=np.int64), 0.2, 10) != 0).sum())
    200
    """
    changed = labels.copy()
    generator = np.random.default_rng([NOISE_SEED, draw])
    rows = generator.permutation(len(labels))[: round(share * len(labels))]
    changed[rows] = (labels[rows] + generator.integers(1, classes, size=len(rows))) % classes
    return changed

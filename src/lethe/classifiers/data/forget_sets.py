"""Which samples of a training set are to be forgotten."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CLUSTERS = 3  # of a class; its smallest one is the sub-class
CLUSTER_SEED = 0

Indices = NDArray[np.int64]


def ranked(train: Indices, scores: NDArray[np.floating], share: float) -> Indices:
    """The samples with the largest scores, as many as ``share`` of the training set (at least one), in their order.

    Args:
        train: (n,) rows of the data set. scores: (N,) per row of the data set; what has none (NaN) is not chosen. share: in (0, 1).

    Raises:
        ValueError: fewer training samples than asked for have a score.
    """
    count = max(1, round(share * len(train)))
    own = np.where(np.isfinite(scores[train]), scores[train], -np.inf)
    if (known := int(np.isfinite(own).sum())) < count:
        raise ValueError(f"{known} of {len(train)} training samples have a score; {count} are to be forgotten")
    return train[np.sort(np.argsort(-own, kind="stable")[:count])]


def of_class(train: Indices, labels: Indices, number: int) -> Indices:
    """All samples that are labelled as a class.

    Raises:
        ValueError: there are none, or nothing else is left.
    """
    chosen = train[labels[train] == number]
    if not 0 < len(chosen) < len(train):
        raise ValueError(f"{len(chosen)} of {len(train)} training samples are of class {number}; some must be, and some not")
    return chosen


def of_subclass(train: Indices, labels: Indices, images: NDArray[np.uint8], number: int) -> Indices:
    """The smallest of ``CLUSTERS`` clusters of a class: k-means of its pixels (Lloyd 1982, scikit-learn's).

    Args:
        images: (N, H, W, C).

    Raises:
        ValueError: the class has fewer samples than clusters, or see ``of_class``.
    """
    from sklearn.cluster import KMeans

    rows = of_class(train, labels, number)
    if len(rows) < CLUSTERS:
        raise ValueError(f"class {number} has {len(rows)} training samples; at least {CLUSTERS} make a sub-class")
    pixels = images[rows].reshape(len(rows), -1).astype(np.float64) / 255
    found = KMeans(CLUSTERS, n_init=10, random_state=CLUSTER_SEED).fit_predict(pixels)
    return rows[found == np.bincount(found, minlength=CLUSTERS).argmin()]

"""Can a style be told by its colours alone? Then a judge of styles would be one of colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def colour_probe(train: NDArray[np.uint8], train_values: ArrayLike, test: NDArray[np.uint8], test_values: ArrayLike) -> float:
    """Accuracy of a linear classifier of the mean colour of an image, on images that it was not fitted to.

    Args:
        train, test: ``(n, H, W, 3)`` uint8.
        train_values, test_values: ``(n,)``, what each image shows.

    Returns:
        In [0, 1]; by chance one in as many as there are values.

    >>> red, blue = np.zeros((2, 6, 4, 4, 3), np.uint8)
    >>> red[..., 0] = blue[..., 2] = 200
    >>> both, values = np.concatenate([red, blue]), ["red"] * 6 + ["blue"] * 6
    >>> colour_probe(both, values, both, values)
    1.0
    """
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    probe.fit(_mean_colour(train), train_values)
    return float(probe.score(_mean_colour(test), test_values))


def colour_kept(real: NDArray[np.uint8], decoded: NDArray[np.uint8]) -> float:
    """Share of the variance of colour that an autoencoder keeps: 1 - sum |c - d|^2 / sum |c|^2.

    c and d are the mean colours of an image before and after, without their grey (the mean of the three channels). 1: all is kept;
    0: as much is lost as if every image were grey.

    Args:
        real, decoded: ``(n, H, W, 3)`` uint8.

    >>> picture = np.zeros((1, 2, 2, 3), np.uint8)
    >>> picture[..., 0] = 90
    >>> colour_kept(picture, picture), colour_kept(picture, np.full_like(picture, 30))
    (1.0, 0.0)
    """
    before, after = (_mean_colour(images) - _mean_colour(images).mean(1, keepdims=True) for images in (real, decoded))
    return float(1 - ((before - after) ** 2).sum() / (before**2).sum())


def _mean_colour(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    return images.mean((1, 2))

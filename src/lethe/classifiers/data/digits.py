"""The embedded default: 1,797 real handwritten digits, 8 x 8 pixels, that ship inside scikit-learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lethe.classifiers.data.base import LabelledImages, Provider, check_labelled

SPLIT_SEED = 123
TEST_SHARE = 0.2  # scikit-learn ships no split


class Digits(Provider):
    """Values 0..16 are stored as uint8 0..255. No augmentation: a mirrored digit is none."""

    classes = 10
    images = 1797
    image_size = 8
    mean = (0.3053,)
    std = (0.3761,)
    official_test = False

    def load(self, folder: Path | None = None) -> LabelledImages:
        """The digits; ``folder`` is not used. The test part is drawn at random under ``SPLIT_SEED``."""
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split

        digits = load_digits()
        dev, test = train_test_split(np.arange(len(digits.target)), test_size=TEST_SHARE, random_state=SPLIT_SEED)
        order = np.concatenate([dev, test])
        images = np.round(digits.images[order] * (255 / 16)).astype(np.uint8)[..., None]
        return check_labelled(LabelledImages(images, digits.target[order].astype(np.int64), len(test)), self.classes, "digits")

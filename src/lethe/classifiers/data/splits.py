"""The pinned index splits of the published study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from lethe.core.split import Split

RANDOM_STATE = 123
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class DataSplit(Split[Indices]):
    """Rows of a data set (development part first): disjoint, together all of it but what a smaller training set leaves out.

    Attributes:
        val: held out from the development part.
        test: the official test part.
    """

    val: Indices
    test: Indices


def fixed_split(
    dev: int,
    test: int,
    random_state: int = RANDOM_STATE,
    val_share: float = 0.15,
    forget_share: float = 0.10,
    train_size: int = 0,
    draw: int = 0,
    choose: Callable[[Indices], Indices] | None = None,
) -> DataSplit:
    """Validation from the development part, then the forget set from the rest; uniform, not stratified (as published).

    Args:
        dev, test: sizes of the two parts. random_state: of both draws; the published study uses 123.
        val_share, forget_share: shares of the development part and of the training set.
        train_size: samples of the training set, the first of its random order; 0: all.
        draw: 0 is the pinned one; another number draws training subset and forget set afresh, and leaves validation and test as they are.
        choose: training set -> what is to be forgotten, in place of a random share.

    Raises:
        ValueError: a share or size leaves nothing for one of the sets.
    """
    for name, share in (("val_share", val_share), ("forget_share", forget_share)):
        if not 0 < share < 1:
            raise ValueError(f"{name} is {share}; allowed: between 0 and 1, both excluded")
    train, val = train_test_split(np.arange(dev), test_size=val_share, random_state=random_state)
    if draw:
        train = np.random.default_rng([random_state, draw]).permutation(train)
    if train_size > len(train):
        raise ValueError(f"train_size is {train_size}; the training set has {len(train)} samples")
    train = train[: train_size or len(train)]
    if choose is None:
        retain, forget = train_test_split(train, test_size=forget_share, random_state=random_state + draw)
    else:
        forget = choose(train)
        retain = train[~np.isin(train, forget)]
    return DataSplit(retain, forget, val, np.arange(dev, dev + test))

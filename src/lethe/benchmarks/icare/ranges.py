"""RMSE and SSIM where they are known at the published data range alone, as in pairs of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from lethe.benchmarks.icare.pairs import PUBLISHED_KEYS

Q = TypeVar("Q")


def at_known_range(quantities: Mapping[str, Q]) -> dict[str, Q]:
    """``quantities``, and those that are there at the published data range alone as ``rmse`` and ``ssim`` beside.

    For statistics whose names do not tell the range, such as ``emitter_average_ssim``; every other result asks for the quantity that it means.

    >>> at_known_range({"ssim_published": 0.9}), at_known_range({"ssim_published": 0.9, "ssim": 0.5})
    ({'ssim_published': 0.9, 'ssim': 0.9}, {'ssim_published': 0.9, 'ssim': 0.5})
    """
    alone = {key: quantities[name] for key, name in PUBLISHED_KEYS.items() if name in quantities and key not in quantities}
    return {**quantities, **alone}

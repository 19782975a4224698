"""Pixel fidelity of the on image to its off image: SSIM and RMSE, at data range 255 and at the published 4095.

The reference calls image-similarity-measures 0.3.6 with its default ``max_p = 4095`` on 8-bit images. RMSE is then only
scaled; SSIM is compressed towards 1, because its constants grow 258-fold. Both are kept under their own names.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from lethe.diffusion.metrics.base import MetricContext, MetricDescription, ScoringBatch

PUBLISHED_RANGE = 4095.0
WINDOW = 7
PIXELS_PER_CHUNK = 1 << 20  # on a CPU: keeps the window sums of a chunk in the processor's cache
PIXELS_ON_DEVICE = 1 << 24  # elsewhere: 21 images of 512 px


def channel_rmse(on: torch.Tensor, off: torch.Tensor) -> torch.Tensor:
    """(n, C) float64 root mean squared error of each channel, in grey levels, of (n, C, H, W) images in [0, 255].

    Examples:
        >>> off = torch.zeros(1, 3, 8, 8)
        >>> channel_rmse(off + torch.tensor([3.0, 4.0, 0.0]).view(3, 1, 1), off)
        tensor([[3., 4., 0.]], dtype=torch.float64)
    """
    # Differences and squares of grey levels are exact in float32; only their sum over an image needs more.
    return (on - off).square_().mean(dim=(-2, -1), dtype=torch.float64).sqrt_()


def window_sums(values: torch.Tensor) -> torch.Tensor:
    """Sums over all whole 7x7 windows, (..., H, W) -> (..., H-6, W-6). Exact in float32 for integers below 2^24/49.

    Examples:
        >>> window_sums(torch.ones(1, 8, 9))
        tensor([[[49., 49., 49.],
                 [49., 49., 49.]]])
    """
    for axis in (-2, -1):
        length = values.shape[axis]
        two = values.narrow(axis, 0, length - 1) + values.narrow(axis, 1, length - 1)
        four = two.narrow(axis, 0, length - 3) + two.narrow(axis, 2, length - 3)
        sums = four.narrow(axis, 0, length - 6) + two.narrow(axis, 4, length - 6)  # 7 = 4 + 2 + 1
        values = sums.add_(values.narrow(axis, 6, length - 6))
    return values


def ssim_terms(on: torch.Tensor, off: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """2 u_x u_y, u_x^2 + u_y^2, 2 v_xy, v_x + v_y of every window (u mean, v sample (co)variance), float64.

    Examples:
        >>> grey = torch.full((1, 1, 7, 7), 2.0)
        >>> [term.item() for term in ssim_terms(grey, 3 * grey)]
        [24.0, 40.0, 0.0, 0.0]
    """
    count = WINDOW * WINDOW
    sum_x, sum_y = window_sums(on).double(), window_sums(off).double()
    squares = window_sums(on.square().add_(off.square())).double()  # at most 49 * 2 * 255^2 < 2^24
    products = window_sums(on * off).double()
    cross, own = sum_x * sum_y, sum_x.square_().add_(sum_y.square_())
    scale = count * (count - 1)
    # Doubled before the division: for equal images both terms are then the same number, and SSIM is exactly 1.
    products.mul_(count).sub_(cross).mul_(2).div_(scale)
    squares.mul_(count).sub_(own).div_(scale)
    return cross.mul_(2).div_(count**2), own.div_(count**2), products, squares


def ssim(terms: tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], data_range: float) -> torch.Tensor:
    """(n,) mean SSIM over windows and channels from ``ssim_terms``, K1 = 0.01, K2 = 0.03 (Wang et al. 2004, eq. 13).

    Examples:
        >>> image = torch.arange(64.0).view(1, 1, 8, 8)
        >>> ssim(ssim_terms(image, image), 255.0), ssim(ssim_terms(image, image.flip(3)), 255.0)
        (tensor([1.], dtype=torch.float64), tensor([0.9718], dtype=torch.float64))
    """
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    mean_cross, mean_own, cov_cross, cov_own = terms
    value = (mean_cross + c1).mul_(cov_cross + c2).div_((mean_own + c1).mul_(cov_own + c2))
    return value.mean(dim=(-3, -2, -1))


class _Fidelity:
    """RMSE or SSIM at one data range; variants of a quantity share their work through the batch."""

    about: MetricDescription

    @classmethod
    def create(cls, context: MetricContext) -> _Fidelity:
        """The metric with what it needs from ``context``; a ``ValueError`` names what is missing."""
        return cls()

    def score(self, batch: ScoringBatch) -> dict[str, NDArray[np.float64]]:
        """See ``Metric.score``."""
        name = self.about.name
        on, off = batch.pair(name)
        quantity = name.removesuffix("_published")
        both = batch.once(("fidelity", quantity), lambda: _both_ranges(quantity, on, off))
        return {name: both[name]}


def _both_ranges(quantity: str, on: torch.Tensor, off: torch.Tensor) -> dict[str, NDArray[np.float64]]:
    if quantity == "rmse":
        error = channel_rmse(on, off).mean(dim=1).cpu().numpy()
        return {"rmse": error / 255, "rmse_published": error / PUBLISHED_RANGE}
    height, width = on.shape[-2:]
    if min(height, width) < WINDOW:
        raise ValueError(f"metric 'ssim' needs images of at least {WINDOW}x{WINDOW} px, not {height}x{width}")
    pixels = PIXELS_PER_CHUNK if on.device.type == "cpu" else PIXELS_ON_DEVICE
    step = max(1, pixels // (3 * height * width))
    corrected, published = [], []
    for a, b in zip(on.split(step), off.split(step), strict=True):
        terms = ssim_terms(a, b)
        corrected.append(ssim(terms, 255.0))
        published.append(ssim(terms, PUBLISHED_RANGE))
    return {"ssim": torch.cat(corrected).cpu().numpy(), "ssim_published": torch.cat(published).cpu().numpy()}


class Ssim(_Fidelity):
    """Structural similarity, ``skimage.metrics.structural_similarity(channel_axis=2, data_range=255)`` to rounding."""

    about = MetricDescription(
        name="ssim",
        kind="pair",
        arrow="↑",
        range=(-1.0, 1.0),
        untouched=1.0,
        label="SSIM of on and off",
        unit="",
        version="uniform 7x7, data range 255",
        source="SSIM, Wang 2004; skimage defaults",
    )


class SsimPublished(_Fidelity):
    """The same at data range 4095, as published: values are compressed to near 1."""

    about = MetricDescription(
        name="ssim_published",
        kind="pair",
        arrow="↑",
        range=(-1.0, 1.0),
        untouched=1.0,
        label="SSIM as published",
        unit="pixel range taken as 4095",
        version="uniform 7x7, data range 4095",
        source="image-similarity-measures 0.3.6, default max_p = 4095 on 8-bit images",
    )


class Rmse(_Fidelity):
    """Mean over channels of the root mean squared error, as a share of 255."""

    about = MetricDescription(
        name="rmse",
        kind="pair",
        arrow="↓",
        range=(0.0, 1.0),
        untouched=0.0,
        label="RMSE between on and off",
        unit="share of the pixel range",
        version="mean over channels of RMSE / 255",
        source="root mean squared error",
    )


class RmsePublished(_Fidelity):
    """The same as a share of 4095, as published: at most 0.0623."""

    about = MetricDescription(
        name="rmse_published",
        kind="pair",
        arrow="↓",
        range=(0.0, 0.06227106227106227),
        untouched=0.0,
        label="RMSE as published",
        unit="pixel range taken as 4095",
        version="mean over channels of RMSE / 4095",
        source="image-similarity-measures 0.3.6, default max_p = 4095 on 8-bit images",
    )

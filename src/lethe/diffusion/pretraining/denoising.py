"""What every training of a denoiser shares: noised latents, their time steps, and a loss that weighs them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional as F


@dataclass(frozen=True)
class Forward:
    """A forward process.

    Attributes:
        kept: ``(T,)`` share of the signal's variance after each step (``alphas_cumprod``).
        weight: ``(T,)`` of the loss at each step.
    """

    kept: torch.Tensor
    weight: torch.Tensor

    @classmethod
    def of(cls, kept: torch.Tensor, min_snr_gamma: float | None) -> Forward:
        """With the loss weighted by min-SNR (Hang et al. 2023, arXiv 2303.09556); None: all steps alike."""
        snr = kept / (1 - kept)
        return cls(kept, torch.ones_like(kept) if min_snr_gamma is None else snr.clamp(max=min_snr_gamma) / snr)

    def times(self, batch: int, generator: torch.Generator) -> torch.Tensor:
        """``(batch,)`` int64, one time step from each of ``batch`` equal strata: the same distribution, far less variance."""
        strata = (torch.arange(batch) + torch.rand(batch, generator=generator)) / batch
        return (strata * len(self.kept)).long().clamp(max=len(self.kept) - 1)

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """Latents ``(B, C, h, w)`` at their time steps."""
        scale = self.kept[times][:, None, None, None]
        return scale.sqrt() * latents + (1 - scale).sqrt() * noise

    def loss(self, predicted: torch.Tensor, noise: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """Weighted mean squared error of the noise."""
        error = F.mse_loss(predicted, noise, reduction="none").mean((1, 2, 3))
        return (self.weight[times] * error).mean()

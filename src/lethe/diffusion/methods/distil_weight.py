"""SPARE, sparse per weight: a low-rank delta that only the most salient single weights keep."""

from __future__ import annotations

import torch
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._lora_training import find_modules
from lethe.diffusion.methods._saliency import SparseConfig, saliency
from lethe.diffusion.methods._training import Borrowed
from lethe.diffusion.methods.base import Emitter
from lethe.diffusion.methods.distil import SPARE


class SPAREWeights(SPARE):
    """SPARE (arXiv 2602.07058) with delta W = (alpha / r) M o (B A), M a 0/1 mask of the most salient weights.

    M marks the global top ``sparsity_inclusiveness`` fraction of S_W = sum over forget batches of |d MSE / d W| over all
    candidate modules; the mask acts in training too, so that what is trained is what is stored.
    """

    about = MethodDescription(
        title="SPARE (FADE), weights", means="SPARE on the most telling weights", paper="arXiv 2602.07058", xl=True
    )
    contract = Contract(
        small={
            "rank": 4,
            "alpha": 4.0,
            "steps": 30,
            "forget_batch": 6,
            "retain_batch": 6,
            "learning_rate": 0.01,
            "target_modules": ["*.attn2.to_k", "*.attn2.to_v", "*.attn2.to_out.0"],
            "forget_weight": 1.0,
            "forget_pool": 48,
            "retain_pool": 128,
            "sparsity_inclusiveness": 0.5,
            "saliency_batches": 1,
        },
        direction="guide",
    )
    Config = SparseConfig
    config: SparseConfig

    def select(self, lent: Borrowed, emitter: Emitter, seed: int) -> tuple[list[str], dict[str, Tensor] | None]:
        """Modules with a marked weight, and the bool mask of each weight."""
        candidates = find_modules(lent.unet, self.config.target_modules)
        scores = saliency(lent, emitter, candidates, self.config, seed)
        masks = top_masks(scores, self.config.sparsity_inclusiveness)
        return list(masks), masks


def top_masks(scores: dict[str, Tensor], fraction: float) -> dict[str, Tensor]:
    """Bool masks of the largest ``fraction`` of all scores together (ties included); modules with none are left out."""
    flat = torch.cat([score.flatten() for score in scores.values()])
    count = max(1, round(fraction * len(flat)))
    threshold = flat.kthvalue(len(flat) - count + 1).values
    masks = {name: score >= threshold for name, score in scores.items()}
    return {name: mask for name, mask in masks.items() if bool(mask.any())}

"""SPARE, sparse per module: adapters only on the modules that matter most for the emitter."""

from __future__ import annotations

from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._lora_training import find_modules
from lethe.diffusion.methods._saliency import SparseConfig, saliency
from lethe.diffusion.methods._training import Borrowed
from lethe.diffusion.methods.base import Emitter
from lethe.diffusion.methods.distil import SPARE


class SPAREModules(SPARE):
    """SPARE (arXiv 2602.07058) with adapters on the most salient modules.

    The saliency of a module is the mean over its weight of S_W = sum over forget batches of |d MSE / d W|; the top
    ``ceil(sparsity_inclusiveness * candidates)`` modules are adapted. Loss and training are those of ``distil``.
    """

    about = MethodDescription(
        title="SPARE (FADE), modules", means="SPARE on the most telling modules", paper="arXiv 2602.07058", xl=True
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
        """The most salient modules, in the UNet's order, and no mask."""
        candidates = find_modules(lent.unet, self.config.target_modules)
        scores = {name: float(s.mean()) for name, s in saliency(lent, emitter, candidates, self.config, seed).items()}
        count = -(-len(candidates) * self.config.sparsity_inclusiveness // 1)
        chosen = set(sorted(candidates, key=lambda name: -scores[name])[: int(count)])
        return [name for name in candidates if name in chosen], None

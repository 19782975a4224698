"""SEOT: embeddings of the concept's words and of the end of the prompt are weakened, and moved by gradient steps while an image is drawn.

Li et al., "Get What You Want, Not What You Don't: Image Content Suppression for Text-to-Image Diffusion Models", ICLR 2024, arXiv
2402.05375; ``SuppressEotDelta`` and ``AttentionSteps`` have the formulas. Nothing is trained: the gradient steps belong to every image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, model_validator
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.interventions import SuppressEotDelta
from lethe.diffusion.interventions.attention_steps import AttentionSteps
from lethe.diffusion.methods.seot_soft import SEOTSoftConfig, Suppression
from lethe.settings.hyperparameters import Hyperparameters


class SEOTConfig(SEOTSoftConfig):
    """Hyper-parameters of SEOT."""

    end: float = Field(0.4, ge=0, le=1, description="share of the steps of a drawing from which on no gradient is taken")
    updates: int = Field(10, ge=1, description="gradient steps at each step of the drawing between `begin` and `end`")
    side: int = Field(16, ge=1, description="side of the attention maps that are compared: of latents of side 64, a quarter")
    rate: float = Field(
        20.0, ge=0, description="length of a gradient step at the first step of the drawing; it falls to a third of it"
    )
    retain: float = Field(1.0, description="weight of attention to the other words")
    erase: float = Field(-0.5, description="weight of attention to the concept's words; negative: it is moved away")
    self_retain: float = Field(1.0, description="weight of attention among pixels that show another word")
    self_erase: float = Field(-0.5, description="weight of attention among pixels that show the concept's words")

    @model_validator(mode="after")
    def _in_order(self) -> SEOTConfig:
        if self.end <= self.begin:
            raise ValueError(f"end is {self.end}, begin {self.begin}; allowed: an end behind the beginning")
        return self


class SEOT(Suppression[SEOTConfig]):
    """Suppression of the end-of-text embeddings with inference-time optimisation (arXiv 2402.05375)."""

    about = MethodDescription(
        title="SEOT",
        means="weakens words and end of the prompt",
        paper="arXiv 2402.05375",
        colour="#999933",
        marker="H",
        needs=("words", "sampling"),
    )
    contract = Contract(small={"side": 8, "updates": 2}, direction="change")
    Config: ClassVar[type[Hyperparameters]] = SEOTConfig

    def delta(self, targets: Sequence[Tensor]) -> SuppressEotDelta:
        """The delta of some spans of token ids."""
        config = self.config
        steps = AttentionSteps(
            config.updates, config.side, config.rate, config.retain, config.erase, config.self_retain, config.self_erase
        )
        return SuppressEotDelta(tuple(targets), config.alpha, config.tokens_after, config.begin, config.end, steps)

"""SEOT's soft weighting alone: embeddings of the concept's words and of the end of the prompt are weakened, and no gradient is taken.

Li et al., ICLR 2024, arXiv 2402.05375, section 3.2; ``SuppressEotDelta`` has the formula. Nothing is trained and no weight changes: a
model is the words of the concept and a few numbers.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, TypeVar

from pydantic import Field
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.interventions import SuppressEotDelta
from lethe.diffusion.interventions.attention_steps import AttentionSteps
from lethe.diffusion.methods._common import check_emitters
from lethe.diffusion.methods._tokens import spans
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.diffusion.pipeline import Pipeline
from lethe.settings.hyperparameters import Hyperparameters


class SEOTSoftConfig(Hyperparameters):
    """Hyper-parameters of soft weighting."""

    alpha: float = Field(1.0, ge=0, description="singular values s become s exp(-alpha s)")
    tokens_after: int = Field(0, ge=0, description="tokens behind the concept's own words that are weakened with them")
    begin: float = Field(0.2, ge=0, le=1, description="share of the steps of a drawing before which a prompt is read as it is")


S = TypeVar("S", bound=SEOTSoftConfig)


class Suppression(Method[S]):
    """A method whose models are words and constants; a subclass says which gradient steps are taken."""

    def unlearn(self, pipe: Pipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        """Yield one delta per emitter; ``seed`` is not used, and no image is looked at.

        Raises:
            ValueError: an emitter without a prompt, or without a word of its own in one of its prompts.
        """
        check_emitters(emitters, data, rows=False)
        for emitter in emitters:
            begin = time.monotonic()
            found = spans(pipe, emitter, data)
            delta = self.delta(found)
            record: dict[str, Any] = {"steps": 0, "targets": [ids.tolist() for ids in found]}
            yield Unlearned(emitter, delta, record | {"seconds": time.monotonic() - begin})

    @abstractmethod
    def delta(self, targets: Sequence[Tensor]) -> SuppressEotDelta:
        """The delta of some spans of token ids."""


class SEOTSoft(Suppression[SEOTSoftConfig]):
    """The soft-weighted regularisation of SEOT (arXiv 2402.05375) without its gradient steps."""

    about = MethodDescription(
        title="SEOT (soft weighting)",
        means="SEOT without gradient steps",
        paper="arXiv 2402.05375",
        colour="#DDCC77",
        marker="8",
        needs=("words", "sampling"),
    )
    contract = Contract(small={}, direction="change")
    Config: ClassVar[type[Hyperparameters]] = SEOTSoftConfig

    def delta(self, targets: Sequence[Tensor]) -> SuppressEotDelta:
        """The delta of some spans of token ids."""
        config = self.config
        return SuppressEotDelta(tuple(targets), config.alpha, config.tokens_after, config.begin, 1.0, AttentionSteps(count=0))

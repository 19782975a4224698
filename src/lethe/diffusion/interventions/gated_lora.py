"""Low-rank additions whose strength depends on the prompt (SPM, arXiv 2312.16145, section 3.3 "Facilitated Transport")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import torch
from torch import Tensor

from lethe.core.registry import nearest
from lethe.diffusion.interventions.base import Intervention, StepHook
from lethe.diffusion.interventions.membrane import membrane
from lethe.diffusion.kinds import LoraDelta

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline
    from lethe.diffusion.tokens import Encoded

Matching = Literal["cosine_tokens", "tokens", "one"]


@dataclass(frozen=True, eq=False)
class GatedLoraDelta(Intervention, LoraDelta):
    """y -> y + m B A x, with the strength m of the prompt of each row, for the conditional and the unconditional half alike.

    Attributes:
        factors: as in ``LoraDelta``, of modules of the UNet; the reference's scale alpha / r stands inside B.
        ids: ``(k,)`` int64, the different tokens of the text that was erased, k >= 1, without those of begin and end.
        states: ``(tokens, d)`` float32, that text as the base's text encoder reads it.
        matching: how m follows from a prompt. ``tokens``: the share of ``ids`` that it holds. ``cosine_tokens``: that, or the cosine of its
            states with ``states``, all tokens as one vector, whichever is larger; padding counts, so other prompts have a strength too.
            ``one``: 1 for every prompt.
    """

    kind: ClassVar[str] = "gated_lora"
    ids: Tensor
    states: Tensor
    matching: Matching = "cosine_tokens"

    def __post_init__(self) -> None:
        super().__post_init__()
        if odd := [name for name in self.factors if not name.startswith("unet.")]:
            raise ValueError(f"{self.kind}: '{odd[0]}' is no module of the UNet; allowed: names that begin with 'unet.'")
        if self.ids.dtype != torch.int64 or self.ids.ndim != 1 or not len(self.ids):
            raise ValueError(f"{self.kind}: target.ids is {self.ids.dtype} {tuple(self.ids.shape)}; allowed: torch.int64 (k,)")
        if self.states.dtype != torch.float32 or self.states.ndim != 2:
            raise ValueError(
                f"{self.kind}: target.states is {self.states.dtype} {tuple(self.states.shape)}; allowed: torch.float32 (tokens, d)"
            )
        if self.matching not in get_args(Matching):
            known = get_args(Matching)
            raise ValueError(
                f"{self.kind}: matching is '{self.matching}'; allowed: {', '.join(known)}{nearest(self.matching, list(known))}"
            )

    def tensors(self) -> dict[str, Tensor]:
        """What is stored, by name."""
        return {**super().tensors(), "target.ids": self.ids, "target.states": self.states}

    def scalars(self) -> dict[str, str]:
        """How the strength follows from a prompt."""
        return {"matching": self.matching}

    def strength(self, prompt: Encoded) -> float:
        """m of a prompt, at most 1; 1 if it holds every token of what was erased.

        Raises:
            ValueError: the prompt's states have another shape than those of what was erased.
        """
        if self.matching == "one":
            return 1.0
        share = float(torch.isin(self.ids, prompt.ids.cpu()).double().mean())
        if self.matching == "tokens":
            return share
        if prompt.states.shape != self.states.shape:
            raise ValueError(
                f"{self.kind}: a prompt has states {tuple(prompt.states.shape)}, what was erased {tuple(self.states.shape)}"
            )
        own, erased = prompt.states.double().cpu().flatten(), self.states.double().flatten()
        return max(share, float(torch.cosine_similarity(own, erased, dim=0)))

    @contextmanager
    def session(self, pipe: Pipeline, rows: Sequence[Encoded]) -> Iterator[StepHook | None]:
        """As in ``Intervention``: additions with the strengths of the rows; rows of no strength at all need none."""
        known = {row.text: self.strength(row) for row in rows}
        strengths = torch.tensor([known[row.text] for row in rows], dtype=torch.float32, device=pipe.unet.device)
        if not any(known.values()):
            yield None
            return
        unet = pipe.unet
        factors = {name.removeprefix("unet."): pair for name, pair in self.factors.items()}
        there = {name: (a.to(unet.device, unet.dtype), b.to(unet.device, unet.dtype)) for name, (a, b) in factors.items()}
        with membrane(pipe.unet, there, strengths):
            yield None

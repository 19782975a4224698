"""Text embeddings of what is forgotten are weakened, and then moved by gradient steps while an image is drawn (SEOT).

Li et al., "Get What You Want, Not What You Don't: Image Content Suppression for Text-to-Image Diffusion Models", ICLR 2024, arXiv
2402.05375, with the code of UnlearnCanvas. A prompt that does not hold the words is not touched.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from lethe.diffusion.interventions.attention_steps import AttentionSteps
from lethe.diffusion.interventions.base import Intervention, Moment, StepHook

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline
    from lethe.diffusion.tokens import Encoded

TARGET = "target."  # names of the stored spans begin so
WHOLE = ("tokens_after", "count", "side")  # numbers of a file that are whole
FROM_ZERO = ("alpha", "tokens_after", "begin", "end", "count", "rate")  # and not negative


@dataclass(frozen=True, eq=False)
class SuppressEotDelta(Intervention):
    """Soft weighting of embeddings, and gradient steps on them.

    With E the embeddings of the concept's words and of all rows from the end token on, and E = U diag(s) V^T, each s becomes
    s exp(-alpha s). They take the place of the prompt's own embeddings from a share ``begin`` of the steps on; until a share ``end`` each
    step begins with ``steps.count`` gradient steps on them (``AttentionSteps``), which later steps do not see.

    Attributes:
        targets: spans of token ids ``(k,)`` int64 that name what is forgotten, at least one, k >= 1.
        alpha: how much is taken away; 0 is nothing.
        tokens_after: how many tokens behind such a span are taken with it, as far as the prompt goes.
        begin, end: shares of the steps of a drawing, 0 to 1.
        steps: the gradient steps; of none of them the soft weighting is left.
    """

    kind: ClassVar[str] = "suppress_eot"
    targets: tuple[Tensor, ...]
    alpha: float = 1.0
    tokens_after: int = 0
    begin: float = 0.2
    end: float = 0.4
    steps: AttentionSteps = AttentionSteps()

    def __post_init__(self) -> None:
        if not self.targets:
            raise ValueError(f"{self.kind}: no target; allowed: at least one span of token ids")
        for number, ids in enumerate(self.targets):
            if ids.dtype != torch.int64 or ids.ndim != 1 or not len(ids):
                raise ValueError(f"{self.kind}: {_name(number)} is {ids.dtype} {tuple(ids.shape)}; allowed: torch.int64 (k,)")
        for name, value in self._numbers().items():
            if not math.isfinite(value) or (name in FROM_ZERO and value < 0) or (name in ("begin", "end") and value > 1):
                allowed = "0 to 1" if name in ("begin", "end") else "0 and more" if name in FROM_ZERO else "finite numbers"
                raise ValueError(f"{self.kind}: {name} is {value!r}; allowed: {allowed}")

    def _numbers(self) -> dict[str, float]:
        own = {name: getattr(self, name) for name in ("alpha", "tokens_after", "begin", "end")}
        return own | {field.name: getattr(self.steps, field.name) for field in fields(self.steps)}

    def tensors(self) -> dict[str, Tensor]:
        """What is stored, by name."""
        return {_name(number): ids for number, ids in enumerate(self.targets)}

    def scalars(self) -> dict[str, str]:
        """Every constant, so that it reads back exactly."""
        return {name: repr(int(value) if name in WHOLE else float(value)) for name, value in self._numbers().items()}

    @classmethod
    def read(cls, tensors: Mapping[str, Tensor], header: Mapping[str, str]) -> SuppressEotDelta:
        """From what is stored.

        Raises:
            KeyError, ValueError: a constant that is missing or no number; what the class itself refuses.
        """
        names = ["alpha", "tokens_after", "begin", "end", *(field.name for field in fields(AttentionSteps))]
        numbers = {name: (int if name in WHOLE else float)(header[name]) for name in names}
        own = {name: numbers.pop(name) for name in ("alpha", "tokens_after", "begin", "end")}
        targets = tuple(ids for name, ids in sorted(tensors.items()) if name.startswith(TARGET))
        return cls(targets, own["alpha"], int(own["tokens_after"]), own["begin"], own["end"], AttentionSteps(**numbers))  # type: ignore[arg-type]

    def places(self, prompt: Encoded) -> Tensor:
        """``(tokens,)`` bool, where a prompt names what is forgotten; False everywhere if it does not."""
        ids, found = prompt.ids.cpu(), torch.zeros(len(prompt.ids), dtype=torch.bool)
        for target in self.targets:
            for first in range(1, prompt.end + 2 - len(target)):
                if torch.equal(ids[first : first + len(target)], target):
                    found[first : min(first + len(target) + self.tokens_after, prompt.end + 1)] = True
        return found

    def map_embeddings(self, embeddings: Tensor, prompt: Encoded | None = None) -> Tensor:
        """The softly weighted embeddings (tokens, d) of a prompt, computed in float32; of one without the words, its own.

        Raises:
            ValueError: no prompt is given.
        """
        if prompt is None:
            raise ValueError(f"{self.kind}: the map depends on the tokens of a prompt; allowed: embeddings with their prompt")
        places = self.places(prompt)
        if self.alpha == 0 or not bool(places.any()):
            return embeddings
        rows = (places | (torch.arange(len(places)) > prompt.end)).to(embeddings.device)
        u, s, vh = torch.linalg.svd(embeddings[rows].float(), full_matrices=False)
        mapped = embeddings.clone()
        mapped[rows] = ((u * (s * torch.exp(-self.alpha * s))) @ vh).to(embeddings.dtype)
        return mapped

    @contextmanager
    def session(self, pipe: Pipeline, rows: Sequence[Encoded]) -> Iterator[StepHook | None]:
        """As in ``Intervention``; nobody acts on a batch none of whose prompts holds the words."""
        places = torch.stack([self.places(row) for row in rows])
        yield _Hook(self, pipe, rows, places) if self.alpha and bool(places.any()) else None


class _Hook:
    """Chooses the embeddings of each step of one batch."""

    def __init__(self, delta: SuppressEotDelta, pipe: Pipeline, rows: Sequence[Encoded], places: Tensor) -> None:
        self._delta, self._pipe, device = delta, pipe, pipe.unet.device
        self._touched = places.any(dim=1).nonzero()[:, 0].to(device)
        self._own = torch.stack([row.states for row in rows])
        numbers, last = torch.arange(places.shape[1]), torch.tensor([row.end for row in rows])
        self._content = ((numbers >= 1) & (numbers <= last[:, None])).to(device)
        self._places = places.to(device)

    def before(self, moment: Moment, latents: Tensor, embeddings: Tensor) -> Tensor:
        """As in ``StepHook``."""
        delta, rows = self._delta, self._touched
        own = embeddings.clone()
        conditional = own[-len(self._own) :]
        if moment.step < delta.begin * moment.steps:
            conditional[rows] = self._own[rows]
        elif moment.step < delta.end * moment.steps and delta.steps.count:
            timestep = moment.timestep if moment.timestep.ndim == 0 else moment.timestep[rows]
            conditional[rows] = delta.steps.moved(
                self._pipe.unet,
                moment._replace(timestep=timestep),
                latents[rows],
                self._own[rows],
                conditional[rows],
                self._content[rows],
                self._places[rows],
            )
        return own


def _name(number: int) -> str:
    return f"{TARGET}{number:03d}"

"""What closed-form edits of cross-attention share: how an emitter reaches them as vectors, and how the map that they find is stored.

Such a method changes every key and value matrix W of cross-attention into W T, where T (d, d) does not know W. So an edited model *is* the
unedited UNet fed with T x instead of x: images of many edited models come out of one batch of the unmodified UNet, and a model is the few
singular vectors of T - scale I instead of all the matrices.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import torch
from pydantic import Field
from torch import Tensor

from lethe.diffusion.delta import TextMapDelta
from lethe.diffusion.methods._common import check_emitters
from lethe.diffusion.methods._tokens import Encoded, encode, from_first_own, others
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.diffusion.pipeline import Pipeline
from lethe.settings.hyperparameters import Hyperparameters

TOLERANCE = 1e-5  # relative error (Frobenius norm of T) that truncating the rank may cost
CHUNK = 2**24
"""float64 numbers per batched solve, 128 MiB; an emitter whose preserved vectors alone are more gets their Gram matrix."""

Edit = tuple[str, str]  # a text and its guide


class TextMapConfig(Hyperparameters):
    """What is edited into what, and what is held."""

    tokens: Literal["last", "all", "tail"] = Field(
        "all",
        description="of each text, last: the last real token of the name (I-CARE); tail: all from there on (UnlearnCanvas); "
        "all: of each prompt, every token that is the emitter's own",
    )
    templates: list[Annotated[str, Field(pattern=r"\{name\}")]] = Field(
        ["{name}"], min_length=1, description="texts of the emitter's name, for `last` and `tail`"
    )
    guide: str | None = Field(None, description="prompt that takes the emitter's place; null = what the task overwrites it with")
    preserve: Literal["guide", "others"] = Field("others", description="what is held: the guide (I-CARE) or all other prompts")


C = TypeVar("C", bound=TextMapConfig)


class Vectors(NamedTuple):
    """What of one emitter is solved: concepts ``(m, d)``, their guides ``(m, d)``, what is preserved ``(n, d)`` or a root ``(d, d)`` of its Gram
    matrix, and how many vectors are preserved.
    """

    concepts: Tensor
    guides: Tensor
    preserved: Tensor
    held: int


class Map(NamedTuple):
    """T = scale I + left^T right, float64; left, right ``(k, d)`` have orthogonal rows whose norms fall, as ``factored`` makes them."""

    scale: float
    left: Tensor
    right: Tensor


@dataclass(frozen=True)
class Found:
    """The map of one emitter, the vectors that it was solved from, and what the record of its model tells besides."""

    map: Map
    vectors: Vectors
    told: Mapping[str, Any] = field(default_factory=dict)


class Given(NamedTuple):
    """What a solver is given: the pipeline, the prompts as encoded, and the vectors of an emitter under some edits."""

    pipe: Pipeline
    prompts: Mapping[str, Encoded]
    vectors: Callable[[Emitter, list[Edit]], Vectors]


def gram(vectors: Tensor) -> Tensor:
    """The sum ``(d, d)`` of the outer products of ``vectors`` ``(n, d)``, float64."""
    vectors = vectors.double()
    return vectors.mT @ vectors


def root(gram_matrix: Tensor) -> Tensor:
    """``(d, d)`` rows whose Gram matrix is ``gram_matrix`` ``(d, d)``, symmetric and but for rounding without negative eigenvalues."""
    values, vectors = torch.linalg.eigh(gram_matrix)
    return values.clamp(min=0).sqrt()[:, None] * vectors.mT


def factored(u: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """U Z^T of ``u`` and ``z`` ``(..., d, k)`` as left^T right: ``left``, ``right`` ``(..., min(d, k), d)``, singular values falling along their
    rows (the square root of each is in either factor).
    """
    (qu, ru), (qz, rz) = torch.linalg.qr(u), torch.linalg.qr(z)
    left, values, right = torch.linalg.svd(ru @ rz.mT)
    left, right = qu @ left, right @ qz.mT
    # A pair of singular vectors is defined up to a common sign: fix it, or equal inputs could give unequal files
    sign = left.gather(-2, left.abs().argmax(dim=-2, keepdim=True)).sign().mT
    size = values.sqrt()[..., None]
    return sign * size * left.mT, sign * size * right


def truncate(scale: float, left: Tensor, right: Tensor, tolerance: float = TOLERANCE) -> tuple[Tensor, Tensor]:
    """The leading rows ``(k', d)`` of ``left`` and ``right`` ``(k, d)`` whose loss is at most ``tolerance`` of ||T||_F."""
    values = left.norm(dim=1) * right.norm(dim=1)
    # ||scale I + left^T right||_F^2 without the (d, d) matrix: rows of left are orthogonal, and so are those of right
    total = (scale**2 * left.shape[1] + 2 * scale * (left * right).sum() + values.square().sum()).sqrt()
    lost = values.square().flip(0).cumsum(0).flip(0).sqrt()  # lost[k]: error of keeping the first k
    rank = int((lost > tolerance * total).sum())
    return left[:rank].float().contiguous(), right[:rank].float().contiguous()


class TextMapMethod(Method[C]):
    """A method that is a linear map of text embeddings; a subclass says how it is solved (``maps``)."""

    def read_besides(self) -> list[str]:
        """Prompts that it looks at besides those of emitters, guides and others."""
        return []

    @abstractmethod
    def maps(self, given: Given, part: Sequence[tuple[Emitter, list[Edit]]]) -> list[Found]:
        """The map of each of some emitters whose vectors have the same shapes; one must not depend on the others."""

    def unlearn(self, pipe: Pipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        """Yield one text map per emitter; ``seed`` is not used (closed form).

        Raises:
            ValueError: an emitter without a prompt, or whose prompt is the same as another entity's.
        """
        check_emitters(emitters, data, rows=False)
        begin = time.monotonic()
        edits = [self._edits(emitter) for emitter in emitters]
        asked = [text for edit in edits for text, _ in edit]
        guides = [guide for edit in edits for _, guide in edit]
        prompts = encode(pipe, list(dict.fromkeys([*asked, *guides, *data.prompts.values(), *self.read_besides()])))
        encoded = time.monotonic() - begin

        @cache  # at most once, and by none whose lists are short
        def total() -> Tensor:
            return torch.stack([gram(self._states(prompts[prompt])) for prompt in data.prompts.values()]).sum(dim=0)

        given = Given(pipe, prompts, lambda emitter, edit: self._vectors(emitter, edit, prompts, data, total))
        for part in self._chunks(emitters, edits, prompts, data):
            begin = time.monotonic()
            found = self.maps(given, part)
            seconds = (time.monotonic() - begin) / len(part) + encoded / len(emitters)
            for (emitter, _), one in zip(part, found, strict=True):
                left, right = truncate(one.map.scale, one.map.left, one.map.right)
                record = {
                    "steps": 0,
                    "seconds": seconds,
                    "rank": len(left),
                    "concept_vectors": int(one.vectors.concepts.any(dim=1).sum()),
                    "preserved_vectors": one.vectors.held,
                    **one.told,
                }
                yield Unlearned(emitter, TextMapDelta(left, right, one.map.scale), record)

    def _edits(self, emitter: Emitter) -> list[Edit]:
        """What is edited into what: each covered prompt, or the texts of the emitter's name once for each guide."""
        guides = [emitter.overwrite[receiver] if self.config.guide is None else self.config.guide for receiver in emitter.covers]
        if self.config.tokens != "all":
            texts = [template.replace("{name}", emitter.name) for template in self.config.templates]
            return [(text, guide) for text in texts for guide in dict.fromkeys(guides)]
        return list(zip(emitter.texts, guides, strict=True))

    def _chunks(
        self, emitters: Sequence[Emitter], edits: list[list[Edit]], prompts: dict[str, Encoded], data: UnlearnData
    ) -> Iterator[list[tuple[Emitter, list[Edit]]]]:
        """Consecutive emitters whose vectors have the same shapes, as many at once as ``CHUNK`` allows."""
        tokens, width = next(iter(prompts.values())).states.shape
        rows = 1 if self.config.tokens == "last" else tokens

        def shape(pair: tuple[Emitter, list[Edit]]) -> tuple[int, int]:
            emitter, edit = pair
            if self.config.preserve == "guide":
                return len(edit), rows * len(dict.fromkeys(guide for _, guide in edit))
            return len(edit), width if _long(emitter, rows, width, data) else rows * len(others(data, emitter))

        for (concepts, preserved), alike in groupby(zip(emitters, edits, strict=True), shape):
            chunk, found = max(1, CHUNK // (width * (2 * concepts * rows + preserved))), list(alike)
            yield from (found[first : first + chunk] for first in range(0, len(found), chunk))

    def _vectors(
        self, emitter: Emitter, edits: list[Edit], prompts: dict[str, Encoded], data: UnlearnData, total: Callable[[], Tensor]
    ) -> Vectors:
        """What of one emitter is solved; ``total`` gives the Gram matrix of all prompts."""
        rest = [prompts[prompt] for prompt in others(data, emitter)]
        other_ids = torch.stack([other.ids for other in rest])
        pairs = [self._concept(emitter, prompts[text], prompts[guide], other_ids) for text, guide in edits]
        concepts, guides = (torch.cat(part) for part in zip(*pairs, strict=True))
        if self.config.preserve == "guide":
            rest = [prompts[guide] for guide in dict.fromkeys(guide for _, guide in edits)]
        rows, width = self._states(rest[0]).shape
        held = rows * len(rest)
        if self.config.preserve == "others" and _long(emitter, rows, width, data):
            covered = sum((gram(self._states(prompts[data.prompts[index]])) for index in emitter.covers), start=torch.zeros(()))
            return Vectors(concepts, guides, root(total() - covered), held)
        return Vectors(concepts, guides, torch.cat([self._states(one) for one in rest]), held)

    def _states(self, prompt: Encoded) -> Tensor:
        """Of a prompt the vectors that count, ``(1, d)`` or ``(tokens, d)``."""
        return prompt.last[None] if self.config.tokens == "last" else prompt.states

    def _concept(self, emitter: Emitter, concept: Encoded, guide: Encoded, other_ids: Tensor) -> tuple[Tensor, Tensor]:
        """What of one text is erased ``(m, d)``, and what each of these states becomes ``(m, d)``."""
        if torch.equal(concept.ids, guide.ids):
            raise ValueError(
                f"emitter {emitter.index} ('{emitter.name}') is its own guide for the tokenizer, so nothing would be forgotten; "
                "allowed: a `guide` that no emitter has as its prompt"
            )
        if self.config.tokens == "last":
            return concept.last[None], guide.last[None]
        if self.config.tokens == "tail":  # both from their last real token on, as far as the shorter tail goes
            tails, length = torch.zeros(2, *concept.states.shape), len(concept.states) - max(concept.end, guide.end)
            for tail, text in zip(tails, (concept, guide), strict=True):
                tail[:length] = text.states[text.end : text.end + length]
            return tails[0], tails[1]
        own = from_first_own(concept.ids, other_ids)
        if not bool(own.any()):
            raise ValueError(
                f"emitter {emitter.index} ('{emitter.name}'): the prompt of another entity is equal to '{concept.text}' for the tokenizer"
            )
        # Zeros and not a selection: a shape that depends on the emitter would make it depend on its batch in the last bit
        return concept.states * own[:, None], guide.states * own[:, None]


def _long(emitter: Emitter, rows: int, width: int, data: UnlearnData) -> bool:
    """Whether the list of what is preserved is too long to be kept for every emitter of a batch."""
    return rows * width * len(others(data, emitter)) > CHUNK

"""UCE, Unified Concept Editing: a closed-form edit of cross-attention, stored as one linear map of text embeddings.

Gandikota et al., "Unified Concept Editing in Diffusion Models", WACV 2024, arXiv 2308.14761, equation 7. For concepts
c_i, guides g_i, preserved p_j (all in R^d, d = width of the text embeddings) every key and value matrix W of
cross-attention becomes

    W_new = [lam W + e sum_i (W g_i) c_i^T + p sum_j (W p_j) p_j^T]
            [lam I + e sum_i c_i c_i^T + p sum_j p_j p_j^T + eps I]^-1                                  (reference form)

The targets are themselves W times something, so W factors out to the left: W_new = W T, and T (d, d) does not know W:

    T = [lam I + e G C^T + p P P^T] B^-1,        B = mu I + V V^T,  V = [sqrt(e) C, sqrt(p) P],  mu = lam + eps
      = I + e (G - C) C^T B^-1 - eps B^-1
      = (lam / mu) I + e (G - C) C^T B^-1 + (eps / mu) V (mu I + V^T V)^-1 V^T                          (Woodbury)

So an edited model *is* the unedited UNet fed with T x instead of x: every emitter of a task is solved in one batch, needs
2 d numbers instead of all the matrices, and images of many edited models come out of one batch of the unmodified UNet.

What is preserved enters by P P^T alone. A thousand preserved prompts of 77 tokens are 59 million numbers an emitter, P P^T is d x d: the sum
over all prompts, taken once for all emitters, less the prompts that an emitter covers. Any square root of it stands for P (``root``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import Annotated, Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.delta import TextMapDelta
from lethe.diffusion.methods._common import check_emitters
from lethe.diffusion.methods._tokens import Encoded, encode, from_first_own, others
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.diffusion.pipeline import Pipeline
from lethe.settings.hyperparameters import Hyperparameters

EPS = 1e-6  # the reference's ridge
TOLERANCE = 1e-5  # relative error (Frobenius norm of T) that truncating the rank may cost
CHUNK = (
    2**24
)  # float64 numbers per batched solve, 128 MiB; an emitter whose preserved vectors alone are more gets their Gram matrix

Edit = tuple[str, str]  # a text and its guide


class UCEConfig(Hyperparameters):
    """Hyper-parameters of UCE."""

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
    erase_scale: float = Field(1.0, ge=0, description="e, weight of the concept")
    preserve_scale: float = Field(1.0, ge=0, description="p, weight of each preserved vector")
    lamb: float = Field(0.5, gt=0, description="lambda, weight of staying near the old matrices")


class Vectors(NamedTuple):
    """What of one emitter is solved: concepts ``(m, d)``, their guides ``(m, d)``, what is preserved ``(n, d)`` or a root ``(d, d)`` of its Gram
    matrix, and how many vectors are preserved.
    """

    concepts: Tensor
    guides: Tensor
    preserved: Tensor
    held: int


def gram(vectors: Tensor) -> Tensor:
    """The sum ``(d, d)`` of the outer products of ``vectors`` ``(n, d)``, float64."""
    vectors = vectors.double()
    return vectors.mT @ vectors


def root(gram_matrix: Tensor) -> Tensor:
    """``(d, d)`` rows whose Gram matrix is ``gram_matrix`` ``(d, d)``, symmetric and but for rounding without negative eigenvalues."""
    values, vectors = torch.linalg.eigh(gram_matrix)
    return values.clamp(min=0).sqrt()[:, None] * vectors.mT


def solve(
    concepts: Tensor, guides: Tensor, preserved: Tensor, erase_scale: float, preserve_scale: float, lamb: float
) -> tuple[float, Tensor, Tensor]:
    """T = scale I + left^T right of many emitters at once, in float64.

    Args:
        concepts: ``(b, m, d)``; rows of zeros are padding and change nothing.
        guides: ``(b, m, d)``, what each concept is mapped to.
        preserved: ``(b, n, d)``, zero-padded too.
        erase_scale: e. preserve_scale: p. lamb: lambda.

    Returns:
        scale, left ``(b, k, d)``, right ``(b, k, d)``, with k <= d the full rank of T - scale I and singular values falling
        along k (the square root of each is in either factor).
    """
    c, g, p = (x.double().mT for x in (concepts, guides, preserved))
    mu = lamb + EPS
    v = torch.cat([erase_scale**0.5 * c, preserve_scale**0.5 * p], dim=2)
    if v.shape[2] > v.shape[1]:  # more vectors than dimensions: another square root of V V^T, only d wide
        v = torch.linalg.qr(v.mT, mode="r").R.mT
    gram = mu * torch.eye(v.shape[2], dtype=v.dtype) + v.mT @ v
    shrunk = torch.linalg.solve(gram, torch.cat([v.mT @ c, v.mT], dim=2))  # (mu I + V^T V)^-1 V^T [C, I]
    inverse_c = (c - v @ shrunk[:, :, : c.shape[2]]) / mu  # B^-1 C
    u = torch.cat([erase_scale * (g - c), EPS / mu * v], dim=2)
    z = torch.cat([inverse_c, shrunk[:, :, c.shape[2] :].mT], dim=2)  # remainder = U Z^T
    (qu, ru), (qz, rz) = torch.linalg.qr(u), torch.linalg.qr(z)
    left, values, right = torch.linalg.svd(ru @ rz.mT)
    left, right = qu @ left, right @ qz.mT
    # A pair of singular vectors is defined up to a common sign: fix it, or equal inputs could give unequal files
    sign = left.gather(1, left.abs().argmax(dim=1, keepdim=True)).sign().mT
    root = values.sqrt()[:, :, None]
    return lamb / mu, sign * root * left.mT, sign * root * right


def truncate(scale: float, left: Tensor, right: Tensor, tolerance: float = TOLERANCE) -> tuple[Tensor, Tensor]:
    """The leading rows ``(k', d)`` of ``left`` and ``right`` ``(k, d)`` whose loss is at most ``tolerance`` of ||T||_F."""
    values = left.norm(dim=1) * right.norm(dim=1)
    # ||scale I + left^T right||_F^2 without the (d, d) matrix: rows of left are orthogonal, and so are those of right
    total = (scale**2 * left.shape[1] + 2 * scale * (left * right).sum() + values.square().sum()).sqrt()
    lost = values.square().flip(0).cumsum(0).flip(0).sqrt()  # lost[k]: error of keeping the first k
    rank = int((lost > tolerance * total).sum())
    return left[:rank].float().contiguous(), right[:rank].float().contiguous()


def dense_edit(
    weight: Tensor, concepts: Tensor, guides: Tensor, preserved: Tensor, erase: float, keep: float, lamb: float
) -> Tensor:
    """The reference's edit of one matrix, as it is written there (the oracle of the tests, the baseline of the bench).

    Args:
        weight: ``(out, d)``. concepts, guides: ``(m, d)``. preserved: ``(n, d)``.
        erase: e. keep: p. lamb: lambda.

    Returns:
        W_new ``(out, d)`` in the dtype of ``weight``.
    """
    eye = torch.eye(weight.shape[1], dtype=weight.dtype)
    first, second = lamb * weight, lamb * eye
    for concept, guide in zip(concepts, guides, strict=True):
        first = first + erase * torch.outer(weight @ guide, concept)
        second = second + erase * torch.outer(concept, concept)
    for vector in preserved:
        first = first + keep * torch.outer(weight @ vector, vector)
        second = second + keep * torch.outer(vector, vector)
    return first @ torch.linalg.inv(second + EPS * eye)


class UCE(Method[UCEConfig]):
    """Unified Concept Editing (arXiv 2308.14761, equation 7) as a linear map of text embeddings; see the module.

    ``tokens: last`` with ``preserve: guide`` is what I-CARE ran: one vector, the hidden state of the last real token of the
    emitter's *name*. ``tokens: tail`` with ``templates`` is the reference for UnlearnCanvas: of texts of the name, every state from its
    last token on. ``tokens: all`` edits, in every *prompt* that the emitter covers, each state that no other prompt shares (the
    text encoder is causal, so equal beginnings give equal states; one state cannot be both erased and preserved), mapped
    position by position to the guide prompt, and so reaches the end and padding states, which carry the concept too.
    """

    about = MethodDescription(title="UCE", paper="arXiv 2308.14761 (WACV 2024)", colour="#0072B2", marker="o")
    contract = Contract(small={"preserve_scale": 0.1, "lamb": 0.1}, direction="guide")
    Config = UCEConfig

    def unlearn(self, pipe: Pipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        """Yield one text map per emitter; ``seed`` is not used (closed form).

        Raises:
            ValueError: an emitter without a prompt, or whose prompt is the same as another entity's.
        """
        check_emitters(emitters, data, rows=False)
        begin = time.monotonic()
        config = self.config
        edits = [self._edits(emitter) for emitter in emitters]
        asked = [text for edit in edits for text, _ in edit]
        guides = [guide for edit in edits for _, guide in edit]
        prompts = encode(pipe, list(dict.fromkeys([*asked, *guides, *data.prompts.values()])))
        encoded = time.monotonic() - begin

        @cache  # at most once, and by none whose lists are short
        def total() -> Tensor:
            return torch.stack([gram(self._states(prompts[prompt])) for prompt in data.prompts.values()]).sum(dim=0)

        for part in self._chunks(emitters, edits, prompts, data):
            begin = time.monotonic()
            vectors = [self._vectors(emitter, edit, prompts, data, total) for emitter, edit in part]
            stacked = [torch.stack(rows) for rows in zip(*(item[:3] for item in vectors), strict=True)]
            scale, lefts, rights = solve(
                stacked[0], stacked[1], stacked[2], config.erase_scale, config.preserve_scale, config.lamb
            )
            seconds = (time.monotonic() - begin) / len(part) + encoded / len(emitters)
            for (emitter, _), found, left, right in zip(part, vectors, lefts, rights, strict=True):
                left, right = truncate(scale, left, right)
                record = {
                    "steps": 0,
                    "seconds": seconds,
                    "rank": len(left),
                    "concept_vectors": int(found.concepts.any(dim=1).sum()),
                    "preserved_vectors": found.held,
                }
                yield Unlearned(emitter, TextMapDelta(left, right, scale), record)

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

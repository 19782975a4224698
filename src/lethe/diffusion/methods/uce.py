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

Every emitter of a task is solved in one batch and needs 2 d numbers instead of all the matrices (``_text_maps``).

What is preserved enters by P P^T alone. A thousand preserved prompts of 77 tokens are 59 million numbers an emitter, P P^T is d x d: the sum
over all prompts, taken once for all emitters, less the prompts that an emitter covers. Any square root of it stands for P (``root``).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import Field
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._text_maps import Edit, Found, Given, Map, TextMapConfig, TextMapMethod, factored
from lethe.diffusion.methods.base import Emitter

EPS = 1e-6  # the reference's ridge


class UCEConfig(TextMapConfig):
    """Hyper-parameters of UCE."""

    erase_scale: float = Field(1.0, ge=0, description="e, weight of the concept")
    preserve_scale: float = Field(1.0, ge=0, description="p, weight of each preserved vector")
    lamb: float = Field(0.5, gt=0, description="lambda, weight of staying near the old matrices")


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
    return lamb / mu, *factored(u, z)


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


class UCE(TextMapMethod[UCEConfig]):
    """Unified Concept Editing (arXiv 2308.14761, equation 7) as a linear map of text embeddings; see the module.

    ``tokens: last`` with ``preserve: guide`` is what I-CARE ran: one vector, the hidden state of the last real token of the
    emitter's *name*. ``tokens: tail`` with ``templates`` is the reference for UnlearnCanvas: of texts of the name, every state from its
    last token on. ``tokens: all`` edits, in every *prompt* that the emitter covers, each state that no other prompt shares (the
    text encoder is causal, so equal beginnings give equal states; one state cannot be both erased and preserved), mapped
    position by position to the guide prompt, and so reaches the end and padding states, which carry the concept too.
    """

    about = MethodDescription(
        title="UCE",
        means="unified concept editing, closed form",
        paper="arXiv 2308.14761 (WACV 2024)",
        colour="#0072B2",
        marker="o",
        needs=("words",),
        xl=True,
    )
    contract = Contract(small={"preserve_scale": 0.1, "lamb": 0.1}, direction="guide")
    Config = UCEConfig

    def maps(self, given: Given, part: Sequence[tuple[Emitter, list[Edit]]]) -> list[Found]:
        """As in ``TextMapMethod``; all of them in one solve."""
        config = self.config
        vectors = [given.vectors(emitter, edit) for emitter, edit in part]
        concepts, guides, preserved = (torch.stack(rows) for rows in zip(*(item[:3] for item in vectors), strict=True))
        scale, lefts, rights = solve(concepts, guides, preserved, config.erase_scale, config.preserve_scale, config.lamb)
        return [Found(Map(scale, left, right), own) for left, right, own in zip(lefts, rights, vectors, strict=True)]

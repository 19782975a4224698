"""SPEED: what is erased moves only inside the null space of what is kept; a closed form, stored as one linear map of text embeddings.

Li et al., "SPEED: Scalable, Precise, and Efficient Concept Erasure for Diffusion Models", ICLR 2026, arXiv 2503.07392. For m targets t_i with
anchors a_i and retained embeddings r_j (all in R^d) every value matrix W of cross-attention becomes W (I + X),

    X = (A - T) P (I - M E (E^T P M E + lam I)^-1 E^T P) M,        M = (T P + rho I)^-1,        lam = 0
    T = mean_i t_i t_i^T,   A = mean_i a_i t_i^T,
    P = projector on the directions in which mean_j r_j r_j^T has an eigenvalue below the threshold,
    E = the begin token of the empty prompt and k-means centres of its other states, as columns.

X holds two equalities, not penalties: X r = 0 for what P leaves out, and X E = 0, so neither the retained nor the empty prompt moves. The price is
a *capacity*: a target is erased only as far as it lies in the null space, and where that is used up nothing is erased (``capacity``).

Solved from the left: with K = C P C^T of the targets C (m, d) and S = rho m I + K, C P M = m S^-1 C P =: B. So X is (A - T)'s left side times
rows (m, d), and no matrix larger than m or d is inverted:

    X = (1/m) (G - C)^T [B - B E N^-1 V],     V = E^T P M,     N = V E + lam I.

N may be singular (the begin token is in every retained prompt): there a pseudo-inverse does, since what P takes from E moves nothing.

The released code filters the retained embeddings for every layer and adds noisy copies of them, so that each layer has an X of its own. Without both
(its options ``--disable_filter --aug_num 0``) X is the same for all layers, which is what is done here. It edits keys too (``--params KV``).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import Field
from sklearn.cluster import KMeans
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.methods._text_maps import Edit, Found, Given, Map, TextMapConfig, TextMapMethod, factored
from lethe.diffusion.methods.base import Emitter

SINGULAR = 1e-12  # eigenvalues of N below this share of its largest are zero


class SPEEDConfig(TextMapConfig):
    """Hyper-parameters of SPEED."""

    threshold: float = Field(
        0.1, gt=0, description="directions whose mean square over what is preserved is below it may be changed"
    )
    retain_scale: float = Field(1.0, gt=0, description="rho, weight of staying near the old matrices")
    clusters: int | None = Field(
        3,
        ge=1,
        description="k-means centres of the empty prompt's states that are held beside its begin token; null: every state",
    )


def kept_directions(retained: Tensor, held: int, threshold: float) -> Tensor:
    """Orthonormal directions ``(k, d)``, float64, in which the mean square of ``held`` vectors is at least ``threshold``.

    Args:
        retained: ``(n, d)``, these vectors, or any rows with the same Gram matrix.
    """
    rows = retained.double()
    if len(rows) < rows.shape[1]:  # the smaller of two Gram matrices has the same eigenvalues, but for zeros
        values, vectors = torch.linalg.eigh(rows @ rows.mT / held)
        strong = values >= threshold
        return vectors.mT[strong] @ rows / (values[strong] * held).sqrt()[:, None]
    values, vectors = torch.linalg.eigh(rows.mT @ rows / held)
    return vectors.mT[values >= threshold]


def edit(
    concepts: Tensor, guides: Tensor, kept: Tensor, empty: Tensor, retain_scale: float, lamb: float = 0.0
) -> tuple[Tensor, Tensor]:
    """X as two factors ``(m, d)``: X = left^T right.

    Args:
        concepts: ``(m, d)``; rows of zeros are padding and change nothing.
        guides: ``(m, d)``, the anchor of each.
        kept: ``(k, d)``, orthonormal: P is the projector on everything else.
        empty: ``(q, d)``, vectors of the empty prompt that must not move, the rows of E^T.
        retain_scale: rho. lamb: lam.
    """
    c, e = concepts.double(), empty.double()
    count, difference = max(1, int(c.any(dim=1).sum())), guides.double() - c
    if len(c) > c.shape[1]:  # more targets than dimensions: as many rows as dimensions have the same T and A
        q, c = torch.linalg.qr(c)
        difference = q.mT @ difference
    if len(kept) == c.shape[1]:  # nothing is left that may be changed
        return difference, torch.zeros_like(difference)
    pc, pe = (x - (x @ kept.mT) @ kept for x in (c, e))
    s = torch.linalg.cholesky(pc @ pc.mT + retain_scale * count * torch.eye(len(c), dtype=c.dtype))
    solved = torch.cholesky_solve(pc, s)
    b, v = count * solved, (pe - pe @ c.mT @ solved) / retain_scale
    n = v @ e.mT + lamb * torch.eye(len(e), dtype=c.dtype)
    inverse = torch.linalg.pinv((n + n.mT) / 2, rtol=SINGULAR, hermitian=True)
    return difference / count, b - (b @ e.mT) @ inverse @ v


def residual(concepts: Tensor, guides: Tensor, left: Tensor, right: Tensor) -> float:
    """How much of the way to the guides is left under I + left^T right, ||(I + X) c - g|| / ||c - g|| over all rows; 1: nothing was erased."""
    c, g = concepts.double(), guides.double()
    return float((c + c @ right.mT @ left - g).norm() / (c - g).norm().clamp(min=1e-300))


def capacity(concepts: Tensor, guides: Tensor, retained: Tensor, empty: Tensor, retain_scale: float = 1.0) -> Tensor:
    """The residual of erasure against the rank of the null space: ``(d + 1,)``, entry r with P of rank r.

    P is the projector on the r directions in which ``retained`` ``(n, d)`` is weakest, whatever it holds of them; other arguments as in ``edit``.
    So the curve tells how many more prompts could be kept before nothing can be erased.
    """
    _, vectors = torch.linalg.eigh(retained.double().mT @ retained.double())  # weakest first
    found = [edit(concepts, guides, vectors.mT[rank:], empty, retain_scale) for rank in range(vectors.shape[1] + 1)]
    return torch.tensor([residual(concepts, guides, left, right) for left, right in found], dtype=torch.float64)


def centres(states: Tensor, clusters: int | None) -> Tensor:
    """What is held of the empty prompt: of its states ``(tokens, d)`` the first and k-means centres of the others, or all of them."""
    states = states.double()
    if clusters is None or clusters >= len(states) - 1:
        return states
    found = KMeans(clusters, n_init=10, random_state=0).fit(states[1:].numpy())
    return torch.cat([states[:1], torch.from_numpy(found.cluster_centers_)])


class SPEED(TextMapMethod[SPEEDConfig]):
    """Erasure in the null space of what is kept (arXiv 2503.07392) as a linear map of text embeddings; see the module.

    ``tokens: last`` is the released code: of each text the last token of its name. ``all`` as in UCE: every state that is the emitter's own.
    """

    about = MethodDescription(
        title="SPEED",
        means="edits in the null space of what is kept",
        paper="arXiv 2503.07392 (ICLR 2026)",
        colour="#117733",
        marker="o",
        needs=("words",),
    )
    contract = Contract(small={"threshold": 1e-3, "retain_scale": 0.01}, direction="guide")
    Config = SPEEDConfig

    def read_besides(self) -> list[str]:
        """The empty prompt, which must not move."""
        return [""]

    def maps(self, given: Given, part: Sequence[tuple[Emitter, list[Edit]]]) -> list[Found]:
        """As in ``TextMapMethod``, one after the other: each is a few products of matrices with few rows."""
        empty = centres(given.prompts[""].states, self.config.clusters)
        found = []
        for emitter, edits in part:
            own = given.vectors(emitter, edits)
            kept = kept_directions(own.preserved, own.held, self.config.threshold)
            left, right = edit(own.concepts, own.guides, kept, empty, self.config.retain_scale)
            told = {"null_space_rank": kept.shape[1] - len(kept), "residual": residual(own.concepts, own.guides, left, right)}
            found.append(Found(Map(1.0, *factored(left.mT, right.mT)), own, told))
        return found

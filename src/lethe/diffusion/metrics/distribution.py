"""How far two sets of images are apart, from their embeddings: FID, KID, CMMD, improved precision and recall. Loads no torch.

The reference set is what the base drew, the other what the unlearned model drew. All of them depend on how many images there
are; FID most, which two samples of few images from one source hold far apart (Binkowski et al. 2018, section 4): compare
values of equal numbers of images only, and with what two halves of the base's own images give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lethe.diffusion.metrics.base import Arrow

if TYPE_CHECKING:
    from lethe.diffusion.metrics.embeddings import Embeddings

Vectors = NDArray[np.float64]
NEIGHBOURS = 3  # Kynkaanniemi et al. 2019, section 3
BANDWIDTH = 10.0  # sigma of CMMD's kernel (Jayasumana et al. 2024, section 4)


def fid(reference: Vectors, generated: Vectors) -> float:
    """Frechet distance of the Gaussians with the moments of two sets (Heusel et al. 2017, eq. 6); 0 for equal sets.

    |m - m'|^2 + Tr(S + S' - 2 (S S')^(1/2)), S the covariances with n - 1 in the denominator. With S = A^T A and S' = B^T B
    the trace of the root is the sum of the singular values of A B^T: no root of a matrix, which has none to speak of where
    there are fewer images than dimensions.

    Args:
        reference, generated: (n, d) and (m, d), n and m at least 2.

    Examples:
        >>> reference = np.random.default_rng(0).normal(size=(50, 4))
        >>> fid(reference, reference), round(fid(reference, reference + 3), 6)
        (0.0, 36.0)
    """
    _check(reference, generated, least=2)
    if np.array_equal(reference, generated):
        return 0.0  # rounding leaves 1e-13
    shift = reference.mean(axis=0) - generated.mean(axis=0)
    a, b = _root(reference), _root(generated)
    root = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return max(0.0, float(shift @ shift + np.square(a).sum() + np.square(b).sum() - 2 * root))


def kid(reference: Vectors, generated: Vectors) -> float:
    """Unbiased squared MMD with k(x, y) = (x.y / d + 1)^3 (Binkowski et al. 2018, eq. 4), over all images at once.

    Its mean over pairs of sets from one source is 0, single values lie around it. Of a set and itself it is *not* 0 but below:
    k(x, x) counts between the sets and not within them.

    Args:
        reference, generated: (n, d) and (m, d), n and m at least 2.

    Examples:
        >>> reference, other = np.random.default_rng(0).normal(size=(2, 200, 4))
        >>> round(kid(reference, other), 2), round(kid(reference, other + 1), 2)
        (0.0, 9.91)
    """
    _check(reference, generated, least=2)
    between = _cubic(reference, generated).mean()
    return float(_mean_of_others(_cubic(reference, reference)) + _mean_of_others(_cubic(generated, generated)) - 2 * between)


def cmmd(reference: Vectors, generated: Vectors) -> float:
    """1000 times the biased squared MMD with k(x, y) = exp(-|x - y|^2 / (2 * 10^2)) (Jayasumana et al. 2024, eq. 3); 0 for equal sets.

    Args:
        reference, generated: (n, d) and (m, d) image embeddings of CLIP; they are scaled to length 1 here.

    Raises:
        ValueError: for an embedding of length 0.

    Examples:
        >>> reference = np.random.default_rng(0).normal(size=(50, 4))
        >>> cmmd(reference, reference), round(cmmd(reference, reference + 1), 2)
        (0.0, 4.8)
    """
    _check(reference, generated, least=1)
    x, y = (vectors / _lengths(vectors) for vectors in (reference, generated))
    return float(1000 * (2 * _distance_in_kernel(x, y) - _distance_in_kernel(x, x) - _distance_in_kernel(y, y)))


def precision_recall(reference: Vectors, generated: Vectors, neighbours: int = NEIGHBOURS) -> tuple[float, float]:
    """Improved precision and recall (Kynkaanniemi et al. 2019, eq. 1 and 2); (1, 1) for equal sets.

    Precision is the share of generated images within the manifold of the reference, recall the share of the reference within that
    of the generated images. A manifold is the union of balls around its images that reach to their k-th nearest neighbour.

    Args:
        reference, generated: (n, d) and (m, d), n and m above ``neighbours``.
        neighbours: k.

    Examples:
        >>> reference = np.random.default_rng(0).normal(size=(50, 2))
        >>> precision_recall(reference, reference), precision_recall(reference, reference / 10)
        ((1.0, 1.0), (1.0, 0.02))
    """
    from scipy.spatial.distance import cdist

    _check(reference, generated, least=neighbours + 1)
    reach, reach_generated = (np.sort(cdist(x, x), axis=1)[:, neighbours] for x in (reference, generated))  # 0: itself
    distance = cdist(reference, generated)
    precision = (distance <= reach[:, None]).any(axis=0).mean()
    return float(precision), float((distance <= reach_generated).any(axis=1).mean())


@dataclass(frozen=True)
class SetMetric:
    """A way to compare two sets of images.

    Attributes:
        columns: names of its values -> healthy direction; the last part of a name is the model whose embeddings are compared.
        stored: field of ``Embeddings`` that it reads.
        least: images that each set must have.
        compute: (reference, generated) -> a value per column.
    """

    columns: Mapping[str, Arrow]
    stored: str
    least: int
    compute: Callable[[Vectors, Vectors], tuple[float, ...]]


SET_METRICS: dict[str, SetMetric] = {
    "fid": SetMetric({"fid_dino": "↓"}, "embedding", 2, lambda x, y: (fid(x, y),)),
    "kid": SetMetric({"kid_dino": "↓"}, "embedding", 2, lambda x, y: (kid(x, y),)),
    "precision_recall": SetMetric({"precision_dino": "↑", "recall_dino": "↑"}, "embedding", NEIGHBOURS + 1, precision_recall),
    "cmmd": SetMetric({"cmmd_clip": "↓"}, "clip", 1, lambda x, y: (cmmd(x, y),)),
}
"""Names of ``scoring.distribution``."""


def vectors_of(embeddings: Embeddings, metric: str, what: str = "embeddings") -> Vectors:
    """(n, d) float64 embeddings that ``metric`` reads; a ``ValueError`` names ``what`` lacks them or holds no numbers.

    Examples:
        >>> from lethe.diffusion.metrics.embeddings import Embeddings
        >>> embeddings = Embeddings(np.arange(2), np.zeros(2, int), np.ones((2, 3), np.float32))
        >>> vectors_of(embeddings, "fid").shape
        (2, 3)
    """
    stored = SET_METRICS[metric].stored
    vectors = getattr(embeddings, stored)
    if vectors is None:
        raise ValueError(f"{what}: no '{stored}', which '{metric}' of scoring.distribution reads; score again")
    if not np.isfinite(vectors).all():
        raise ValueError(f"{what}: '{stored}' holds values that are not finite")
    return np.asarray(vectors, dtype=np.float64)


def _check(reference: Vectors, generated: Vectors, least: int) -> None:
    if reference.ndim != 2 or generated.ndim != 2 or reference.shape[1] != generated.shape[1]:
        raise ValueError(f"embeddings of shape (n, d) and (m, d) are needed, not {reference.shape} and {generated.shape}")
    if min(len(reference), len(generated)) < least:
        raise ValueError(f"sets of {len(reference)} and {len(generated)} images; at least {least} each are needed")


def _root(vectors: Vectors) -> Vectors:
    """A with A^T A the covariance; never more than d rows."""
    centred = (vectors - vectors.mean(axis=0)) / np.sqrt(len(vectors) - 1)
    return centred if len(centred) <= centred.shape[1] else np.asarray(np.linalg.qr(centred, mode="r"))


def _cubic(x: Vectors, y: Vectors) -> Vectors:
    return np.asarray((x @ y.T / x.shape[1] + 1) ** 3)


def _mean_of_others(kernel: Vectors) -> float:
    n = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (n * (n - 1)))


def _lengths(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not lengths.all():
        raise ValueError(f"embedding {int(np.argmin(lengths))} has length 0, so it has no direction")
    return np.asarray(lengths)


def _distance_in_kernel(x: Vectors, y: Vectors) -> float:
    """Mean of 1 - k(x, y). Kernels of unit vectors lie within 0.02 of 1, so their difference is taken before rounding can eat it."""
    from scipy.spatial.distance import cdist

    return float(-np.expm1(-cdist(x, y, "sqeuclidean") / (2 * BANDWIDTH**2)).mean())

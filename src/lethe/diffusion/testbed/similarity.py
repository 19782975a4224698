"""How alike two entities are before anything is unlearned: (N, N) matrices, higher = more similar, and their JSON form.

Every function here is plain numpy; ``lethe.diffusion.activations`` records the activations that ``act`` compares.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lethe.diffusion.testbed.schema import MetadataError, check_known, column_kind

Matrix = NDArray[np.float64]

# Written by us but not by the published notebook, so the published jacc never counted them.
_NOT_PUBLISHED = frozenset({"index", "is_unlearned"})


def cosine(vectors: ArrayLike) -> Matrix:
    """Cosine of every two rows of ``(N, d)``: ``(N, N)`` in [-1, 1], exactly symmetric, diagonal exactly 1.

    A row that is zero or not finite has no direction: a ``ValueError`` that names it.

    Examples:
        >>> cosine([[1, 0], [1, 1], [0, 2]]).round(3)
        array([[1.   , 0.707, 0.   ],
               [0.707, 1.   , 0.707],
               [0.   , 0.707, 1.   ]])
    """
    rows = np.asarray(vectors, dtype=np.float64)
    if rows.ndim != 2 or not rows.size:
        raise ValueError(f"vectors have shape {rows.shape}; allowed: (N, d) with N, d > 0")
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    if (bad := np.flatnonzero(~np.isfinite(norm) | (norm == 0))).size:
        raise ValueError(f"vector {bad[0]} has norm {norm[bad[0], 0]}; allowed: finite and above 0")
    unit = rows / norm
    matrix = np.clip(unit @ unit.T, -1.0, 1.0)
    matrix = (matrix + matrix.T) / 2
    np.fill_diagonal(matrix, 1.0)
    return matrix


def clip_similarity(text_embeddings: ArrayLike) -> Matrix:
    """100 x cosine of CLIP text embeddings, at least 0.

    Args:
        text_embeddings: ``(N, d)``, one row per entity, of ``names.prompt_name`` (published:
            ``names.published_preprocessed``). Each text is encoded once, not N times.

    Returns:
        ``(N, N)`` in [0, 100], diagonal 100. Source: CLIPScore (Hessel et al., 2021) between two texts, as in torchmetrics.

    Examples:
        >>> clip_similarity([[1, 0], [1, 1], [-1, 0]]).round(1)
        array([[100. ,  70.7,   0. ],
               [ 70.7, 100. ,   0. ],
               [  0. ,   0. , 100. ]])
    """
    return np.asarray(np.maximum(100.0 * cosine(text_embeddings), 0.0))


def attr_similarity(records: Sequence[Mapping[str, Any]], attributes: Sequence[str]) -> Matrix:
    """Gower's similarity over an explicit list of attributes.

    A number scores ``1 - |a - b| / range`` with the range over the records (1 where all agree); text and bool score 1 if
    equal, else 0. An attribute that either entity lacks is skipped for that pair.

    Args:
        records: metadata, one record per entity in index order.
        attributes: columns to compare; ids and descriptions do not belong here.

    Returns:
        ``(N, N)`` in [0, 1], diagonal 1; NaN for a pair (or an entity) without any shared value.

    Raises:
        UnknownNameError: for an attribute that no record has.
        MetadataError: for an empty list or a column of mixed types.

    Source: Gower, A general coefficient of similarity (Biometrics, 1971), equal weights.

    Examples:
        >>> records = [{"legs": 4, "pet": True}, {"legs": 4, "pet": False}, {"legs": 2, "pet": False}]
        >>> attr_similarity(records, ["legs", "pet"])
        array([[1. , 0.5, 0. ],
               [0.5, 1. , 0.5],
               [0. , 0.5, 1. ]])
    """
    if not attributes or not records:
        raise MetadataError(f"{len(attributes)} attributes of {len(records)} records; allowed: at least one of each")
    n = len(records)
    score, counted = np.zeros((n, n)), np.zeros((n, n))
    for name in attributes:
        check_known("attribute", name, records[0])
        kind = column_kind(records, name)
        if kind == "empty":
            continue
        present = np.array([r.get(name) is not None for r in records])
        if kind == "number":
            values = np.array([math.nan if r.get(name) is None else r[name] for r in records], dtype=np.float64)
            span = np.nanmax(values) - np.nanmin(values)
            alike = 1.0 - np.abs(values[:, None] - values[None, :]) / (span if span > 0 else 1.0)
        else:
            alike = np.array([[float(a.get(name) == b.get(name)) for b in records] for a in records])
        both = present[:, None] & present[None, :]
        score += np.where(both, alike, 0.0)
        counted += both
    return np.divide(score, counted, out=np.full((n, n), math.nan), where=counted > 0)


def distinct_values(matrix: Matrix) -> int:
    """How many different values ``(N, N)`` similarities have off the diagonal; what rounding alone tells apart is one value.

    Examples:
        >>> distinct_values(np.array([[1, 0.5, 0.2], [0.5, 1, 0.5], [0.2, 0.5, 1]]))
        2
    """
    values = matrix[~np.eye(len(matrix), dtype=bool)]
    return len(np.unique(np.round(values[np.isfinite(values)], 9)))


def jacc_published(records: Sequence[Mapping[str, Any]]) -> Matrix:
    """The published attribute similarity, kept for comparison only; use ``attr_similarity``.

    The mean over *all* shared metadata keys, ids and descriptions included, so that pairs are biased down. Skipped: a missing
    value, values of two Python types (an int beside a float too), and numbers outside the two windows. Text and bool: 1 if
    equal. Numbers both in [0, 1]: ``1 - |d|``; both in (1, 100]: ``1 - |d| / 100``.

    Returns:
        ``(N, N)`` in [0, 1]; NaN where nothing counts. ``index`` and ``is_unlearned`` were not in the published files and are
        left out. Source: Vision Unlearning 1.0.0, ``result_templates.py``.

    Examples:
        >>> jacc_published([{"name": "cat", "size": 0.2}, {"name": "dog", "size": 0.6}])
        array([[1. , 0.3],
               [0.3, 1. ]])
    """
    n = len(records)
    matrix = np.full((n, n), math.nan)
    for i, first in enumerate(records):
        for j, second in enumerate(records[: i + 1]):
            keys = [key for key in first if key in second and key not in _NOT_PUBLISHED]
            scores = [s for key in keys if (s := _jacc_score(first[key], second[key])) is not None]
            if scores:
                matrix[i, j] = matrix[j, i] = math.fsum(scores) / len(scores)
    return matrix


def _jacc_score(first: Any, second: Any) -> float | None:
    if first is None or type(first) is not type(second):
        return None
    if isinstance(first, str | bool):
        return float(first == second)
    if math.isnan(first) or math.isnan(second):
        return None
    low, high = min(first, second), max(first, second)
    if low >= 0 and high <= 1:
        return float(1 - (high - low))
    if low > 1 and high <= 100:
        return float(1 - (high - low) / 100)
    return None


def dino_similarity(embeddings: ArrayLike, receivers: ArrayLike, n_entities: int) -> Matrix:
    """Cosine of the mean backbone embedding of each entity's baseline images.

    Args:
        embeddings: ``(n, d)``, one row per baseline image (``scores/{task}_baseline_embeddings.npz``).
        receivers: ``(n)``, the entity index of each row; any order, any number of seeds.
        n_entities: N; each of 0..N-1 must have an image.

    Returns:
        ``(N, N)`` in [-1, 1], diagonal 1. The plain mean over seeds comes first, then the normalisation, as published.

    Examples:
        >>> dino_similarity([[1, 0], [3, 0], [0, 1]], receivers=[0, 0, 1], n_entities=2)
        array([[1., 0.],
               [0., 1.]])
    """
    rows, index = np.asarray(embeddings, dtype=np.float64), np.asarray(receivers)
    if rows.ndim != 2 or index.shape != rows.shape[:1]:
        raise ValueError(f"embeddings {rows.shape} and receivers {index.shape}; allowed: (n, d) and (n,)")
    missing = sorted(set(range(n_entities)) - set(index.tolist()))
    strange = sorted(set(index.tolist()) - set(range(n_entities)))
    if missing or strange:
        raise ValueError(f"receivers without image: {missing[:5]}, beyond 0..{n_entities - 1}: {strange[:5]}; allowed: none")
    return cosine(np.stack([rows[index == receiver].mean(axis=0) for receiver in range(n_entities)]))


def act_similarity(fingerprints: ArrayLike) -> Matrix:
    """Cosine of cross-attention fingerprints, centred over entities.

    Args:
        fingerprints: ``(N, d)`` of ``activations.act_fingerprints``, N >= 2.

    Returns:
        ``(N, N)`` in [-1, 1], diagonal 1. The mean over entities is taken away first: what every prompt shares would
        otherwise press all values into about 0.85 to 1. The off-diagonal mean is then about
        ``-1 / (N - 1)``, so 0 means "as alike as two average entities".

    Examples:
        >>> act_similarity([[5, 1], [5, 2], [5, 6]]).round(2)
        array([[ 1.,  1., -1.],
               [ 1.,  1., -1.],
               [-1., -1.,  1.]])
    """
    rows = np.asarray(fingerprints, dtype=np.float64)
    return cosine(rows - rows.mean(axis=0, keepdims=True))


def act_published(fingerprints: ArrayLike) -> Matrix:
    """The published form: plain cosine of fingerprints that mix the unconditional and the conditional half, not centred.

    Examples:
        >>> act_published([[5, 1], [5, 2], [5, 6]]).round(2)
        array([[1.  , 0.98, 0.78],
               [0.98, 1.  , 0.88],
               [0.78, 0.88, 1.  ]])
    """
    return cosine(fingerprints)


def true_similarity(names: Sequence[str], distances: Mapping[str, Mapping[str, float | None]]) -> Matrix:
    """``1 - distance`` where the source knows it (``sources/{task}_true_distance.json``, distances in [0, 1]).

    Returns:
        ``(N, N)`` in the order of ``names``, in [0, 1]; NaN where the distance is ``null`` (real data).

    Examples:
        >>> true_similarity(["cat", "dog"], {"cat": {"cat": 0, "dog": 0.25}, "dog": {"cat": 0.25, "dog": 0}})
        array([[1.  , 0.75],
               [0.75, 1.  ]])
    """
    matrix = np.empty((len(names), len(names)))
    for i, first in enumerate(names):
        check_known("entity of the true distances", first, distances)
        for j, second in enumerate(names):
            check_known(f"entity of the true distances from '{first}'", second, distances[first])
            distance = distances[first][second]
            if distance is not None and not 0 <= distance <= 1:
                raise ValueError(f"distance of '{first}' and '{second}' is {distance}; allowed: 0 to 1 or null")
            matrix[i, j] = math.nan if distance is None else 1 - distance
    return matrix


def to_records(names: Sequence[str], matrix: ArrayLike) -> list[dict[str, Any]]:
    """The published JSON form: per emitter ``{"emitter": name, receiver: float, ...}``; NaN becomes ``None``.

    Examples:
        >>> to_records(["cat", "dog"], [[1, 0.75], [0.75, 1]])
        [{'emitter': 'cat', 'cat': 1.0, 'dog': 0.75}, {'emitter': 'dog', 'cat': 0.75, 'dog': 1.0}]
    """
    values = np.asarray(matrix, dtype=np.float64)
    if values.shape != (len(names), len(names)) or len(set(names)) != len(names) or "emitter" in names:
        raise ValueError(f"matrix {values.shape} for {len(names)} names; allowed: (N, N), names unique, none 'emitter'")
    return [
        {"emitter": name, **{r: None if math.isnan(v) else v for r, v in zip(names, row, strict=True)}}
        for name, row in zip(names, values.tolist(), strict=True)
    ]


def from_records(records: Sequence[Mapping[str, Any]]) -> tuple[list[str], Matrix]:
    """Names and ``(N, N)`` matrix of the published JSON form; the order is that of the emitters. ``None`` becomes NaN.

    Examples:
        >>> from_records([{"emitter": "cat", "cat": 1, "dog": 0.75}, {"emitter": "dog", "cat": 0.75, "dog": 1}])
        (['cat', 'dog'], array([[1.  , 0.75],
               [0.75, 1.  ]]))
    """
    names = [str(record["emitter"]) for record in records]
    matrix = np.empty((len(names), len(names)))
    for i, record in enumerate(records):
        for j, receiver in enumerate(names):
            check_known(f"receiver of emitter '{names[i]}'", receiver, record)
            matrix[i, j] = math.nan if record[receiver] is None else float(record[receiver])
    return names, matrix

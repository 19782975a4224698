"""Interference per entity: the 51 published columns per method, and the columns that leave the entity itself out.

Published definitions (Vision Unlearning 1.0.0, ``pipeline_07``), from the (N, N) matrix M[emitter, receiver] of a quantity. For entity
k the emitter side is row k (what unlearning k does), the receiver side column k (what k suffers); only existing
emitters count.

- ``{side}_worst_interfered_{q}``: maximum where ``↓`` is healthy, else minimum; *includes* k itself;
- ``{side}_number_of_interfered_worse_than_target_{q}``: others strictly worse than M[k, k];
- ``{side}_average_{q}``: mean, *includes* k itself;
- ``{side}_number_of_interfered_worse_than_zero_clip_diff``: how many have clip_diff < 0, includes k;
- ``emitter_minus_receiver_*``: emitter side minus receiver side of each of the above;
- ``embedding_specificity_ratio``, ``forget_clip_diff`` = M[k, k], ``retain_average_clip_diff`` = mean of the rest of
  row k.

Because a successful unlearning is itself the largest damage in its row, the published worst and average of an emitter
mostly measure forgetting. The published names keep the published definitions; what leaves k out has its own names,
``{side}_others_worst_interfered_{q}`` and ``{side}_others_average_{q}``, so a column never mixes the two.

``fidelity``: ``corrected`` (default) computes ``rmse`` and ``ssim`` at data range 255 and appends the others columns;
``published`` computes the 51 alone, with ``rmse`` and ``ssim`` at data range 4095. The arrows in the 51 names are those
of the publication in both, also the two of ``emitter_minus_receiver_worst_*`` that contradict their metric (clip,
ssim); read the healthy direction from ``Statistic.direction``, never from a name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lethe.benchmarks.icare.matrices import Matrix, by_method, pair_weights
from lethe.benchmarks.icare.pairs import PUBLISHED_KEYS, Fidelity
from lethe.diffusion.metrics.base import Arrow
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.metrics.specs import spec_of
from lethe.statistics.strata import weighted_mean

if TYPE_CHECKING:
    import pandas as pd

QUANTITIES = ("brisque_diff", "clip_diff", "rmse", "ssim", "dino_diff")
OTHERS_QUANTITIES = (*QUANTITIES, "judge_diff", "nudenet_diff")
WORST, WORSE_THAN_TARGET, AVERAGE = "worst_interfered", "number_of_interfered_worse_than_target", "average"
WORSE_THAN_ZERO = "number_of_interfered_worse_than_zero_clip_diff"
Side = Literal["emitter", "receiver", "emitter_minus_receiver"]
SIDES: tuple[Side, ...] = ("emitter", "receiver", "emitter_minus_receiver")
MISPRINTED = {"emitter_minus_receiver_worst_interfered_clip_diff", "emitter_minus_receiver_worst_interfered_ssim"}


@dataclass(frozen=True)
class Statistic:
    """One column per method.

    Attributes:
        slug: name without method and arrow, e.g. ``emitter_average_clip_diff``.
        arrow: as printed in the column name.
        direction: healthy direction, or None where the sign has no quality (a difference of two sides).
        published: whether it is one of the 51.
    """

    slug: str
    arrow: Arrow
    direction: Arrow | None
    published: bool

    def column(self, method: str, epochs: int) -> str:
        """E.g. ``metric_uce_0_emitter_average_clip_diff (↑)``; epochs are not padded."""
        return f"metric_{method}_{epochs}_{self.slug} ({self.arrow})"

    @property
    def title(self) -> str:
        """Human name, e.g. ``Emitter average clip diff``."""
        return self.slug.replace("_", " ").capitalize()


def _published_statistics() -> list[Statistic]:
    result = []
    for side in SIDES:
        difference = side == "emitter_minus_receiver"

        def add(slug: str, arrow: Arrow, side: Side = side, difference: bool = difference) -> None:
            slug = f"{side}_{slug}"
            result.append(Statistic(slug, "↓" if slug in MISPRINTED else arrow, None if difference else arrow, True))

        for quantity in QUANTITIES:
            arrow = spec_of(quantity).arrow
            add(f"{WORST}_{quantity}", arrow)
            add(f"{WORSE_THAN_TARGET}_{quantity}", "↓")
            add(f"{AVERAGE}_{quantity}", arrow)
        add(WORSE_THAN_ZERO, "↓")
    result.append(Statistic("embedding_specificity_ratio", "↑", "↑", True))
    # Of the emitter's own image a low score is what unlearning wants.
    result.append(Statistic("forget_clip_diff", "↓", "↓", True))
    result.append(Statistic("retain_average_clip_diff", "↑", "↑", True))
    return result


def _others_statistics() -> list[Statistic]:
    return [
        Statistic(f"{side}_others_{kind}_{quantity}", spec_of(quantity).arrow, spec_of(quantity).arrow, False)
        for side in ("emitter", "receiver")
        for quantity in OTHERS_QUANTITIES
        for kind in (WORST, AVERAGE)
    ]


PUBLISHED_STATISTICS: tuple[Statistic, ...] = tuple(_published_statistics())
OTHERS_STATISTICS: tuple[Statistic, ...] = tuple(_others_statistics())
STATISTICS: dict[str, Statistic] = {statistic.slug: statistic for statistic in (*PUBLISHED_STATISTICS, *OTHERS_STATISTICS)}
"""Slug -> statistic; the one registry of columns and their directions."""


def entity_statistics(
    quantities: Mapping[str, Matrix],
    specificity: np.ndarray | None = None,
    fidelity: Fidelity = "corrected",
    weights: Matrix | None = None,
) -> dict[str, np.ndarray]:
    """Slug -> (N,) values of one method.

    Args:
        quantities: quantity -> (N, N) [emitter, receiver]; a row is all NaN where the emitter was not unlearned. All
            five of ``QUANTITIES`` are needed (``published``: ``rmse_published`` and ``ssim_published`` instead).
        specificity: (N,) ``embedding_specificity_ratio``; NaN or None where embeddings are missing.
        fidelity: see the module.
        weights: (N, N) of ``pair_weights`` where models were asked for some receivers: means are weighted, and the worst and
            counts, which no sample tells, are NaN.

    Returns:
        51 entries (``published``), or these and the others columns of the quantities that are there. NaN where
        undefined: the emitter side of an entity that was not unlearned, counts against a missing own value. A NaN pair
            is left out.
    """
    source = PUBLISHED_KEYS if fidelity == "published" else {name: name for name in QUANTITIES}
    missing = [name for name in source.values() if name not in quantities]
    if missing:
        raise ValueError(f"entity statistics need {', '.join(missing)}; there are {', '.join(quantities)}")
    n = len(next(iter(quantities.values())))
    own: dict[str, np.ndarray] = {}
    for name in QUANTITIES:
        matrix, sign = quantities[source[name]], spec_of(name).damage_sign
        for side, view in (("emitter", matrix), ("receiver", matrix.T)):
            own[f"{side}_{WORST}_{name}"] = _worst(view, sign)
            own[f"{side}_{WORSE_THAN_TARGET}_{name}"] = _worse_than_target(view, sign)
            own[f"{side}_{AVERAGE}_{name}"] = _mean(view, _of_side(weights, side))
            if name == "clip_diff":
                own[f"{side}_{WORSE_THAN_ZERO}"] = _count(
                    np.less(view, 0.0), np.logical_not(np.asarray(np.isnan(view).all(axis=1)))
                )
    for slug in [slug.removeprefix("emitter_") for slug in own if slug.startswith("emitter_")]:
        own[f"emitter_minus_receiver_{slug}"] = own[f"emitter_{slug}"] - own[f"receiver_{slug}"]
    clip = quantities["clip_diff"]
    own["embedding_specificity_ratio"] = np.full(n, np.nan) if specificity is None else np.asarray(specificity, dtype=float)
    own["forget_clip_diff"] = np.diagonal(clip).copy()
    own["retain_average_clip_diff"] = _mean(_without_self(clip), weights)
    result = {statistic.slug: own[statistic.slug] for statistic in PUBLISHED_STATISTICS}
    if fidelity == "corrected":
        for name in OTHERS_QUANTITIES:
            if name not in quantities:
                continue
            others, sign = _without_self(quantities[name]), spec_of(name).damage_sign
            for side, view in (("emitter", others), ("receiver", others.T)):
                result[f"{side}_others_{WORST}_{name}"] = _worst(view, sign)
                result[f"{side}_others_{AVERAGE}_{name}"] = _mean(view, _of_side(weights, side))
    if weights is not None:  # the worst of some is not the worst of all, nor is their number
        untold = [slug for slug in result if WORST in slug or "number_of" in slug]
        result |= {slug: np.full(n, np.nan) for slug in untold}
    return result


def specificity_ratio(on: Embeddings, off_mean: Matrix, emitter: int, weights: np.ndarray | None = None) -> float:
    """``embedding_specificity_ratio`` of one emitter: d_self / d_others, d(x) = 1 - cos(mean on, mean off embedding of
    x).

    Args:
        on: embeddings of all on images of the emitter's model.
        off_mean: (N, d) ``mean_per_receiver`` of the baseline's embeddings.
        emitter: index of the emitter.
        weights: (N,) of its receivers, where it was asked for some of them.

    Returns:
        Large where unlearning moves its target and nothing else; NaN where nothing moves at all (0 / 0) or the emitter
        has no images.
    """
    on_mean = on.mean_per_receiver(len(off_mean))
    norms = np.linalg.norm(on_mean, axis=1) * np.linalg.norm(off_mean, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = 1 - np.einsum("nd,nd->n", on_mean, off_mean) / norms
    # Rounding leaves +-1e-16 for an unmoved entity; a ratio of two such numbers would be noise.
    distance[(on_mean == off_mean).all(axis=1)] = 0.0
    others = np.delete(distance, emitter)
    there = ~np.isnan(others)
    if not there.any():
        return float("nan")
    mean = others[there].mean() if weights is None else weighted_mean(others, np.delete(weights, emitter))
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(distance[emitter] / mean)


def entity_records(
    metadata: Sequence[Mapping[str, Any]],
    pairs: pd.DataFrame,
    specificity: Mapping[tuple[str, int], np.ndarray] | None = None,
    fidelity: Fidelity = "corrected",
) -> list[dict[str, Any]]:
    """The content of ``interference_per_entity_{task}.json``: metadata and, per method, the columns of the module.

    Args:
        metadata: records of the filtered metadata, in index order.
        pairs: tidy pairs of the task, all methods.
        specificity: (method, epochs) -> (N,) ratios.
        fidelity: see the module.

    Returns:
        One dict per entity; NaN and infinities become None (JSON null), counts are integers.
    """
    for position, record in enumerate(metadata):
        if record.get("index", position) != position:
            raise ValueError(
                f"metadata record {position} ('{record.get('name')}') has index {record['index']}; index order is needed"
            )
    result: list[dict[str, Any]] = [dict(record) for record in metadata]
    for method, epochs, quantities in by_method(pairs, len(metadata)):
        ratios = (specificity or {}).get((method, epochs))
        of_pairs = pair_weights(pairs[(pairs["method"] == method) & (pairs["epochs"] == epochs)], len(metadata))
        for slug, values in entity_statistics(quantities, ratios, fidelity, of_pairs).items():
            column, whole = STATISTICS[slug].column(method, epochs), "number_of" in slug
            for record, value in zip(result, values.tolist(), strict=True):
                record[column] = None if not np.isfinite(value) else int(value) if whole else value
    return result


def join_records(parts: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Records of ``entity_records`` of several methods as one: the metadata once, then the columns of every part in order."""
    return [{key: value for part in same for key, value in part.items()} for same in zip(*parts, strict=True)]


def _without_self(matrix: Matrix) -> Matrix:
    result = matrix.copy()
    np.fill_diagonal(result, np.nan)
    return result


def _of_side(weights: Matrix | None, side: str) -> Matrix | None:
    """Weights of pairs as rows of a side."""
    return weights.T if weights is not None and side == "receiver" else weights


def _mean(view: Matrix, weights: Matrix | None = None) -> np.ndarray:
    valid = ~np.isnan(view)
    counted = valid if weights is None else np.where(valid, weights, 0.0)
    with np.errstate(invalid="ignore"):
        return (counted * np.where(valid, view, 0.0)).sum(axis=1) / counted.sum(axis=1)


def _worst(view: Matrix, sign: int) -> np.ndarray:
    filled = np.where(np.isnan(view), -np.inf, sign * view).max(axis=1)
    return np.where(np.isinf(filled) & (filled < 0), np.nan, sign * filled)


def _worse_than_target(view: Matrix, sign: int) -> np.ndarray:
    target = np.diagonal(view)[:, None]
    return _count(sign * view > sign * target, ~np.isnan(target[:, 0]))


def _count(condition: np.ndarray, defined: np.ndarray) -> np.ndarray:
    return np.where(defined, condition.sum(axis=1).astype(float), np.nan)

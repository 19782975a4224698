"""U-LiRA: a likelihood-ratio attack per sample, over many models that forgot it and many that never saw it.

For a sample, the confidences of models that forgot it and of models that never saw it are modelled as two normal distributions (Carlini
et al. 2022, arXiv 2112.03570; for unlearning Hayes et al. 2024, arXiv 2403.01218). An attacker decides for the likelier one. Exact
unlearning makes both the same, so that the attack is right half of the time. Intervals are over splits and samples, both of which were
drawn (docs/ulira.md).

Three variants:

- ``logit_leave_one_split_out`` (default): of the logit of the true class' probability. When a model is attacked, neither it nor any other
  model of its split is in the fits. Leaving out the one model alone is not enough: the K models of a split share nine tenths of their
  training data, and the others of the split would give the answer away even for exactly retrained models.
- ``logit_insample``: the same with nothing left out.
- ``published``: what the published code of arXiv 2410.01276 computes: normals fitted to 0/1 correctness, in-sample, forgotten observations
  scored only. It has no false positives, hence no AUC; a sample that all models classify alike has no score (0/0).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from lethe.core.registry import nearest
from lethe.statistics.attacks import Measured, Thresholds, accuracy_influence, auc_influence, roc
from lethe.statistics.two_way import Rate, Share, TwoWay

Variant = Literal["logit_leave_one_split_out", "logit_insample", "published"]
DEFAULT: Variant = "logit_leave_one_split_out"
OWN_SPREAD = 64  # observations from which a sample has a standard deviation of its own (Carlini et al. 2022, section VI-B)
RATES = {"tpr": 0.01, "tpr_0.1": 0.001}  # column of a true-positive rate -> its false-positive rate
FPR_GRID = np.concatenate([[0.0], np.geomspace(1e-4, 1.0, 241)])
BANDS = np.arange(1, 240, 10)  # six points of the grid a decade have an interval; the last, where both rates are 1, needs none
_VARIANCE_FLOOR = 1e-6  # of logit confidences: models that all answer the same must not divide by zero

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Attack:
    """How well a method's models were attacked.

    Attributes:
        variant: how.
        estimates: of each, value and two-way interval over splits and samples:
            ``accuracy``, the share of right decisions (p > 0.5 is "member"), with ``published`` of forgotten observations alone;
            ``auc``, the probability that a member scores above an unseen target; ``tpr`` and ``tpr_0.1``, the true-positive rates at
            false-positive rates of 1 % and 0.1 %. All but the accuracy are NaN with ``published``.
        targets: number of decisions.
        undefined: share of observations without a score: not finite, or (``published``) a 0/0.
        roc: ``fpr, tpr`` on ``FPR_GRID``, ``low, high`` (95 %) at ``BANDS``, else NaN; empty with
            ``published`` or where it was not asked for.
        decisions: a row per sample: ``decisions`` and how many are ``right``.
    """

    variant: str
    estimates: Mapping[str, TwoWay]
    targets: int
    undefined: float
    roc: pd.DataFrame
    decisions: pd.DataFrame

    def record(self, level: float = 0.95) -> dict[str, Any]:
        """As one row of a table: ``accuracy, accuracy_low, accuracy_high``, the same of the other estimates, and of the accuracy
        ``width_factor``: how many times wider the interval is than one that counts splits alone."""
        row: dict[str, Any] = {"variant": self.variant}
        for name, found in self.estimates.items():
            low, high = found.interval(level)
            row |= {name: found.value, f"{name}_low": low, f"{name}_high": high}
        return row | {
            "width_factor": self.estimates["accuracy"].width_factor,
            "targets": self.targets,
            "undefined": self.undefined,
        }


def attack(
    phi: NDArray[np.float32],
    correct: Mask,
    members: Mask,
    unseen: Mask,
    variant: Variant = DEFAULT,
    seed: int = 0,
    curve: bool = True,
) -> Attack:
    """Attack S x K models, K per split.

    Every model is asked about as many unseen samples as members, drawn at random. A sample's means are its own; its standard deviations
    too where both fits rest on at least 64 observations, else they are pooled over samples (deviations from the samples' means),
    separately for members and unseen. Intervals count that models of a split share their data, and that splits share their samples.

    Args:
        phi: (S, K, N) logit confidence; a value that is not finite is no observation. Not used by ``published``.
        correct: (S, K, N). Used by ``published`` alone.
        members: (S, K, N), whom the attacker looks for: samples that model was trained on and then forgot (or, of what it retains, never).
        unseen: (S, N), the sample is in no training set of the split.
        variant: see the module. seed: of the choice of targets.
        curve: whether its ROC curve is made too.

    Raises:
        ValueError: shapes that do not fit, an unknown variant, a sample both member and unseen in a split, or fewer than two splits.
    """
    allowed = list(get_args(Variant))
    if variant not in allowed:
        raise ValueError(f"variant is '{variant}'; allowed: {', '.join(allowed)}{nearest(variant, allowed)}")
    shape = members.shape
    if len(shape) != 3 or phi.shape != shape or correct.shape != shape or unseen.shape != (shape[0], shape[2]):
        raise ValueError(
            "phi, correct and members of shape (S, K, N) and unseen of (S, N) are needed, "
            f"not {phi.shape}, {correct.shape}, {members.shape} and {unseen.shape}"
        )
    if shape[0] < 2:
        raise ValueError("at least two splits are needed: one has nothing to be compared with")
    if (members & unseen[:, None]).any():
        raise ValueError("a sample is both member and unseen in one split")
    if variant == "published":
        return _published(correct, members, unseen)
    observations = members | unseen[:, None]
    undefined = 1 - float(np.isfinite(phi[observations]).mean()) if observations.any() else math.nan
    return _evaluate(_targets(phi, members, unseen, variant == DEFAULT, seed), unseen.shape, variant, undefined, curve)


def sample_means(phi: NDArray[np.float32], chosen: Mask) -> tuple[Floats, Floats]:
    """Mean confidence and number of a sample's chosen observations that are finite, both (N,); NaN where there is none.

    Args:
        phi, chosen: (S, K, N).
    """
    fit = _Moments.of(phi, chosen & np.isfinite(phi)).fit(leave_out=False)
    return fit.mean[0], fit.count[0]


def published_scores(correct: Mask, forgotten: Mask, unseen: Mask) -> Floats:
    """The published code's membership probability N_f / (N_f + N_n) of every forgotten observation, NaN elsewhere; (S, K, N).

    N_f and N_n are normal densities, at 0/1 correctness, with mean and standard deviation of the sample's forgotten and unseen observations
    (the scored one included). A standard deviation of 0 gives NaN, as there.
    """
    models = forgotten.shape[1]
    forgotten_count, unseen_count = forgotten.sum((0, 1)), models * unseen.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_f = (correct & forgotten).sum((0, 1)) / forgotten_count
        mean_n = np.where(unseen[:, None], correct, False).sum((0, 1)) / unseen_count
    rows, columns, samples = np.nonzero(forgotten)
    c = correct[rows, columns, samples].astype(float)

    def density(mean: Floats) -> Floats:
        # of 0/1 values; exactly 0 where all agree. scipy's density is NaN there
        return norm.pdf(c, mean[samples], np.sqrt(mean * (1 - mean))[samples])

    with np.errstate(invalid="ignore", divide="ignore"):
        f, n = density(mean_f), density(mean_n)
        out = np.full(forgotten.shape, np.nan)
        out[rows, columns, samples] = f / (f + n)
    return out


@dataclass(frozen=True)
class _Moments:
    """Per split and sample (S, N): number, sum and sum of squares of the observations of one kind."""

    count: Floats
    total: Floats
    squares: Floats

    @classmethod
    def of(cls, phi: NDArray[np.float32], chosen: Mask) -> _Moments:
        rows = []
        for values, mask in zip(phi, chosen, strict=True):  # split by split: all at once in float64 is gigabytes for CIFAR-10
            x = np.where(mask, values, 0).astype(np.float64)
            rows.append((mask.sum(0, dtype=np.float64), x.sum(0), np.square(x).sum(0)))
        count, total, squares = (np.stack(part) for part in zip(*rows, strict=True))
        return cls(count, total, squares)

    def fit(self, leave_out: bool) -> _Fit:
        """Of all splits (one row), or of all but one (a row each)."""
        parts = (self.count, self.total, self.squares)
        count, total, squares = (part.sum(0, keepdims=True) - (part if leave_out else 0.0) for part in parts)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = total / count
            deviations = np.where(count > 1, np.maximum(squares - total * mean, 0), 0)
            variance = np.maximum(deviations / (count - 1), _VARIANCE_FLOOR)
            pooled = np.maximum(deviations.sum(1) / np.maximum(count - 1, 0).sum(1), _VARIANCE_FLOOR)
        return _Fit(count, mean, variance, pooled[:, None])


@dataclass(frozen=True)
class _Fit:
    """Number, mean and variance per sample, (S, N) or (1, N), and the variance pooled over samples (S, 1) or (1, 1)."""

    count: Floats
    mean: Floats
    variance: Floats
    pooled: Floats


@dataclass(frozen=True)
class _Targets:
    """Log-likelihood ratios (member over unseen) of the targets, as many unseen as members, and the place s * N + i of each."""

    positives: Floats
    negatives: Floats
    of_positives: Indices
    of_negatives: Indices


def _targets(phi: NDArray[np.float32], members: Mask, unseen: Mask, leave_out: bool, seed: int) -> _Targets:
    finite = np.isfinite(phi)
    kinds = members & finite, unseen[:, None] & finite
    of_members, of_unseen = fits = [_Moments.of(phi, chosen).fit(leave_out) for chosen in kinds]
    fitted = (of_members.count > 0) & (of_unseen.count > 0) & np.isfinite(of_members.pooled + of_unseen.pooled)
    many = (of_members.count >= OWN_SPREAD) & (of_unseen.count >= OWN_SPREAD)
    variance_m, variance_n = (np.where(many, fit.variance, fit.pooled) for fit in fits)
    constant = np.log(variance_n / variance_m)
    scores: tuple[list[Floats], list[Floats]] = ([], [])
    places: tuple[list[Indices], list[Indices]] = ([], [])
    for s, values in enumerate(phi):
        row = s if leave_out else 0
        first, second = (chosen[s] & fitted[row] for chosen in kinds)
        for kind, chosen in enumerate(_equal_numbers(first, second, np.random.default_rng([seed, 0, s]))):
            models, samples = np.nonzero(chosen)
            x = values[models, samples].astype(np.float64)
            apart_m = (x - of_members.mean[row, samples]) ** 2 / variance_m[row, samples]
            apart_n = (x - of_unseen.mean[row, samples]) ** 2 / variance_n[row, samples]
            ratio = apart_n - apart_m + constant[row, samples]
            ratio[np.abs(ratio) < 1e-9] = 0.0  # models that all answer the same: rounding must not decide
            scores[kind].append(ratio / 2)
            places[kind].append(s * phi.shape[2] + samples)
    positives, negatives = map(np.concatenate, scores)
    of_positives, of_negatives = map(np.concatenate, places)
    return _Targets(positives, negatives, of_positives, of_negatives)


def _equal_numbers(first: Mask, second: Mask, generator: np.random.Generator) -> tuple[Mask, Mask]:
    """Random subsets of the entries of two masks (K, N), equally many per row: all of the smaller one."""
    size = np.minimum(first.sum(1), second.sum(1))[:, None]
    chosen = []
    for mask in (first, second):
        if (mask.sum(1, keepdims=True) == size).all():
            chosen.append(mask)
            continue
        key = np.where(mask, generator.random(mask.shape), 2.0)
        ascending = np.concatenate([np.sort(key, axis=1), np.full((len(key), 1), 2.0)], axis=1)
        chosen.append(key < np.take_along_axis(ascending, size, axis=1))
    return chosen[0], chosen[1]


def _evaluate(targets: _Targets, shape: tuple[int, int], variant: str, undefined: float, curve: bool) -> Attack:
    positives, negatives = targets.positives, targets.negatives
    if not len(positives):
        return _nothing(variant, undefined, shape)

    def two_way(measured: Measured) -> tuple[float, NDArray[np.float32]]:
        of_positives = _per_cell(targets.of_positives, measured.positives, shape)
        of_negatives = _per_cell(targets.of_negatives, measured.negatives, shape)
        return measured.value, ((of_positives + of_negatives) / len(positives)).astype(np.float32)

    right, spared = positives > 0, negatives <= 0
    accuracy = Share(*two_way(accuracy_influence(right, spared)))
    thresholds = Thresholds(positives, negatives)

    def rate(fpr: float) -> Rate:
        measured = thresholds.at(fpr)
        return Rate(*two_way(measured), round(measured.value * len(positives)), len(positives), accuracy.width_factor)

    estimates: dict[str, TwoWay] = {"accuracy": accuracy, "auc": Share(*two_way(auc_influence(positives, negatives)))}
    estimates |= {name: rate(fpr) for name, fpr in RATES.items()}
    grid = FPR_GRID if curve else FPR_GRID[:0]
    rates = pd.DataFrame({"fpr": grid, "tpr": roc(positives, negatives, grid), "low": np.nan, "high": np.nan})
    if curve:
        rates.loc[BANDS, ["low", "high"]] = [rate(fpr).interval() for fpr in FPR_GRID[BANDS]]
    places, hits = np.concatenate([targets.of_positives, targets.of_negatives]), np.concatenate([right, spared])
    return Attack(variant, estimates, 2 * len(positives), undefined, rates, _decisions(places, hits, shape))


def _published(correct: Mask, forgotten: Mask, unseen: Mask) -> Attack:
    scores = published_scores(correct, forgotten, unseen)
    rows, models, samples = np.nonzero(np.isfinite(scores))
    observed, shape = int(forgotten.sum()), unseen.shape
    undefined = 1 - len(rows) / observed if observed else math.nan
    if not len(rows):
        return _nothing("published", undefined, shape)
    hits, places = scores[rows, models, samples] > 0.5, rows * shape[1] + samples
    accuracy = float(hits.mean())
    found = Share(accuracy, (_per_cell(places, hits - accuracy, shape) / len(hits)).astype(np.float32))
    empty = _nothing("published", undefined, shape)
    return replace(
        empty, estimates={**empty.estimates, "accuracy": found}, targets=len(hits), decisions=_decisions(places, hits, shape)
    )


def _per_cell(places: Indices, values: NDArray[np.floating], shape: tuple[int, int]) -> Floats:
    """(S, N): sums of values by the cell that each belongs to."""
    return np.bincount(places, weights=values, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64, copy=False)


def _decisions(places: Indices, hits: Mask, shape: tuple[int, int]) -> pd.DataFrame:
    number = np.bincount(places % shape[1], minlength=shape[1])
    right = np.bincount(places % shape[1], weights=hits, minlength=shape[1])
    return pd.DataFrame({"decisions": number, "right": right.astype(np.int64)})


def _nothing(variant: str, undefined: float, shape: tuple[int, int]) -> Attack:
    """An attack without a target."""
    missing = Share(math.nan, np.full(shape, np.nan, dtype=np.float32))
    roc_of_none = pd.DataFrame(dict.fromkeys(("fpr", "tpr", "low", "high"), np.empty(0)))
    none = np.empty(0, dtype=np.int64)
    decisions = _decisions(none, none.astype(bool), shape)
    return Attack(variant, dict.fromkeys(("accuracy", "auc", *RATES), missing), 0, undefined, roc_of_none, decisions)

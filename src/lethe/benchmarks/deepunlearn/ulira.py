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
from functools import cached_property
from itertools import combinations
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from lethe.core.registry import nearest
from lethe.statistics.attacks import Measured, Thresholds, accuracy_influence, auc_influence, roc
from lethe.statistics.resampling import q_values
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
        roc: ``fpr, tpr`` on ``FPR_GRID``, ``low, high`` (95 %) at ``BANDS``, else NaN; empty with ``published``.
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
    phi: NDArray[np.float32], correct: Mask, members: Mask, unseen: Mask, variant: Variant = DEFAULT, seed: int = 0
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
    return _evaluate(_targets(phi, members, unseen, variant == DEFAULT, seed), unseen.shape, variant, undefined)


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

    @cached_property
    def _sums(self) -> tuple[Floats, Floats, Floats]:
        return self.count.sum(0), self.total.sum(0), self.squares.sum(0)

    def fit(self, split: int | None) -> tuple[Floats, Floats, Floats, float]:
        """Number, mean and variance per sample (N,), and the pooled variance, without one split (None: of all)."""
        left_out = [part[split] if split is not None else 0.0 for part in (self.count, self.total, self.squares)]
        count, total, squares = (whole - part for whole, part in zip(self._sums, left_out, strict=True))
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = total / count
            deviations = np.where(count > 1, np.maximum(squares - total * mean, 0), 0)
            variance = deviations / (count - 1)
        freedom = np.maximum(count - 1, 0).sum()
        pooled = deviations.sum() / freedom if freedom else math.nan
        return count, mean, np.maximum(variance, _VARIANCE_FLOOR), max(pooled, _VARIANCE_FLOOR) if freedom else math.nan


@dataclass(frozen=True)
class _Targets:
    """Log-likelihood ratios (member over unseen) of the targets, as many unseen as members, and the place s * N + i of each."""

    positives: Floats
    negatives: Floats
    of_positives: Indices
    of_negatives: Indices


def _targets(phi: NDArray[np.float32], members: Mask, unseen: Mask, leave_out: bool, seed: int) -> _Targets:
    finite = np.isfinite(phi)
    members, never = members & finite, unseen[:, None] & finite
    moments = _Moments.of(phi, members), _Moments.of(phi, never)
    scores: tuple[list[Floats], list[Floats]] = ([], [])
    places: tuple[list[Indices], list[Indices]] = ([], [])
    fits = None if leave_out else [part.fit(None) for part in moments]
    for s, values in enumerate(phi):
        (count_m, mean_m, own_m, pooled_m), (count_n, mean_n, own_n, pooled_n) = fits or [part.fit(s) for part in moments]
        fitted = (count_m > 0) & (count_n > 0) & np.isfinite(pooled_m + pooled_n)
        many = (count_m >= OWN_SPREAD) & (count_n >= OWN_SPREAD)
        variance_m, variance_n = np.where(many, own_m, pooled_m), np.where(many, own_n, pooled_n)
        constant = np.log(variance_n / variance_m)
        generator = np.random.default_rng([seed, 0, s])
        for kind, chosen in enumerate(_equal_numbers(members[s] & fitted, never[s] & fitted, generator)):
            models, samples = np.nonzero(chosen)
            x = values[models, samples].astype(np.float64)
            apart = [(x - mean[samples]) ** 2 / spread[samples] for mean, spread in ((mean_n, variance_n), (mean_m, variance_m))]
            ratio = apart[0] - apart[1] + constant[samples]
            ratio[np.abs(ratio) < 1e-9] = 0.0  # models that all answer the same: rounding must not decide
            scores[kind].append(ratio / 2)
            places[kind].append(s * phi.shape[2] + samples)
    return _Targets(*map(np.concatenate, scores), *map(np.concatenate, places))


def _equal_numbers(first: Mask, second: Mask, generator: np.random.Generator) -> tuple[Mask, Mask]:
    """Random subsets of the entries of two masks (K, N), equally many per row: all of the smaller one."""
    size = np.minimum(first.sum(1), second.sum(1))[:, None]
    chosen = []
    for mask in (first, second):
        key = np.where(mask, generator.random(mask.shape), 2.0)
        ascending = np.pad(np.sort(key, axis=1), ((0, 0), (0, 1)), constant_values=2.0)
        chosen.append(key < np.take_along_axis(ascending, size, axis=1))
    return chosen[0], chosen[1]


def _evaluate(targets: _Targets, shape: tuple[int, int], variant: str, undefined: float) -> Attack:
    positives, negatives = targets.positives, targets.negatives
    if not len(positives):
        return _nothing(variant, undefined, shape)

    def two_way(measured: Measured) -> tuple[float, Floats]:
        kinds = ((targets.of_positives, measured.positives), (targets.of_negatives, measured.negatives))
        return measured.value, sum(_per_cell(*kind, shape) for kind in kinds) / len(positives)

    right, spared = positives > 0, negatives <= 0
    accuracy = Share(*two_way(accuracy_influence(right, spared)))
    thresholds = Thresholds(positives, negatives)

    def rate(fpr: float) -> Rate:
        measured = thresholds.at(fpr)
        return Rate(*two_way(measured), round(measured.value * len(positives)), len(positives), accuracy.width_factor)

    estimates: dict[str, TwoWay] = {"accuracy": accuracy, "auc": Share(*two_way(auc_influence(positives, negatives)))}
    estimates |= {name: rate(fpr) for name, fpr in RATES.items()}
    curve = pd.DataFrame({"fpr": FPR_GRID, "tpr": roc(positives, negatives, FPR_GRID), "low": np.nan, "high": np.nan})
    curve.loc[BANDS, ["low", "high"]] = [rate(fpr).interval() for fpr in FPR_GRID[BANDS]]
    places, hits = np.concatenate([targets.of_positives, targets.of_negatives]), np.concatenate([right, spared])
    return Attack(variant, estimates, 2 * len(positives), undefined, curve, _decisions(places, hits, shape))


def _published(correct: Mask, forgotten: Mask, unseen: Mask) -> Attack:
    scores = published_scores(correct, forgotten, unseen)
    rows, models, samples = np.nonzero(np.isfinite(scores))
    observed, shape = int(forgotten.sum()), unseen.shape
    undefined = 1 - len(rows) / observed if observed else math.nan
    if not len(rows):
        return _nothing("published", undefined, shape)
    hits, places = scores[rows, models, samples] > 0.5, rows * shape[1] + samples
    accuracy = float(hits.mean())
    found = Share(accuracy, _per_cell(places, hits - accuracy, shape) / len(hits))
    empty = _nothing("published", undefined, shape)
    return replace(
        empty, estimates={**empty.estimates, "accuracy": found}, targets=len(hits), decisions=_decisions(places, hits, shape)
    )


def _per_cell(places: Indices, values: Floats, shape: tuple[int, int]) -> Floats:
    """(S, N): sums of values by the cell that each belongs to."""
    return np.bincount(places, weights=values, minlength=shape[0] * shape[1]).reshape(shape)


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


def table(attacks: Mapping[str, Attack], level: float = 0.95) -> pd.DataFrame:
    """One row per method: ``method`` and ``Attack.record``, in the order given."""
    return pd.DataFrame([{"method": method, **found.record(level)} for method, found in attacks.items()])


def pairs_table(attacks: Mapping[str, Attack], alpha: float = 0.05) -> pd.DataFrame:
    """Every two methods compared, target by target, over splits and samples.

    Returns:
        ``statistic, method, other, difference, low, high, p, q, differs``: of the first minus the other, its interval at 1 - ``alpha``, and
        p-values that Benjamini and Hochberg's (1995) procedure corrects over the pairs of a statistic; ``differs``: q < ``alpha``.
    """
    tables = []
    for name in ("accuracy", "auc", *RATES):
        rows = []
        for (method, first), (other, second) in combinations(attacks.items(), 2):
            apart = first.estimates[name].minus(second.estimates[name])
            low, high = apart.interval(1 - alpha)
            rows.append((name, method, other, apart.value, low, high, apart.p()))
        found = pd.DataFrame(rows, columns=["statistic", "method", "other", "difference", "low", "high", "p"])
        tables.append(found.assign(q=q_values(found["p"])))
    joined = pd.concat(tables, ignore_index=True)
    return joined.assign(differs=joined["q"] < alpha)


def roc_table(attacks: Mapping[str, Attack]) -> pd.DataFrame:
    """The curves of all methods: ``method, fpr, tpr, low, high``; see ``Attack.roc``."""
    parts = [found.roc.assign(method=method)[["method", *found.roc]] for method, found in attacks.items()]
    return pd.concat(parts, ignore_index=True)

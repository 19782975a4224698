"""U-LiRA: a likelihood-ratio attack per sample, over many models that forgot it and many that never saw it.

For a sample, the confidences of models that forgot it and of models that never saw it are modelled as two normal distributions (Carlini
et al. 2022, arXiv 2112.03570; for unlearning Hayes et al. 2024, arXiv 2403.01218). An attacker decides for the likelier one. Exact
unlearning makes both the same, so that the attack is right half of the time.

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
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from lethe.core.registry import nearest
from lethe.statistics.attacks import finite_interval, group_wins, ratio, roc, true_positive_rates, weighted_wins

Variant = Literal["logit_leave_one_split_out", "logit_insample", "published"]
DEFAULT: Variant = "logit_leave_one_split_out"
OWN_SPREAD = 64  # observations from which a sample has a standard deviation of its own (Carlini et al. 2022, section VI-B)
LOW_FPR = 0.01
FPR_GRID = np.concatenate([[0.0], np.geomspace(1e-4, 1.0, 241)])
_VARIANCE_FLOOR = 1e-6  # of logit confidences: models that all answer the same must not divide by zero

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Attack:
    """How well a method's models were attacked.

    Attributes:
        variant: how.
        accuracy: share of right decisions (p > 0.5 is "forgotten"). With ``published`` the share of forgotten observations so decided.
        auc: probability that a forgotten target scores above an unseen one; NaN with ``published``.
        tpr: true-positive rate at a false-positive rate of 1 %; NaN with ``published``.
        intervals: name of each of the three -> (low, high), percentile bootstrap over splits.
        targets: number of decisions.
        undefined: share of observations without a score: not finite, or (``published``) a 0/0.
        roc: ``fpr, tpr`` on ``FPR_GRID``; empty with ``published``.
    """

    variant: str
    accuracy: float
    auc: float
    tpr: float
    intervals: Mapping[str, tuple[float, float]]
    targets: int
    undefined: float
    roc: pd.DataFrame

    def record(self) -> dict[str, Any]:
        """As one row of a table: ``accuracy, accuracy_low, accuracy_high``, the same for ``auc`` and ``tpr``."""
        row: dict[str, Any] = {"variant": self.variant}
        for name, (low, high) in self.intervals.items():
            row |= {name: getattr(self, name), f"{name}_low": low, f"{name}_high": high}
        return row | {"targets": self.targets, "undefined": self.undefined}


def attack(
    phi: NDArray[np.float32],
    correct: Mask,
    forgotten: Mask,
    unseen: Mask,
    variant: Variant = DEFAULT,
    seed: int = 0,
    draws: int = 1000,
    level: float = 0.95,
) -> Attack:
    """Attack S x K models, K per split.

    Every model is asked about as many unseen as forgotten samples, the unseen drawn at random. A sample's means are its own; its standard
    deviations too where both fits rest on at least 64 observations, else they are pooled over samples (deviations from the samples' means),
    separately for forgotten and unseen. Splits are what the bootstrap draws: models of one split are not independent.

    Args:
        phi: (S, K, N) logit confidence; a value that is not finite is no observation. Not used by ``published``.
        correct: (S, K, N). Used by ``published`` alone.
        forgotten: (S, K, N), the sample was trained on and then in the forget set of that model.
        unseen: (S, N), the sample is in no training set of the split.
        variant: see the module. seed: of the unseen targets and of the bootstrap.
        draws: of the bootstrap. level: of its intervals.

    Raises:
        ValueError: shapes that do not fit, an unknown variant, a sample both forgotten and unseen in a split, or fewer than two splits.
    """
    allowed = list(get_args(Variant))
    if variant not in allowed:
        raise ValueError(f"variant is '{variant}'; allowed: {', '.join(allowed)}{nearest(variant, allowed)}")
    shape = forgotten.shape
    if len(shape) != 3 or phi.shape != shape or correct.shape != shape or unseen.shape != (shape[0], shape[2]):
        raise ValueError(
            "phi, correct and forgotten of shape (S, K, N) and unseen of (S, N) are needed, "
            f"not {phi.shape}, {correct.shape}, {forgotten.shape} and {unseen.shape}"
        )
    if shape[0] < 2:
        raise ValueError("at least two splits are needed: one has nothing to be compared with")
    if (forgotten & unseen[:, None]).any():
        raise ValueError("a sample is both forgotten and unseen in one split")
    weights = np.random.default_rng([seed, 1]).multinomial(shape[0], np.full(shape[0], 1 / shape[0]), size=draws).astype(float)
    if variant == "published":
        return _published(correct, forgotten, unseen, weights, level)
    positives, negatives = _targets(phi, forgotten, unseen, variant == DEFAULT, seed)
    observations = forgotten | unseen[:, None]
    undefined = 1 - float(np.isfinite(phi[observations]).mean()) if observations.any() else float("nan")
    return _evaluate(positives, negatives, weights, level, variant, undefined)


def attack_all(
    outputs: Mapping[str, tuple[NDArray[np.float32], Mask]], forgotten: Mask, unseen: Mask, seed: int = 0, draws: int = 1000
) -> dict[Variant, dict[str, Attack]]:
    """Attack the models of every method in every variant.

    Args:
        outputs: method -> what its models say: confidence and correctness, both (S, K, N).
        forgotten, unseen, seed, draws: see ``attack``.

    Returns:
        variant -> method -> attack, in the order of ``Variant`` and of ``outputs``.
    """
    return {
        variant: {
            method: attack(phi, correct, forgotten, unseen, variant, seed=seed, draws=draws)
            for method, (phi, correct) in outputs.items()
        }
        for variant in get_args(Variant)
    }


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


def _published(correct: Mask, forgotten: Mask, unseen: Mask, weights: Floats, level: float) -> Attack:
    scores = published_scores(correct, forgotten, unseen)
    defined = np.isfinite(scores).sum((1, 2)).astype(float)
    hits = (np.nan_to_num(scores) > 0.5).sum((1, 2)).astype(float)
    nothing = (math.nan, math.nan)
    intervals = {"accuracy": finite_interval(ratio(weights @ hits, weights @ defined), level), "auc": nothing, "tpr": nothing}
    total, observed = int(defined.sum()), int(forgotten.sum())
    accuracy = float(hits.sum() / total) if total else math.nan
    undefined = 1 - total / observed if observed else math.nan
    return Attack("published", accuracy, math.nan, math.nan, intervals, total, undefined, _no_roc())


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

    def fit(self, split: int | None) -> tuple[Floats, Floats, Floats, float]:
        """Number, mean and variance per sample (N,), and the pooled variance, without one split (None: of all)."""
        left_out = [part[split] if split is not None else 0.0 for part in (self.count, self.total, self.squares)]
        count = self.count.sum(0) - left_out[0]
        total, squares = self.total.sum(0) - left_out[1], self.squares.sum(0) - left_out[2]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = total / count
            deviations = np.where(count > 1, np.maximum(squares - total * mean, 0), 0)
            variance = deviations / (count - 1)
        freedom = np.maximum(count - 1, 0).sum()
        pooled = deviations.sum() / freedom if freedom else math.nan
        return count, mean, np.maximum(variance, _VARIANCE_FLOOR), max(pooled, _VARIANCE_FLOOR) if freedom else math.nan


def _targets(
    phi: NDArray[np.float32], forgotten: Mask, unseen: Mask, leave_out: bool, seed: int
) -> tuple[list[Floats], list[Floats]]:
    """Log-likelihood ratios (forgotten over unseen) of the forgotten and the unseen targets, per split."""
    finite = np.isfinite(phi)
    forgotten, never = forgotten & finite, unseen[:, None] & finite
    moments = _Moments.of(phi, forgotten), _Moments.of(phi, never)
    positives, negatives = [], []
    fits = None if leave_out else [part.fit(None) for part in moments]
    for s, values in enumerate(phi):
        (count_f, mean_f, own_f, pooled_f), (count_n, mean_n, own_n, pooled_n) = fits or [part.fit(s) for part in moments]
        fitted = (count_f > 0) & (count_n > 0) & np.isfinite(pooled_f + pooled_n)
        many = (count_f >= OWN_SPREAD) & (count_n >= OWN_SPREAD)
        variance_f, variance_n = np.where(many, own_f, pooled_f), np.where(many, own_n, pooled_n)
        x = values.astype(np.float64)
        with np.errstate(invalid="ignore"):
            ratio = (x - mean_n) ** 2 / variance_n - (x - mean_f) ** 2 / variance_f + np.log(variance_n / variance_f)
        ratio[np.abs(ratio) < 1e-9] = 0.0  # models that all answer the same: rounding must not decide
        generator = np.random.default_rng([seed, 0, s])
        chosen_f, chosen_n = _equal_numbers(forgotten[s] & fitted, never[s] & fitted, generator)
        positives.append(ratio[chosen_f] / 2)
        negatives.append(ratio[chosen_n] / 2)
    return positives, negatives


def _equal_numbers(first: Mask, second: Mask, generator: np.random.Generator) -> tuple[Mask, Mask]:
    """Random subsets of the entries of two masks (K, N), equally many per row: all of the smaller one."""
    size = np.minimum(first.sum(1), second.sum(1))[:, None]
    chosen = []
    for mask in (first, second):
        key = np.where(mask, generator.random(mask.shape), 2.0)
        place = np.empty(mask.shape, dtype=np.int64)
        np.put_along_axis(place, key.argsort(axis=1), np.arange(mask.shape[1])[None], axis=1)
        chosen.append(place < size)
    return chosen[0], chosen[1]


def _evaluate(
    positives: list[Floats], negatives: list[Floats], weights: Floats, level: float, variant: str, undefined: float
) -> Attack:
    """Accuracy, AUC and TPR of scores per split, with their bootstrap over splits: ``weights`` (draws, S) counts each split."""
    number = np.array([len(part) for part in positives], dtype=float)  # as many negatives
    targets = int(2 * number.sum())
    if not targets:
        nothing = (math.nan, math.nan)
        names = ("accuracy", "auc", "tpr")
        return Attack(variant, math.nan, math.nan, math.nan, dict.fromkeys(names, nothing), 0, undefined, _no_roc())
    hits = np.array([(p > 0).sum() + (n <= 0).sum() for p, n in zip(positives, negatives, strict=True)], dtype=float)
    wins = group_wins(positives, negatives)
    every = np.concatenate([np.ones((1, len(number))), weights])  # row 0 is the data as they are
    sizes = every @ number
    accuracy = ratio(every @ hits, 2 * sizes)
    auc = ratio(weighted_wins(wins, every, every), sizes**2)
    tpr = true_positive_rates(positives, negatives, every, LOW_FPR)
    intervals = {
        name: finite_interval(values[1:], level) for name, values in (("accuracy", accuracy), ("auc", auc), ("tpr", tpr))
    }
    curve = roc(np.concatenate(positives), np.concatenate(negatives), FPR_GRID)
    found = pd.DataFrame({"fpr": FPR_GRID, "tpr": curve})
    return Attack(variant, float(accuracy[0]), float(auc[0]), float(tpr[0]), intervals, targets, undefined, found)


def _no_roc() -> pd.DataFrame:
    return pd.DataFrame({"fpr": np.empty(0), "tpr": np.empty(0)})


def table(attacks: Mapping[str, Attack]) -> pd.DataFrame:
    """One row per method: ``method`` and ``Attack.record``, in the order given."""
    return pd.DataFrame([{"method": method, **found.record()} for method, found in attacks.items()])


def roc_table(attacks: Mapping[str, Attack]) -> pd.DataFrame:
    """The curves of all methods: ``method, fpr, tpr``."""
    parts = [found.roc.assign(method=method)[["method", "fpr", "tpr"]] for method, found in attacks.items()]
    return pd.concat(parts, ignore_index=True)

"""From predictions to the tables of the benchmark: accuracies, retention, indiscernibility, run-time efficiency.

Definitions follow arXiv 2410.01276 and its published code. Two things there can be read in two ways, and both are computed: ratios to the
retrained models seed by seed (``paired``) or of the means over seeds (``of_means``).

A model that fails is not left out: a sample with a logit that is not finite counts as wrong, so that such a model has an accuracy, a
retention and a place in every table; only its attacks have no value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import t as student

from lethe.classifiers.membership import attack_accuracy, indiscernibility
from lethe.core.missing import known

if TYPE_CHECKING:
    from torch import Tensor

RETRAINED = "retrained"  # trained without the forget set: what unlearning should arrive at
ORIGINAL = "original"  # trained with it: where unlearning starts
REFERENCES = (RETRAINED, ORIGINAL)
PARTS = {"retain": "RA", "forget": "FA", "val": "VA", "test": "TA"}
KEYS = ["dataset", "architecture"]
SCORES = ["RA", "FA", "VA", "TA", "mia_val", "mia_test"]
RATIOS = {"RR": "RA", "FR": "FA", "TR": "TA"}
PER_SEED = [*SCORES, *RATIOS, "retdev", "indisc"]

Floats = NDArray[np.float64]
Values: TypeAlias = "NDArray[np.generic] | Tensor"  # of the CPU; read as an array


def accuracy(logits: Values, labels: Values) -> Floats:
    """Top-1 accuracy per model, (M,), in [0, 1].

    Args:
        logits: (M, n, C), array or CPU tensor; a sample with a value that is not finite counts as wrong.
        labels: (n,) or (M, n) int.
    """
    z = np.asarray(logits)
    return ((z.argmax(-1) == np.asarray(labels)) & np.isfinite(z).all(-1)).mean(1)


def cross_entropies(logits: Values, labels: Values) -> Floats:
    """Cross-entropy per sample, (M, n), >= 0, in double precision; NaN for a sample with a logit that is not finite.

    Args:
        logits: (M, n, C). labels: (n,) or (M, n) int, 0..C-1.
    """
    z = np.asarray(logits, dtype=np.float64)
    y = np.broadcast_to(np.asarray(labels), z.shape[:-1])
    with np.errstate(invalid="ignore"):
        losses = logsumexp(z, axis=-1) - np.take_along_axis(z, y[..., None], axis=-1)[..., 0]
    return np.where(np.isfinite(z).all(-1), np.maximum(losses, 0.0), np.nan)


def score_models(
    logits: Mapping[str, Values],
    labels: Mapping[str, Values],
    seeds: Sequence[int],
    *,
    dataset: str,
    architecture: str,
    method: str,
) -> pd.DataFrame:
    """One row per model of a stack.

    Args:
        logits: part (``retain``, ``forget``, ``val``, ``test``) -> (M, n, C). ``retain`` and ``test`` may be left out where their scores
            are not asked for; their columns are NaN then.
        labels: part -> (n,) or (M, n).
        seeds: (M,) of the models, also of the shuffles in the attacks.
        dataset, architecture, method: what the rows say they are.

    Returns:
        ``dataset, architecture, method, seed, RA, FA, VA, TA, mia_val, mia_test``; all scores are fractions.

    Raises:
        ValueError: for an unknown part, or numbers of models that differ.
    """
    unknown = sorted(set(logits) - set(PARTS))
    if unknown:
        raise ValueError(f"unknown part '{unknown[0]}'; allowed: {', '.join(PARTS)}")
    for part, values in logits.items():
        if len(values) != len(seeds):
            raise ValueError(f"part '{part}' has {len(values)} models, but there are {len(seeds)} seeds")
    columns: dict[str, Any] = {"dataset": dataset, "architecture": architecture, "method": method, "seed": list(seeds)}
    nothing = np.full(len(seeds), np.nan)
    for part, name in PARTS.items():
        columns[name] = accuracy(logits[part], labels[part]) if part in logits else nothing
    losses = {part: cross_entropies(logits[part], labels[part]) for part in ("forget", "val", "test") if part in logits}
    for part in ("val", "test"):
        known = part in losses and "forget" in losses
        columns[f"mia_{part}"] = (
            [attack_accuracy(f, h, seed) for f, h, seed in zip(losses["forget"], losses[part], seeds, strict=True)]
            if known
            else nothing
        )
    return pd.DataFrame(columns)


def retention(scores: pd.DataFrame) -> pd.DataFrame:
    """Add what compares each model with the retrained one of the same seed.

    Args:
        scores: rows of ``score_models``, with those of ``retrained``.

    Returns:
        The rows with ``RR = RA / RA_R``, ``FR = FA / FA_R``, ``TR = TA / TA_R``, ``retdev = |RR - 1| + |FR - 1| + |TR - 1|`` and
        ``indisc = 1 - |mia_test - 0.5| / 0.5``.

    Raises:
        ValueError: a model without a retrained one of its data set, architecture and seed, or with two; or a retrained model that is never
            right (its ratios would be infinite).
    """
    keys = [*KEYS, "seed"]
    references = scores.loc[scores["method"] == RETRAINED, [*keys, *RATIOS.values()]]
    twice = references.duplicated(keys)
    if twice.any():
        raise ValueError(f"two retrained models of {_where(references[twice].iloc[0], keys)}")
    joined = scores.merge(references, on=keys, how="left", suffixes=("", "_R"), indicator=True, validate="many_to_one")
    alone = joined["_merge"] != "both"
    if alone.any():
        row = joined[alone].iloc[0]
        raise ValueError(f"no retrained model of {_where(row, keys)}; method '{row['method']}' cannot be compared")
    wrong = (joined[[f"{name}_R" for name in RATIOS.values()]] <= 0).any(axis=1)
    if wrong.any():
        raise ValueError(f"the retrained model of {_where(joined[wrong].iloc[0], keys)} has accuracy 0")
    out = scores.reset_index(drop=True).copy()
    for ratio, name in RATIOS.items():
        out[ratio] = (joined[name] / joined[f"{name}_R"]).to_numpy()
    out["retdev"] = _deviation(out)
    out["indisc"] = indiscernibility(out["mia_test"].to_numpy())
    return out


def summarise(scores: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """One row per data set, architecture and method: means over seeds with t-intervals.

    Args:
        scores: rows of ``score_models``, with those of ``retrained``.
        level: coverage of the intervals.

    Returns:
        ``dataset, architecture, method, seeds, undefined`` (seeds whose attack on the test set has no value), ``left_out`` (the most
        seeds that one of the means leaves out), then for every name in ``PER_SEED`` mean, ``_low`` and ``_high``; ``retdev`` is named
        ``retdev_paired`` (mean over seeds of each seed's deviation). Last
        ``retdev_of_means`` and ``indisc_of_means``, of the ratio of mean accuracies and of the mean attack: the noise of single seeds does
        not enter them. Methods keep their order. Seeds without a value are not in a mean; all without is NaN.
    """
    compared = retention(scores)
    rows = []
    for keys, group in compared.groupby([*KEYS, "method"], sort=False):
        row: dict[str, Any] = dict(zip([*KEYS, "method"], keys, strict=True))
        row |= {"seeds": len(group), "undefined": int(group["mia_test"].isna().sum())}
        row["left_out"] = max(known(group[name])[1] for name in PER_SEED)
        for name in PER_SEED:
            title = "retdev_paired" if name == "retdev" else name
            row[title], row[f"{title}_low"], row[f"{title}_high"] = mean_interval(group[name].to_numpy(float), level)
        rows.append(row)
    table = pd.DataFrame(rows)
    reference = table[table["method"] == RETRAINED].set_index(KEYS)[list(RATIOS.values())].add_suffix("_R")
    means = table.join(reference, on=KEYS)
    table["retdev_of_means"] = _deviation(pd.DataFrame({r: means[name] / means[f"{name}_R"] for r, name in RATIOS.items()}))
    table["indisc_of_means"] = indiscernibility(table["mia_test"].to_numpy())
    return table


def mean_interval(values: Floats, level: float = 0.95) -> tuple[float, float, float]:
    """Mean and Student t-interval of the values that are not NaN; the bounds of fewer than two are NaN."""
    found, _ = known(values)
    if len(found) < 2:
        return (float(found[0]) if len(found) else float("nan")), float("nan"), float("nan")
    half = float(student.ppf((1 + level) / 2, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found)))
    mean = float(found.mean())
    return mean, mean - half, mean + half


def runtime_table(timing: pd.DataFrame, search: pd.DataFrame | None = None) -> pd.DataFrame:
    """Run-time efficiency: how many times faster than retraining.

    Args:
        timing: ``method, seconds``, several rows of a method are repeats (their median counts), with ``retrained``.
        search: ``method, seconds``, what a method's hyper-parameter search took in all; a method without rows has an unknown cost. The
            references are not searched.

    Returns:
        ``method, seconds, search_seconds, rte, rte_with_search``: ``rte = seconds of retrained / seconds``, and with the search in the
        denominator. The original costs nothing here: it is there before unlearning, and has no row unless it was timed.

    Raises:
        ValueError: no time of ``retrained``, or a time that is not positive.
    """
    seconds = timing.groupby("method", sort=False)["seconds"].median()
    if RETRAINED not in seconds.index:
        raise ValueError(f"the timing has no method '{RETRAINED}'; it has: {', '.join(map(str, seconds.index))}")
    if not (seconds > 0).all():
        raise ValueError(f"method '{seconds.index[~(seconds > 0)][0]}' has a time that is not positive")
    spent = pd.Series(dtype=float) if search is None else search.groupby("method")["seconds"].sum()
    cost = spent.reindex(seconds.index)
    cost[cost.index.isin(REFERENCES)] = 0.0
    reference = float(seconds[RETRAINED])
    table = pd.DataFrame({"seconds": seconds, "search_seconds": cost, "rte": reference / seconds})
    table["rte_with_search"] = reference / (seconds + cost)
    return table.reset_index()


def _deviation(ratios: pd.DataFrame) -> Floats:
    return (ratios[list(RATIOS)] - 1).abs().sum(axis=1, skipna=False).to_numpy(float)


def _where(row: pd.Series, keys: Sequence[str]) -> str:
    return ", ".join(f"{key} {row[key]}" for key in keys)

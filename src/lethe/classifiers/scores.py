"""From predictions to the tables of the benchmark: accuracies, distances to the retrained models, run-time efficiency.

Definitions follow arXiv 2410.01276 and its published code, beside which stand the distances of ``lethe.classifiers.distance``. Ratios to
the retrained models can be read in two ways, and both are computed: seed by seed (``paired``) or of the means over seeds (``of_means``).

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

from lethe.classifiers.distance import KEYS, RATIOS, REFERENCES, RETRAINED, deviation, per_seed, ratios
from lethe.classifiers.membership import attack_accuracy, indiscernibility
from lethe.core.missing import known

if TYPE_CHECKING:
    from torch import Tensor

PARTS = {"retain": "RA", "forget": "FA", "val": "VA", "test": "TA"}
OF_NOISE = ["TA_clean", "FA_mislabelled", "FA_rightly"]  # what true labels tell, where some labels are known to be wrong
SCORES = ["RA", "FA", "VA", "TA", "mia_val", "mia_test", *OF_NOISE]
PER_SEED = [*SCORES, *RATIOS, "retdev", "indisc", "mdev", "gap"]

Floats = NDArray[np.float64]
Values: TypeAlias = "NDArray[np.generic] | Tensor"  # of the CPU; read as an array


def accuracy(logits: Values, labels: Values) -> Floats:
    """Top-1 accuracy per model, (M,), in [0, 1].

    Args:
        logits: (M, n, C), array or CPU tensor; a sample with a value that is not finite counts as wrong.
        labels: (n,) or (M, n) int.
    """
    return _right(logits, labels).mean(1)


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
    clean: Mapping[str, Values] | None = None,
) -> pd.DataFrame:
    """One row per model of a stack.

    Args:
        logits: part (``retain``, ``forget``, ``val``, ``test``) -> (M, n, C). ``retain`` and ``test`` may be left out where their scores
            are not asked for; their columns are NaN then.
        labels: part -> (n,) or (M, n).
        seeds: (M,) of the models, also of the shuffles in the attacks.
        dataset, architecture, method: what the rows say they are.
        clean: ``forget`` and ``test`` -> true labels, (n,) or (M, n), where ``labels`` hold wrong ones; None: they are not known.

    Returns:
        ``dataset, architecture, method, seed, RA, FA, VA, TA, mia_val, mia_test``, all of them fractions, and three that are NaN where
        they are not defined: ``TA_clean``, the accuracy on true test labels; ``FA_mislabelled`` and ``FA_rightly``, FA over the forgotten
        samples whose label is wrong, and over the others. A wrong label can only be known by heart: a retrained model is hardly ever
        right there.

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
        attacked = part in losses and "forget" in losses
        columns[f"mia_{part}"] = (
            [attack_accuracy(f, h, seed) for f, h, seed in zip(losses["forget"], losses[part], seeds, strict=True)]
            if attacked
            else nothing
        )
    return pd.DataFrame(columns | _of_noise(logits, labels, clean or {}, nothing))


def _right(logits: Values, labels: Values) -> NDArray[np.bool_]:
    """(M, n): whether the largest logit is that of the label; a sample with a value that is not finite is wrong."""
    z = np.asarray(logits)
    return (z.argmax(-1) == np.asarray(labels)) & np.isfinite(z).all(-1)


def _of_noise(
    logits: Mapping[str, Values], labels: Mapping[str, Values], clean: Mapping[str, Values], nothing: Floats
) -> dict[str, Floats]:
    """The columns of ``OF_NOISE``."""
    out = dict.fromkeys(OF_NOISE, nothing)
    if "test" in clean and "test" in logits:
        out["TA_clean"] = accuracy(logits["test"], clean["test"])
    if "forget" in clean and "forget" in logits:
        right = _right(logits["forget"], labels["forget"])
        wrong_label = np.broadcast_to(np.asarray(clean["forget"]) != np.asarray(labels["forget"]), right.shape)
        for name, rows in (("FA_mislabelled", wrong_label), ("FA_rightly", ~wrong_label)):
            counts = rows.sum(1)
            out[name] = np.where(counts > 0, (right & rows).sum(1) / np.maximum(counts, 1), np.nan)
    return out


def summarise(scores: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """One row per data set, architecture and method: means over seeds with t-intervals.

    Args:
        scores: rows of ``score_models``, with those of ``retrained``.
        level: coverage of the intervals.

    Returns:
        ``dataset, architecture, method, seeds, undefined`` (seeds whose attack on the test set has no value), ``left_out`` (the most
        seeds that one of the means leaves out, of what has a value at all), then for every name in ``PER_SEED`` mean, ``_low`` and
        ``_high``; ``retdev`` is named ``retdev_paired`` (mean over seeds of each seed's deviation). Last ``retdev_of_means`` and
        ``indisc_of_means``, of the ratio of mean accuracies and of the mean attack: the noise of single seeds does not enter them.
        Methods keep their order. Several runs of a method on a model are averaged first. Seeds without a value are not in a mean; all
        without is NaN.
    """
    compared = per_seed(scores)
    names = [name for name in PER_SEED if name in compared]
    defined = [name for name in names if compared[name].notna().any()]
    rows = []
    for keys, group in compared.groupby([*KEYS, "method"], sort=False):
        row: dict[str, Any] = dict(zip([*KEYS, "method"], keys, strict=True))
        row |= {"seeds": len(group), "undefined": int(group["mia_test"].isna().sum())}
        row["left_out"] = max(known(group[name])[1] for name in defined)
        for name in names:
            title = "retdev_paired" if name == "retdev" else name
            row[title], row[f"{title}_low"], row[f"{title}_high"] = mean_interval(group[name].to_numpy(float), level)
        rows.append(row)
    table = pd.DataFrame(rows)
    reference = table[table["method"] == RETRAINED].set_index(KEYS)[list(RATIOS.values())]
    table["retdev_of_means"] = deviation(ratios(table, table[KEYS].join(reference, on=KEYS)))
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

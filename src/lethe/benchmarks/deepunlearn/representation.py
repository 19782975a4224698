"""What the last layer is given: how alike it is to that of retrained models, and which labels a linear probe reads from it.

A method may change what a model says and leave what it represents (arXiv 2606.25001, 2604.08271). Two questions are asked of the
penultimate representation. *CKA*: is it as alike to a retrained model's as another retrained model's is? *Probe*: does a linear classifier
that is fitted to the representation of retained samples alone, a fresh last layer, find the labels of forgotten ones?

The reference of both is exact: the representation of a retrained model, of the same seed and of another one.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lethe.classifiers.distance import RETRAINED
from lethe.classifiers.scores import mean_interval

ROWS = 5000  # samples of a part that are looked at: its first ones, whose order is random
ITERATIONS = 200  # of the probe: it need not converge to find what is there to be found
FITTED_ON = "retain"  # the part that the probe is fitted to

Floats = NDArray[np.floating]
Labels = NDArray[np.int64]


def linear_cka(first: Floats, second: Floats) -> float:
    """Linear centred kernel alignment of two representations of the same samples (Kornblith et al. 2019, arXiv 1905.00414).

    ||Y'X||^2 / (||X'X|| ||Y'Y||) of the centred matrices, Frobenius norms.

    Args:
        first: (n, d). second: (n, e), of the same samples in the same order.

    Returns:
        In [0, 1]; 1 for representations that differ by a rotation and a scale; NaN where one is constant or not finite.

    >>> x = np.array([[0.0, 1.0], [2.0, 0.0], [1.0, 3.0]])
    >>> round(linear_cka(x, 5 * x[:, ::-1] + 1), 6)
    1.0
    """
    if len(first) != len(second):
        raise ValueError(f"representations of {len(first)} and {len(second)} samples; they must be the same")
    x, y = (part.astype(np.float64) - part.mean(0, dtype=np.float64) for part in (first, second))
    norms = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    return float(np.linalg.norm(y.T @ x) ** 2 / norms) if np.isfinite(norms) and norms > 0 else float("nan")


def probe_accuracies(features: Mapping[str, Floats], labels: Mapping[str, Labels]) -> dict[str, float]:
    """Accuracy of a linear probe on every part: logistic regression (C = 1) on standardised features, fitted to the part ``retain``.

    Args:
        features: part -> (n, D), with ``retain``. labels: part -> (n,), as the models were given them.

    Returns:
        Part -> share of its labels that the probe finds, in [0, 1]; NaN where a feature is not finite, which no probe is fitted to.
    """
    if not all(np.isfinite(values).all() for values in features.values()):
        return dict.fromkeys(features, float("nan"))
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=ITERATIONS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        probe.fit(features[FITTED_ON], labels[FITTED_ON])
    return {part: float(probe.score(values, labels[part])) for part, values in features.items()}


def representation_scores(
    features: Mapping[str, Floats],
    labels: Mapping[str, Labels],
    retrained: Mapping[str, Floats],
    again: Mapping[str, Floats] | None,
    seeds: Sequence[int],
    method: str,
) -> pd.DataFrame:
    """Rows of the models of one method, one per model and part.

    Args:
        features: part -> (J x I, n, D), run by run (``lethe.classifiers.runs``), with the part ``retain``. labels: part -> (n,).
        retrained, again: part -> (I, n, D) of retrained models of the same seeds and of others. ``again`` is None for these themselves.
        seeds: (I,). method: what the rows say of it.

    Returns:
        ``method, seed, unlearning_seed, part``, ``cka`` with the retrained model of the seed, ``cka_again`` with that of another seed (NaN
        for these themselves) and ``probe``.
    """
    rows = []
    for model in range(len(features[FITTED_ON])):
        run, m = divmod(model, len(seeds))
        found = probe_accuracies({part: values[model] for part, values in features.items()}, labels)
        for part, values in features.items():
            row = {"method": method, "seed": seeds[m], "unlearning_seed": run, "part": part}
            row["cka"] = linear_cka(values[model], retrained[part][m])
            row["cka_again"] = float("nan") if again is None else linear_cka(values[model], again[part][m])
            rows.append(row | {"probe": found[part]})
    return pd.DataFrame(rows)


def representation_table(scores: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Means over seeds, and what they are above or below those of the retrained models of the same seeds.

    Args:
        scores: rows of ``representation_scores``, with those of ``retrained``. Several runs of a method on one model count as their mean.
        level: coverage of the intervals.

    Returns:
        ``method, part, seeds``, then ``cka, cka_again, cka_excess, probe, probe_excess``, each with ``_low`` and ``_high`` (Student's t over
        seeds). ``cka_excess`` is the mean difference of ``cka_again`` to that of ``retrained``, its floor; ``probe_excess`` that of
        ``probe``.
    """
    keys = ["seed", "part"]
    means = scores.groupby(["method", *keys], sort=False, as_index=False)[["cka", "cka_again", "probe"]].mean()
    floor = means.loc[means["method"] == RETRAINED, [*keys, "cka_again", "probe"]]
    joined = means.merge(floor, on=keys, suffixes=("", "_floor"), validate="many_to_one")
    joined["cka_excess"] = joined["cka_again"] - joined["cka_again_floor"]
    joined["probe_excess"] = joined["probe"] - joined["probe_floor"]
    rows = []
    for (method, part), group in joined.groupby(["method", "part"], sort=False):
        row = {"method": method, "part": part, "seeds": len(group)}
        for name in ("cka", "cka_again", "cka_excess", "probe", "probe_excess"):
            row[name], row[f"{name}_low"], row[f"{name}_high"] = mean_interval(group[name].to_numpy(float), level)
        rows.append(row)
    return pd.DataFrame(rows)

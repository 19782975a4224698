"""U-LiRA as tables: methods, pairs of methods, curves, retained samples, single samples."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.deepunlearn.memorisation import memorisation
from lethe.benchmarks.deepunlearn.ulira import RATES, Attack, Mask, attack, sample_means
from lethe.benchmarks.deepunlearn.ulira_splits import LiraSplits
from lethe.statistics.resampling import q_values

STATISTICS = ("accuracy", "auc", *RATES)
Outputs = Mapping[str, tuple[NDArray[np.float32], Mask]]


def attack_table(attacks: Mapping[str, Attack], level: float = 0.95) -> pd.DataFrame:
    """One row per method: ``method`` and ``Attack.record``, in the order given."""
    return pd.DataFrame([{"method": method, **found.record(level)} for method, found in attacks.items()])


def pairs_table(attacks: Mapping[str, Attack], alpha: float = 0.05) -> pd.DataFrame:
    """Every two methods compared, target by target, over splits and samples.

    Returns:
        ``statistic, method, other, difference, low, high, p, q, differs``: of the first minus the other, its interval at 1 - ``alpha``, and
        p-values that Benjamini and Hochberg's (1995) procedure corrects over the pairs of a statistic; ``differs``: q < ``alpha``.
    """
    tables = []
    for name in STATISTICS:
        rows = []
        for (method, first), (other, second) in combinations(attacks.items(), 2):
            apart = first.estimates[name].minus(second.estimates[name])
            rows.append((name, method, other, apart.value, *apart.interval(1 - alpha), apart.p()))
        found = pd.DataFrame(rows, columns=["statistic", "method", "other", "difference", "low", "high", "p"])
        tables.append(found.assign(q=q_values(found["p"])))
    joined = pd.concat(tables, ignore_index=True)
    return joined.assign(differs=joined["q"] < alpha)


def roc_table(attacks: Mapping[str, Attack]) -> pd.DataFrame:
    """The curves of all methods: ``method, fpr, tpr, low, high``; see ``Attack.roc``."""
    parts = [found.roc.assign(method=method)[["method", *found.roc]] for method, found in attacks.items()]
    return pd.concat(parts, ignore_index=True)


def retained_table(outputs: Outputs, splits: LiraSplits, original: str, level: float = 0.95, seed: int = 0) -> pd.DataFrame:
    """What the attack finds of samples that were to be *kept*: unlearning some may expose others (Hayes et al. 2024, arXiv 2403.01218).

    Members are the retained samples of each model, the others were never seen by its split.

    Args:
        outputs: method -> confidence and correctness, both (S, K, n).
        original: the method whose models have not forgotten anything yet.
        level: of the intervals. seed: of the choice of targets.

    Returns:
        A row per method as of ``attack_table``, and of every statistic ``{name}_change`` with ``_low`` and ``_high``: minus the original's.
    """
    retained, unseen = splits.retained(), splits.never_seen()
    before = attack(*outputs[original], retained, unseen, seed=seed, curve=False)
    rows = []
    for method, said in outputs.items():
        after = attack(*said, retained, unseen, seed=seed, curve=False)
        row = {"method": method, **after.record(level)}
        for name, found in after.estimates.items():
            change = found.minus(before.estimates[name])
            low, high = change.interval(level)
            row |= {f"{name}_change": change.value, f"{name}_change_low": low, f"{name}_change_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


def samples_table(outputs: Outputs, attacks: Mapping[str, Attack], splits: LiraSplits, original: str) -> pd.DataFrame:
    """One row per method and sample.

    Args:
        outputs: method -> confidence and correctness, both (S, K, n).
        attacks: of the same methods, on what they forgot.
        original: the method whose models tell how much a sample is memorised.

    Returns:
        ``method, sample`` (row of the data that U-LiRA uses), ``phi_forgotten, phi_unseen`` (mean logit confidence of the models that forgot
        it, that never saw it; NaN without one), ``forgotten, unseen`` (their numbers), ``memorised`` (see
        ``lethe.benchmarks.deepunlearn.memorisation``), ``decisions`` (times it was a target)
        and ``right`` (share of these that were rightly decided; NaN without one).
    """
    forgotten = splits.forgotten()
    unseen = np.broadcast_to(splits.never_seen()[:, None], forgotten.shape)
    trained = (forgotten | splits.retained())[:, 0]
    memorised = memorisation(outputs[original][0][:, 0], trained, splits.never_seen())["memorised"]
    tables = []
    for method, (phi, _) in outputs.items():
        (mean_f, count_f), (mean_n, count_n) = sample_means(phi, forgotten), sample_means(phi, unseen)
        decisions = attacks[method].decisions
        columns = {
            "method": method,
            "sample": np.arange(splits.n),
            "phi_forgotten": mean_f,
            "phi_unseen": mean_n,
            "forgotten": count_f.astype(np.int64),
            "unseen": count_n.astype(np.int64),
            "memorised": memorised,
            "decisions": decisions["decisions"],
            "right": decisions["right"] / decisions["decisions"].where(decisions["decisions"] > 0),
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)

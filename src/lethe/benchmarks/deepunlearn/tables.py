"""The tables of a study: what is said of every method, which methods are ranked, and from where a model counts as guessing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.deepunlearn.pairs import against, paired_tests
from lethe.benchmarks.deepunlearn.ranking import mean_ranks, ranking_groups
from lethe.classifiers.distance import ORIGINAL, RETRAINED_AGAIN, noise_floor
from lethe.classifiers.found import Found
from lethe.classifiers.methods.needs import only_fine_tunes, uses_validation
from lethe.classifiers.scores import runtime_table, summarise


class StudyTables(NamedTuple):
    """The tables of a study.

    Attributes:
        methods: one row per method: means and intervals over seeds, run times, ``uses_val`` and ``only_fine_tunes``, and of ranked methods
            ``differs_from_original`` and ``differs_from_floor``: whether ``gap`` is another than the original's, and than that of models
            retrained from another seed.
        floor: how far retrained models are apart.
        pairs: the tests of ranked methods.
        groups: letters and group of every ranked method.
        ranks: the mean rank of every ranked method.
    """

    methods: pd.DataFrame
    floor: pd.DataFrame
    pairs: pd.DataFrame
    groups: pd.DataFrame
    ranks: pd.DataFrame


def chance_level(labels: NDArray[np.int64]) -> float:
    """Accuracy of the best constant answer: the share of the largest class, in (0, 1].

    Args:
        labels: (n,) of the test part, 0 and more.
    """
    return float(np.bincount(labels).max() / len(labels))


def study_tables(
    scores: pd.DataFrame, times: pd.DataFrame, found: Mapping[str, Found], architecture: str, chance: float, level: float
) -> StudyTables:
    """The tables of a study.

    A method that only fine-tunes on this architecture is shown but not ranked: it would take a place as another method's twin.

    Args:
        scores: rows of ``score_models`` with the three references.
        times: ``method, seconds, slowest`` with ``retrained`` (``lethe.classifiers.timing``).
        found: method -> what its search found and cost.
        architecture: name of the architecture.
        chance: accuracy of a constant answer, see ``chance_level``.
        level: coverage of the intervals.
    """
    fine_tunes = [name for name in found if only_fine_tunes(name, architecture)]
    search = pd.DataFrame({"method": list(found), "seconds": [entry.seconds for entry in found.values()]})
    summary = summarise(scores, level)
    summary.insert(3, "uses_val", summary["method"].isin({name for name in found if uses_validation(name)}))
    summary.insert(4, "only_fine_tunes", summary["method"].isin(fine_tunes))
    methods = summary.merge(runtime_table(times, search), on="method", how="left")
    methods = methods.merge(times[["method", "slowest"]], on="method", how="left")
    ranked = scores[~scores["method"].isin(fine_tunes)]
    pairs = paired_tests(ranked, level)
    for name, other in (("differs_from_original", ORIGINAL), ("differs_from_floor", RETRAINED_AGAIN)):
        methods[name] = methods["method"].map(against(pairs, other))
    groups = ranking_groups(ranked, pairs, chance, level)
    return StudyTables(methods, noise_floor(scores), pairs, groups, mean_ranks(ranked, level))

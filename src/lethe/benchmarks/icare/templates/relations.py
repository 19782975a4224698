"""Statistics per entity against attributes of entities, many at once: shared by SRN, SRC, CSR and the table of relations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lethe.benchmarks.icare.entities import PUBLISHED_STATISTICS
from lethe.benchmarks.icare.pairs import Fidelity
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.figures.templates.result import Finding, published, tested
from lethe.statistics import published_tests
from lethe.statistics.entity_tests import Tested, correlate, group_effect
from lethe.statistics.resampling import Inference

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
PUBLISHED_SLUGS = tuple(statistic.slug for statistic in PUBLISHED_STATISTICS)
COLUMNS = ["task", "method", "attribute", "statistic", "effect", "value", "low", "high", "p", "n"]
NUMERIC, CATEGORICAL = "spearman", "epsilon_squared"
HOW = {
    NUMERIC: "Spearman over entities, entities permuted",
    CATEGORICAL: "Kruskal-Wallis H / (n - 1) over entities, labels permuted",
}


def samples_of(values: Floats, labels: Sequence[str | None]) -> dict[str, Floats]:
    """Category -> its finite values, sorted by name; entities without a label are left out."""
    names = sorted({label for label in labels if label is not None})
    found = {name: np.array([v for v, label in zip(values, labels, strict=True) if label == name]) for name in names}
    return {name: sample[np.isfinite(sample)] for name, sample in found.items() if np.isfinite(sample).any()}


def relate(task: TaskData, attribute: str, values: Floats, inference: Inference, fewest: int) -> tuple[str, Tested]:
    """Name of the effect and the tests of (m, N) values against an attribute of any kind."""
    if task.attribute_kind(attribute) == "number":
        return NUMERIC, correlate(task.numbers(attribute), values, inference)
    return CATEGORICAL, group_effect(task.categories(attribute), values, inference, fewest)


def published_relation(task: TaskData, attribute: str, values: Floats, fewest: int) -> dict[str, tuple[float, float]]:
    """The reference's two tests of (N,) values; NaN where a category is too small."""
    if task.attribute_kind(attribute) == "number":
        return published_tests.correlation(task.numbers(attribute), values)
    samples = list(samples_of(values, task.categories(attribute)).values())
    if min(map(len, samples), default=0) < fewest:
        return {"anova": (np.nan, np.nan), "kruskal": (np.nan, np.nan)}
    return published_tests.groups(samples)


def findings(
    task: TaskData, attribute: str, values: Floats, inference: Inference, fewest: int, fidelity: Fidelity, group: str = ""
) -> list[Finding]:
    """The findings of one statistic against one attribute, without q."""
    if fidelity == "published":
        tests = published_relation(task, attribute, values, fewest)
        return published(tests, int(np.isfinite(values).sum()), "over entities, raw p", group)
    effect, found = relate(task, attribute, values[None], inference, fewest)
    return [tested(effect, found, 0, HOW[effect], group)]


def relations(
    task: TaskData,
    methods: Iterable[str],
    attributes: Iterable[str],
    slugs: Sequence[str],
    inference: Inference,
    fewest: int,
    fidelity: Fidelity = "corrected",
) -> pd.DataFrame:
    """Every statistic of every method against every attribute.

    Returns:
        ``task, method, attribute, statistic, effect, value, low, high, p, n`` (corrected), or ``task, method, attribute,
        statistic, p_1, p_2, significant`` (published: either p < 0.05). What could not be tested is NaN.
    """
    import pandas as pd

    attributes, rows = list(attributes), []
    for method in methods:
        values = np.stack([task.statistic(method, slug, fidelity) for slug in slugs])
        for attribute in attributes:
            key = [task.task, method, attribute]
            if fidelity == "published":
                for slug, row in zip(slugs, values, strict=True):
                    tests = published_relation(task, attribute, row, fewest)
                    rows.append([*key, slug, *(p for _, p in tests.values()), published_tests.either(tests)])
                continue
            effect, found = relate(task, attribute, values, inference, fewest)
            columns = (slugs, found.effect, found.low, found.high, found.p, found.n)
            rows += [[*key, slug, effect, *rest] for slug, *rest in zip(*columns, strict=True)]
    names = [*COLUMNS[:4], "p_1", "p_2", "significant"] if fidelity == "published" else COLUMNS
    return pd.DataFrame(rows, columns=names)

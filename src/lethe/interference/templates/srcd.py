"""Significant relationship, categorical and directional: whom do the entities of one category harm?

For emitters whose attribute is ``source``: the mean of a pair metric at each receiver (the receiver itself left out), receivers
grouped by the same attribute. Statistic and effect: epsilon squared of the receivers' ranks. Test: the attribute is permuted over
entities, so that it moves as emitter and as receiver; interval: entities drawn within categories. ``difference``: mean of the
receivers of the source's own category minus mean of the others. ``published``: ANOVA and Kruskal-Wallis, receivers as independent.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lethe.interference import published_tests
from lethe.interference.resampling import (
    Inference,
    blocks,
    extreme,
    multiplicities,
    p_value,
    percentile_interval,
    random_orders,
    ranks,
)
from lethe.interference.templates.base import Template
from lethe.interference.templates.data import MissingDataError, TaskData
from lethe.interference.templates.parameters import Names, PairParameters
from lethe.interference.templates.relations import samples_of
from lethe.interference.templates.result import Finding, Result, number, published, with_q
from lethe.interference.templates.src import check_sizes
from lethe.registry import nearest

Floats = NDArray[np.float64]


class SignificantRelationshipCategoricalDirectional(PairParameters):
    """Receivers of one pair metric, by category, for emitters of one category."""

    attribute: str = Field(description="categorical attribute of the metadata, e.g. occupation_simplified")
    sources: Names = Field(description="categories of the emitters, a panel each")
    exclude_diagonal: bool = Field(True, description="leave out the pair of an entity with itself")
    min_samples: int = Field(5, ge=2, description="entities that each category must have")


def received(values: Floats, emitters: Floats, exclude_diagonal: bool) -> Floats:
    """(draws, N) mean over emitters at each receiver.

    Args:
        values: (N, N) pair metric; NaN is left out.
        emitters: (draws, N) weights of the emitters.
        exclude_diagonal: leave out an emitter's own value.
    """
    used = np.isfinite(values) & ~(np.eye(len(values), dtype=bool) & exclude_diagonal)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((emitters @ np.where(used, values, 0.0)) / (emitters @ used.astype(float)))


def epsilon_squared(values: Floats, codes: NDArray[np.int64], weights: Floats) -> Floats:
    """(draws,) share of the ranks' variance between categories; codes (draws, N), -1 = left out, weights (draws, N)."""
    used = np.isfinite(values) & (codes >= 0)
    scores = ranks(np.where(used, values, np.inf), axis=1)  # what is left out takes the last ranks
    weights = np.where(used, weights, 0.0)
    total, mean = weights.sum(axis=1), (weights * scores).sum(axis=1) / weights.sum(axis=1)
    between = np.zeros(len(values))
    for code in range(int(codes.max()) + 1):
        own = weights * (codes == code)
        size = own.sum(axis=1)
        between += np.divide((own * scores).sum(axis=1) ** 2, size, out=np.zeros(len(values)), where=size > 0)
    spread = (weights * scores**2).sum(axis=1) - total * mean**2
    return np.divide(between - total * mean**2, spread, out=np.full(len(values), np.nan), where=spread > 1e-12)


def directional(
    values: Floats, codes: NDArray[np.int64], source: int, inference: Inference, exclude_diagonal: bool
) -> tuple[Finding, Finding]:
    """The tested effect and the difference of the source's own category to the others.

    Args:
        values: (N, N) pair metric.
        codes: (N,) category of each entity, -1 = none.
        source: category of the emitters.
        inference: permutations, draws, level.
        exclude_diagonal: see ``received``.
    """
    n, known = len(codes), np.flatnonzero(codes >= 0)
    one = np.ones((1, n))

    def effect(drawn: NDArray[np.int64], weights: Floats) -> Floats:
        return epsilon_squared(received(values, weights * (drawn == source), exclude_diagonal), drawn, weights)

    observed, count = effect(codes[None], one), np.zeros(1, np.int64)
    orders = random_orders(len(known), inference.permutations, inference.seed)
    for block in blocks(len(orders), n * 8):
        drawn = np.tile(codes, (len(orders[block]), 1))
        drawn[:, known] = codes[known][orders[block]]
        count += extreme(observed, effect(drawn, np.ones(drawn.shape))[:, None], "greater")
    weights = np.zeros((inference.bootstrap, n))
    for code in np.unique(codes[known]):
        members = np.flatnonzero(codes == code)
        weights[:, members] = multiplicities(len(members), inference.bootstrap, inference.seed + int(code))
    tiled = np.tile(codes, (inference.bootstrap, 1))
    effects = percentile_interval(effect(tiled, weights)[:, None], inference.alpha)
    differences = percentile_interval(_difference(values, tiled, source, weights, exclude_diagonal)[:, None], inference.alpha)
    low, high, p = number(effects[0][0]), number(effects[1][0]), float(p_value(count, inference.permutations)[0])
    how = "epsilon squared over receivers; the attribute permuted over entities, as emitters and as receivers"
    found = Finding("epsilon_squared", number(observed[0]), len(known), how, low, high, p)
    value = _difference(values, codes[None], source, one, exclude_diagonal)[0]
    low, high = number(differences[0][0]), number(differences[1][0])
    how = "mean of the metric at receivers of the source's category minus at the others; entities drawn within categories"
    return found, Finding("difference", number(value), len(known), how, low, high)


def _difference(values: Floats, codes: NDArray[np.int64], source: int, weights: Floats, exclude_diagonal: bool) -> Floats:
    at = received(values, weights * (codes == source), exclude_diagonal)
    used = np.isfinite(at) & (codes >= 0)
    at = np.where(used, at, 0.0)
    own, other = weights * (used & (codes == source)), weights * (used & (codes != source))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((own * at).sum(axis=1) / own.sum(axis=1) - (other * at).sum(axis=1) / other.sum(axis=1))


def compute(
    parameters: SignificantRelationshipCategoricalDirectional, data: Mapping[str, TaskData], inference: Inference
) -> Result:
    """Rows: ``panel`` (source), ``category`` (of the receiver), ``label`` (receiver), ``y`` (mean metric), ``series`` (method)."""
    task = data[parameters.task]
    labels = task.categories(parameters.attribute)
    names = sorted({label for label in labels if label is not None})
    codes = np.array([-1 if label is None else names.index(label) for label in labels])
    check_sizes({name: int((codes == i).sum()) for i, name in enumerate(names)}, parameters.attribute, parameters.min_samples)
    values = task.matrix(parameters.method, parameters.metric, parameters.fidelity)
    findings: list[Finding] = []
    rows = []
    for source in parameters.sources:
        if source not in names:
            raise MissingDataError(
                f"attribute '{parameters.attribute}' has no category '{source}'; it has: {', '.join(names)}{nearest(source, names)}"
            )
        at = received(values, (codes == names.index(source)).astype(float)[None], parameters.exclude_diagonal)[0]
        if parameters.fidelity == "published":
            tests = published_tests.groups(list(samples_of(at, labels).values()))
            findings += published(tests, int(np.isfinite(at).sum()), "receivers as independent, raw p", source)
        else:
            pair = directional(values, codes, names.index(source), inference, parameters.exclude_diagonal)
            findings += [Finding(**(vars(finding) | {"group": source})) for finding in pair]
        columns = sorted(zip(labels, task.names, at, strict=True), key=lambda row: str(row[0]))
        rows += [
            {"panel": source, "category": label, "label": name, "y": float(value), "series": parameters.method}
            for label, name, value in columns
            if label is not None and np.isfinite(value)
        ]
    axes = {"x": ("attribute", parameters.attribute), "y": ("metric", parameters.metric)}
    return Result(tuple(findings) if parameters.fidelity == "published" else with_q(findings), tuple(rows), axes)


TEMPLATE = Template(
    "SRCD", "SignificantRelationshipCategoricalDirectional", SignificantRelationshipCategoricalDirectional, compute
)

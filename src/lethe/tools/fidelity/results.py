"""Effects on result templates: the headline of the same question under both fidelities, everything else equal."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lethe.benchmarks.icare.parameters import FEW, LARGE, MethodParameters
from lethe.benchmarks.icare.templates import csr, efe, iat, mci, msam, srcd
from lethe.benchmarks.icare.templates.data import MissingDataError
from lethe.figures.templates.result import Finding, Result
from lethe.statistics.published_tests import LEVEL
from lethe.tools.fidelity.world import Effect, World

METRIC = "clip_diff"  # the same number in both fidelities, so that only the statistics differ


def counts(world: World) -> Iterator[Effect]:
    """CSR: how many relations count, and how many differences between methods are called significant."""
    for task in world.tasks:
        given = {"tasks": (task,), "methods": tuple(world.compared(task)), "min_samples": _fewest(world, task)}
        try:
            old, new = (
                csr.compute(csr.CountSignificantRelationship(**given, fidelity=f), {task: world.data(task)}, world.inference)
                for f in ("published", "corrected")
            )
        except MissingDataError:
            continue
        yield Effect(
            scope=task,
            quantity="share of relations that count",
            published=_share(old),
            lethe=_share(new),
            how=f"{old.notes['tests']} published tests of the two balanced attributes, {new.notes['tests']} here",
        )
        chi = [finding for finding in old.findings if finding.name == "chi_squared"]
        yield Effect(
            scope=task,
            quantity="pairs of methods that are said to differ in their counts",
            published=sum(bool(finding.p is not None and finding.p < LEVEL) for finding in chi),
            lethe=None,
            how=f"of {len(chi)}; published: chi-squared p < 0.05, relations as independent; here: no such test",
        )


def predicted(world: World) -> Iterator[Effect]:
    """MSAM: R2 of pairs of a random split, and of pairs of entities that were never seen."""
    for task in world.tasks:
        kinds = tuple(kind for kind in world.kinds if kind != "true")
        for method in world.compared(task):
            given = {"task": task, "method": method, "metric": METRIC, "similarities": kinds, "attribute_value": False}
            try:
                old, new = (
                    msam.compute(
                        msam.MetricSimilarityAlignmentMulti(**given, fidelity=f),
                        {task: world.data(task)},
                        world.inference,
                    )
                    for f in ("published", "corrected")
                )
            except MissingDataError:
                continue
            yield Effect(
                scope=f"{task}/{method}",
                quantity=f"R2 of {METRIC} on test pairs",
                published=_finding(old, "r2_test").value,
                lethe=(found := _finding(new, "r2_test")).value,
                how=f"{', '.join(kinds)} and shared attributes; published: 30 % of the pairs; here: {found.how}",
            )


def directed(world: World) -> Iterator[Effect]:
    """SRCD: categories whose entities are said to harm receivers by category."""
    for task in world.tasks:
        attribute = world.tasks[task].balance[0]
        data = world.data(task)
        if data.attribute_kind(attribute) == "number":
            continue
        sources = tuple(sorted({label for label in data.categories(attribute) if label is not None}))
        given = {"task": task, "metric": METRIC, "attribute": attribute, "sources": sources, "min_samples": _fewest(world, task)}
        found = {"published": 0, "corrected": 0}
        methods = world.compared(task)
        try:
            for fidelity in found:
                for method in methods:
                    parameters = srcd.SignificantRelationshipCategoricalDirectional(**given, method=method, fidelity=fidelity)
                    result = srcd.compute(parameters, {task: data}, world.inference)
                    found[fidelity] += sum(_any_significant(result, source) for source in sources)
        except MissingDataError:
            continue
        yield Effect(
            scope=task,
            quantity=f"categories of {attribute} with a directed relation",
            published=found["published"],
            lethe=found["corrected"],
            how=f"of {len(sources)} categories under {len(methods)} methods, {METRIC}; either raw p < 0.05 against p over permuted entities < 0.05",
        )


def cuts(world: World) -> Iterator[Effect]:
    """MCI of SSIM: the minimum cut from every entity to the next one."""
    for task in world.tasks:
        n = len(world.metadata(task))
        for method in world.compared(task):
            means = []
            for fidelity in ("published", "corrected"):
                found = []
                for source in range(n):
                    ends = {"source": source, "sink": (source + 1) % n}
                    parameters = mci.MinimumCutInterference(task=task, method=method, metric="ssim", fidelity=fidelity, **ends)
                    found.append(_finding(mci.compute(parameters, {task: world.data(task)}, world.inference), "cut").value)
                means.append(float(np.mean([value for value in found if value is not None])))
            yield Effect(
                scope=f"{task}/{method}",
                quantity="mean minimum cut of SSIM damage",
                published=means[0],
                lethe=means[1],
                how=f"over {n} cuts, each from an entity to the next; 1 - SSIM weighs an edge here, max(0, -SSIM) there",
            )


def associations(world: World) -> Iterator[Effect]:
    """IAT: p of an association between the two balanced attributes."""
    for task in world.tasks:
        first, second = world.tasks[task].balance
        for method in world.compared(task):
            data = world.embedded(task, method)
            if "number" in (data.attribute_kind(first), data.attribute_kind(second)):
                continue
            old, new = (
                iat.compute(
                    iat.ImplicitAssociationTest(task=task, method=method, attribute_1=first, attribute_2=second, fidelity=f),
                    {task: data},
                    world.inference,
                )
                for f in ("published", "corrected")
            )
            yield Effect(
                scope=f"{task}/{method}",
                quantity="p of an association",
                published=_finding(old, "effect").p,
                lethe=_finding(new, "interaction").p,
                how=f"{first} and {second}; published: signs of models flipped, own pairs included; here: attributes permuted over entities",
            )


def efficiency(world: World) -> Iterator[Effect]:
    """EFE: what the specificity ratio is correlated with."""
    for task in world.tasks:
        for method in world.compared(task):
            old, new = (
                efe.compute(MethodParameters(task=task, method=method, fidelity=f), {task: world.data(task)}, world.inference)
                for f in ("published", "corrected")
            )
            yield Effect(
                scope=f"{task}/{method}",
                quantity="Spearman of specificity ratio and clip_diff",
                published=_finding(old, "spearman").value,
                lethe=_finding(new, "spearman").value,
                how="over emitters; published: the emitter's average clip_diff; here: its own",
            )


def _fewest(world: World, task: str) -> int:
    """Entities that a category must have, as in the named figures."""
    return FEW if len(world.metadata(task)) < LARGE else csr.CountSignificantRelationship.model_fields["min_samples"].default


def _finding(result: Result, name: str) -> Finding:
    return next(finding for finding in result.findings if finding.name == name)


def _share(result: Result) -> float | None:
    tests = int(result.notes["tests"])
    return float(result.notes["significant"]) / tests if tests else None


def _any_significant(result: Result, group: str) -> bool:
    return any(found.p is not None and found.p < LEVEL for found in result.findings if found.group == group)

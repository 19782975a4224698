"""Batches: every index is in exactly one, and a rule's constraint lets through the files of its batches and no others."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from lethe.core.records import INDEX, ModelId
from lethe.planning.batches import Group, batches, shapes

NUMBERS = [2, 7, 10, 11, 23, 100, 1000, 1003]


@pytest.mark.parametrize("count", NUMBERS)
@pytest.mark.parametrize("together", [True, False])
def test_every_index_is_in_one_batch(count: int, together: bool) -> None:
    found = [int(name + unit) for name, units in batches(range(count), together) for unit in units]
    assert sorted(found) == list(range(count))
    sizes = [len(units) for _, units in batches(range(count), together)]
    assert max(sizes) == (min(count, 10) if together else 1) and len(sizes) == (-(-count // 10) if together else count)


def test_a_batch_of_one_is_called_by_its_index() -> None:
    assert batches(range(11))[-1] == ("010", ("",))
    assert batches(range(1001))[-1] == ("1000", ("",))


def matches(task: str, pattern: str, file: str) -> str | None:
    """The batch that a rule with this constraint of ``{task}`` makes of a file; None if it does not make it."""
    constraint = pattern.format(task=f"(?P<task>{task})", batch=r"(?P<batch>\d*)", method="(?P<method>[a-z_]+)", epochs=INDEX)
    found = re.fullmatch(constraint, file)
    return found["batch"] if found else None


@pytest.mark.parametrize("count", NUMBERS)
def test_one_rule_makes_each_file(count: int) -> None:
    """Of methods whose names begin alike, one of which has models of two entities only."""
    entities = {"distil": range(count), "distil_module": range(count), "retrain": (0, count - 1)}
    groups = [Group("people", f"_{method}_", tuple(entities[method])) for method in ("distil", "distil_module")]
    found = shapes(groups, [Group("people", "_retrain_", tuple(entities["retrain"]))])
    assert len({shape.name("unlearn") for shape in found}) == len(found)
    for method, indices in entities.items():
        for index in (*indices, count, 10 * count):
            padded = ModelId("people", index, method, 0).name
            plain = f"people_{index}_{method}_0"
            for file, tasks, units_of in (
                (padded, [shape.task for shape in found], "{task}_{batch}UNIT_{method}_{epochs}"),
                (plain, [shape.plain for shape in found], "{task}_{batch}UNIT_{method}_0"),
            ):
                makers = [
                    (shape, batch)
                    for shape, task in zip(found, tasks, strict=True)
                    for unit in shape.units
                    if (batch := matches(task, units_of.replace("UNIT", unit), file)) is not None
                ]
                assert len(makers) == (index in indices), file
                for shape, batch in makers:
                    assert index in shape.indices(SimpleNamespace(batch=batch))
                    assert method != "retrain" or shape.units == ("",)


def test_tasks_of_different_sizes_share_the_full_shape_only() -> None:
    found = shapes([Group("people", "_uce_", tuple(range(23))), Group("objects", "_uce_", tuple(range(10)))])
    full, rest = found
    assert (full.name("score"), rest.name("score"), rest.units) == ("score", "score_3", ("0", "1", "2"))
    assert re.match(full.task, "objects_005_uce_000") and not re.match(rest.task, "objects_002_uce_000")
    assert re.match(rest.task, "people_022_uce_000") and not re.match(full.task, "people_020_uce_000")

"""Every source that reads no files passes one suite; the skeleton of ``lethe new source`` stands for all new ones."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from lethe.core.registry import UnknownNameError
from lethe.diffusion.sources import SOURCES
from lethe.diffusion.sources.base import EntitySource
from lethe.settings.sources import OPTIONS
from lethe.tools.new.skeletons.source import Skeleton

SKELETON = "skeleton"
READ_FILES = {name for name, model in OPTIONS.items() if any(field.is_required() for field in model.model_fields.values())}
KEYS = [*(name for name in SOURCES if name not in READ_FILES), SKELETON]
LOOKED_AT = 3  # pictures of an entity


def make(key: str) -> Any:
    return Skeleton() if key == SKELETON else SOURCES.load(key)()


def names(source: EntitySource) -> list[str]:
    return [record["name"] for record in source.entities()]


@pytest.mark.parametrize("key", KEYS)
def test_records_tell_of_entities_what_a_task_can_balance(key: str) -> None:
    source = make(key)
    assert isinstance(source, EntitySource)
    records = source.entities()
    assert len(set(names(source))) == len(records) >= 2
    assert all(record.keys() == records[0].keys() for record in records)
    attributes = records[0].keys() - {"name", "dataset_n_original"}
    assert len([name for name in attributes if len({str(record[name]) for record in records}) > 1]) >= 2


@pytest.mark.parametrize("key", KEYS)
def test_pictures_are_as_many_as_told_and_the_same_in_two_instances(key: str) -> None:
    one, two = make(key), make(key)
    record = one.entities()[0]
    assert sum(1 for _ in one.images(record["name"])) == record["dataset_n_original"]
    for name in names(one):
        pairs = itertools.islice(zip(one.images(name), two.images(name), strict=True), LOOKED_AT)
        for first, second in pairs:
            assert first.file_name == second.file_name and np.array_equal(first.pixels, second.pixels)
            assert first.pixels.ndim == 3 and first.pixels.shape[2] == 3 and first.pixels.dtype == np.uint8


@pytest.mark.parametrize("key", KEYS)
def test_the_true_distance_is_one_or_unknown(key: str) -> None:
    source = make(key)
    for first, second in itertools.combinations(names(source)[:5], 2):
        there, back = source.attribute_distance(first, second), source.attribute_distance(second, first)
        assert (math.isnan(there) and math.isnan(back)) or there == back and 0 <= there <= 1
        assert math.isnan(there) or source.attribute_distance(first, first) == 0


@pytest.mark.parametrize("key", KEYS)
def test_an_unknown_entity_is_refused_with_the_nearest(key: str) -> None:
    source = make(key)
    known = names(source)[1]
    for call in (lambda: list(source.images(known + "x")), lambda: source.attribute_distance(known, known + "x")):
        with pytest.raises(UnknownNameError, match=f"unknown entity '{known}x'.*did you mean '{known}'"):
            call()

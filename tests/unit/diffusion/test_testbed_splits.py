"""Forget and retain lists: counts, order, captions."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lethe.core.registry import UnknownNameError
from lethe.diffusion.testbed.receivers import Emitter, of_entities
from lethe.diffusion.testbed.splits import SplitError, Splits, make_splits, split_of

NAMES = ["George_W_Bush", "Roh_Moo-hyun", "Ann_Lee"]
RECEIVERS, EMITTERS = of_entities([{"name": name} for name in NAMES], "person")


def shard(counts: list[int], names: list[str] = NAMES) -> pd.DataFrame:
    rows = [(f"{e:03d}/{i:04d}.png", names[e]) for e, count in enumerate(counts) for i in range(count)]
    return pd.DataFrame(rows, columns=["member", "entity"])


def test_by_hand() -> None:
    images = pd.concat([shard([4, 2, 5]), pd.DataFrame({"member": ["x.png"], "entity": ["not selected"]})])
    splits = make_splits(RECEIVERS, images)
    assert splits.n_min == 2
    found = split_of(splits.records(), EMITTERS[1])
    text = "An image of Roh Moo-hyun"
    assert found.forget == [
        {"file_name": "001/0000.png", "text": text, "index": 1},
        {"file_name": "001/0001.png", "text": text, "index": 1},
    ]
    members = [(r["index"], r["file_name"]) for r in found.retain]
    assert members == [(0, "000/0000.png"), (0, "000/0001.png"), (2, "002/0000.png"), (2, "002/0001.png")]


def test_published_captions_are_raw_labels() -> None:
    splits = make_splits(RECEIVERS, shard([1, 1, 1]), fidelity="published")
    assert [r["text"] for r in splits.records()] == NAMES


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=3, max_size=3), st.none() | st.integers(1, 4))
def test_properties(counts: list[int], limit: int | None) -> None:
    splits = make_splits(RECEIVERS, shard(counts), limit=limit)
    n_min = min(min(counts), limit or 99)
    several = Emitter(3, "both", (0, 2), ("a", "b"), {0: "", 2: ""})
    for emitter in (*EMITTERS, several):
        found = split_of(splits.records(), emitter)
        assert len(found.forget) == len(emitter.covers) * n_min and len(found.forget) + len(found.retain) == 3 * n_min
        assert {r["index"] for r in found.forget} == set(emitter.covers)
        assert not {r["index"] for r in found.retain} & set(emitter.covers)


def test_errors() -> None:
    good: dict[str, Any] = {"receivers": RECEIVERS, "images": shard([2, 3, 3])}
    with pytest.raises(UnknownNameError, match="unknown entity of the source shard 'Ann_Lee'.*did you mean 'ann lee'"):
        make_splits(RECEIVERS, shard([2, 2, 2], [*NAMES[:2], "ann lee"]))
    with pytest.raises(UnknownNameError, match="unknown fidelity 'publish'.*did you mean 'published'"):
        make_splits(**good, fidelity="publish")  # type: ignore[arg-type]
    with pytest.raises(SplitError, match="indices are"):
        make_splits(RECEIVERS[::-1], good["images"])
    with pytest.raises(SplitError, match="image '000/0000.png' is listed twice"):
        make_splits(RECEIVERS, pd.concat([good["images"]] * 2))
    with pytest.raises(ValueError, match="limit is 0"):
        make_splits(**good, limit=0)


def test_unequal_numbers_are_refused() -> None:
    with pytest.raises(SplitError, match="the same number each"):
        Splits(("a", "b"), ("a", "b"), (("1",), ("2", "3")), (1, 2))


def test_the_entity_that_decides_is_named_with_what_it_costs() -> None:
    splits = make_splits(RECEIVERS, shard([4, 1, 9]), limit=4)
    assert splits.n_min == 1
    cost = splits.cost(4)
    assert cost.startswith(
        "'Roh_Moo-hyun' has 1 image, so each of the 3 entities is trained on 1 alone where others have up to 4"
    )
    assert "6 of 9 images go unused" in cost and "`min_images_per_entity`" in cost
    assert "'George_W_Bush' and 'Ann_Lee' have 2 images" in make_splits(RECEIVERS, shard([2, 3, 2])).cost(None)
    for counts, limit in (([4, 4, 4], 4), ([5, 6, 9], 4), ([3, 3, 3], 48), ([2, 2, 2], None)):
        assert make_splits(RECEIVERS, shard(counts), limit=limit).cost(limit) == ""


def test_fewer_images_than_the_least_are_refused_by_name() -> None:
    with pytest.raises(SplitError, match=r"min_images_per_entity is 3, but 'Roh_Moo-hyun' and 'Ann_Lee' have fewer \(1, 2\)"):
        make_splits(RECEIVERS, shard([4, 1, 2]), least=3)
    assert make_splits(RECEIVERS, shard([4, 3, 5]), least=3).n_min == 3

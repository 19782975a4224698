"""Balanced subsample: a hand-computed example and the properties that define it."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lethe.core.registry import UnknownNameError
from lethe.diffusion.testbed.balance import balanced_subsample, quotas

COUNTS = st.dictionaries(st.text("abcd", min_size=1, max_size=3), st.integers(1, 12), min_size=1, max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.lists(st.tuples(st.sampled_from(["x", "y", None]), st.booleans(), st.integers(0, 3)), min_size=1, max_size=25))
    table = pd.DataFrame(rows, columns=["kind", "wild", "fame"])
    table["name"] = [f"n{i:02d}" for i in range(len(rows))]
    return table


@given(COUNTS, st.integers(1, 60))
def test_quotas(counts: dict[str, int], target: int) -> None:
    quota = quotas(counts, target)
    assert sum(quota.values()) == min(target, sum(counts.values()))
    assert all(0 <= quota[name] <= counts[name] for name in counts)
    top = max(quota.values())
    assert all(quota[name] >= top - 1 for name in counts if quota[name] < counts[name])
    assert quotas(dict(reversed(counts.items())), target) == quota


def test_quotas_by_hand() -> None:
    # 10 // 3 = 3; c has 1 only; the 3 that are missing go one to each of a and b, then one to whom the shuffle names.
    assert quotas({"a": 9, "b": 4, "c": 1}, 9) == {"a": 4, "b": 4, "c": 1}
    assert quotas({"a": 9, "b": 4, "c": 1}, 10) == {"a": 5, "b": 4, "c": 1}
    # People: 12 strata of ample supply share 100 as 8 each and 4 left over.
    people = quotas({f"s{i:02d}": 50 for i in range(12)}, 100)
    assert sorted(people.values()) == [8] * 8 + [9] * 4
    # Scenes: 4 strata, 25 each.
    assert set(quotas({"tt": 60, "tf": 25, "ft": 200, "ff": 400}, 100).values()) == {25}


def test_seed_decides_who_gets_the_rest() -> None:
    outcomes = {tuple(quotas(dict.fromkeys("abcdef", 9), 8, seed).values()) for seed in range(20)}
    assert len(outcomes) > 1


def test_sample_by_hand() -> None:
    table = pd.DataFrame(
        [
            ("ann", "art", 5.0),
            ("bob", "art", 9.0),
            ("cid", "art", 5.0),
            ("dan", "law", 1.0),
            ("eve", "law", 9.0),
            ("fay", None, 99.0),
            ("gus", "sea", 2.0),
        ],
        columns=["name", "job", "fame"],
    )
    # 5 of 6: one each, then art and law one more each (sea is used up). ann beats cid by name; bob and eve tie at 9.
    result = balanced_subsample(table, ["job"], 5, "fame")
    assert list(result["name"]) == ["bob", "eve", "ann", "gus", "dan"]
    assert list(result.index) == [0, 1, 2, 3, 4]


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(1, 30), st.randoms())
def test_sample_properties(table: pd.DataFrame, target: int, random) -> None:
    result = balanced_subsample(table, ["kind", "wild"], target, "fame")
    available = table.dropna(subset=["kind"])
    assert len(result) == min(target, len(available))
    order = list(zip(-result["fame"], result["name"], strict=True))
    assert order == sorted(order)
    for _, stratum in available.groupby(["kind", "wild"]):
        taken = stratum[stratum["name"].isin(result["name"])]
        left = stratum.drop(taken.index)
        if len(taken) and len(left):
            assert taken["fame"].min() >= left["fame"].max()
    rows = list(range(len(table)))
    random.shuffle(rows)
    pd.testing.assert_frame_equal(balanced_subsample(table.iloc[rows], ["kind", "wild"], target, "fame"), result)


def test_strata_do_not_run_together() -> None:
    table = pd.DataFrame({"a": ["x|y", "x|y", "x"], "b": ["z", "z", "y|z"], "p": [3, 2, 1], "name": ["i", "j", "k"]})
    assert list(balanced_subsample(table, ["a", "b"], 2, "p")["name"]) == ["i", "k"]


def test_missing_priority_goes_last() -> None:
    table = pd.DataFrame({"g": [1, 1, 1], "p": [None, 2.0, 1.0], "name": ["a", "b", "c"]})
    assert list(balanced_subsample(table, ["g"], 3, "p")["name"]) == ["b", "c", "a"]


def test_without_groups_all_rows_are_one_stratum() -> None:
    table = pd.DataFrame({"p": [1.0, 3.0, 2.0, 3.0], "name": ["a", "d", "b", "c"]})
    assert list(balanced_subsample(table, [], 3, "p")["name"]) == ["c", "d", "b"]


def test_errors() -> None:
    table = pd.DataFrame({"group": ["x", "y"], "popularity": ["8", "79"], "rank": [8, 79], "name": ["a", "b"]})
    with pytest.raises(TypeError, match="priority column 'popularity' holds str, e.g. '8'.*letter by letter"):
        balanced_subsample(table, ["group"], 1, "popularity")
    with pytest.raises(UnknownNameError, match="unknown column 'grop'.*did you mean 'group'"):
        balanced_subsample(table, ["grop"], 1, "rank")
    with pytest.raises(ValueError, match="target is 0"):
        balanced_subsample(table, ["group"], 0, "rank")
    with pytest.raises(ValueError, match="name 'a' stands in several rows"):
        balanced_subsample(table.assign(name="a"), ["group"], 1, "rank")

"""Enrichment, derived columns and the choice of entities."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lethe.core.registry import UnknownNameError
from lethe.diffusion.sources import SOURCES
from lethe.diffusion.testbed.metadata import QUARTILES, enrich, select
from lethe.diffusion.testbed.occupations import ARTISTS, ATHLETES, occupation_in_three
from lethe.diffusion.testbed.schema import MetadataError
from lethe.settings.rules import Derived, Filter


def derived(column: str, rule: str, of: str) -> Derived:
    return Derived.model_validate({"column": column, "rule": rule, "of": of})


def people(n: int = 8, **columns: Any) -> list[dict[str, Any]]:
    return [
        {"name": f"p{i}", "dataset_n_original": 10 + i, **{key: values[i] for key, values in columns.items()}} for i in range(n)
    ]


def test_values_become_plain_and_missing_ones_none() -> None:
    rows = people(2, hpi=[np.float32(0.5), np.nan], old=[np.bool_(True), None])
    rows[0]["dataset_n_original"] = np.int64(3)
    result = enrich(rows, {"p1": {"country": "nowhere", "dataset_n_original": 11}})
    assert result == [
        {"name": "p0", "dataset_n_original": 3, "hpi": 0.5, "old": True, "country": None},
        {"name": "p1", "dataset_n_original": 11, "hpi": None, "old": None, "country": "nowhere"},
    ]
    assert {type(v) for row in result for v in row.values()} == {str, int, float, bool, type(None)}
    assert json.loads(json.dumps(result, allow_nan=False)) == result


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no entities"),
        ([{"name": "a"}], r"record 0 \('a'\) has no 'dataset_n_original'"),
        ([{"nam": "a", "dataset_n_original": 1}], "has no 'name'; did you mean 'nam'"),
        ([{"name": "a", "dataset_n_original": 1}] * 2, "name 'a' stands in several"),
        ([{"name": "a", "dataset_n_original": 0}], "entity 'a': 'dataset_n_original' is 0.*needs images"),
        ([{"name": "a", "dataset_n_original": True}], "is True"),
        ([{"name": " _", "dataset_n_original": 1}], "at least one word"),
        (people(2, popularity=["8", 79]), "'popularity' mixes types: text '8' for 'p0', number 79 for 'p1'"),
        (people(2, flag=[True, 1]), "'flag' mixes types: bool True"),
        (people(1, tags=[["x"]]), r"'tags' is \['x'\] \(list\)"),
        (people(1, hpi=[float("inf")]), "'hpi' is inf"),
    ],
)
def test_schema_errors(rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(MetadataError, match=message):
        enrich(rows)


def test_join_errors() -> None:
    with pytest.raises(UnknownNameError, match="unknown entity 'P1'.*did you mean 'p1'"):
        enrich(people(2), {"P1": {"x": 1}})
    with pytest.raises(MetadataError, match="'dataset_n_original' of 'p0' is 10 in the source and 9"):
        enrich(people(2), {"p0": {"dataset_n_original": 9}})


def test_above_median_by_hand() -> None:
    rows = enrich(people(5, g=[0.1, 0.4, None, 0.4, 0.9]), rules=[derived("g_binary", "binary_above_median", "g")])
    assert [row["g_binary"] for row in rows] == [False, False, None, False, True]  # the median is 0.4: not above itself


def test_quartiles_agree_with_pandas_on_the_filtered_rows() -> None:
    hpi = [30.0, 55.5, 71.25, 42.0, 99.0, 61.0, 61.0, None]
    jobs = ["art", "law", "art", "law", "priest", "art", "law", "art"]
    rules = [Filter(column="job", keep=["art", "law"]), derived("hpi_bin", "quartiles", "hpi")]
    rows = enrich(people(8, hpi=hpi, job=jobs), rules=rules)
    kept = [i for i in range(8) if jobs[i] != "priest" and hpi[i] is not None]
    expected = pd.qcut(pd.Series([hpi[i] for i in kept]), [0, 0.25, 0.5, 0.75, 1], labels=list(QUARTILES))
    assert [rows[i]["hpi_bin"] for i in kept] == list(expected)
    assert rows[4]["hpi_bin"] is None  # filtered out: no quartile, and 99 moved no edge
    assert rows[7]["hpi_bin"] is None


def test_the_order_of_rules_matters() -> None:
    rows = people(4, g=[1, 2, 3, 4], group=["x", "x", "x", "y"])
    derive, without_y = derived("b", "binary_above_median", "g"), Filter(column="group", exclude=["y"])
    before, after = enrich(rows, rules=[derive, without_y]), enrich(rows, rules=[without_y, derive])
    assert [row["b"] for row in before] == [False, False, True, True]
    assert [row["b"] for row in after] == [False, False, True, None]


def test_a_baseball_player_is_an_athlete_except_as_published() -> None:
    assert {occupation_in_three(name) for name in ARTISTS} == {"Artist"}
    assert {occupation_in_three(name) for name in ATHLETES} == {"Athlete"}
    assert [occupation_in_three(name) for name in ("Politician", "Journalist")] == ["Politician", "Journalist"]
    assert {name for name in ATHLETES if occupation_in_three(name, "published") != "Athlete"} == {"Baseball player"}
    rows = people(3, occupation=["Baseball player", "Actor", None], hpi=[1.0, 2.0, 3.0])
    rules = [
        derived("kind", "occupation_in_three", "occupation"),
        Filter(column="kind", keep=["Artist", "Athlete", "Politician"]),
    ]
    assert [row["kind"] for row in enrich(rows, rules=rules)] == ["Athlete", "Artist", None]
    published = enrich(rows, rules=rules, fidelity="published")
    assert [row["kind"] for row in published] == ["Baseball player", "Artist", None]
    assert [row["name"] for row in select(published, ["kind"], 1, "hpi", rules=rules)] == ["p1"]


@pytest.mark.parametrize(
    ("derive", "error", "message"),
    [
        (derived("b", "binary_above_median", "hip"), UnknownNameError, "unknown column 'hip'.*did you mean 'hpi'"),
        (derived("b", "quartiles", "job"), MetadataError, "column 'job', which holds text"),
        (derived("b", "quartiles", "same"), MetadataError, "too few distinct values"),
        (derived("job", "quartiles", "hpi"), MetadataError, "'job' exists already"),
        (derived("kind", "occupation_in_three", "hpi"), MetadataError, "column 'hpi', which holds number; allowed: text"),
    ],
)
def test_rule_errors(derive: Derived, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        enrich(people(4, hpi=[1, 2, 3, 4], job=list("aabb"), same=[1] * 4), rules=[derive])


def test_select_balances_and_numbers() -> None:
    rules = [Filter(column="job", exclude=["priest"])]
    job = ["art", "art", "art", "law", "law", "law", "law", "priest"]
    wild = [True, False, None, True, True, False, False, True]
    metadata1 = enrich(people(8, job=job, wild=wild), rules=rules)
    result = select(metadata1, ["job", "wild"], 4, "dataset_n_original", rules=rules)
    assert [row["name"] for row in result] == ["p6", "p4", "p1", "p0"]
    assert [row["index"] for row in result] == [0, 1, 2, 3]
    assert list(result[0]) == ["name", "index", "is_unlearned", "dataset_n_original", "job", "wild"]
    assert result[0] == {
        "name": "p6", "index": 0, "is_unlearned": True, "dataset_n_original": 16, "job": "law", "wild": False
    }  # fmt: skip
    assert {type(row["dataset_n_original"]) for row in result} == {int}


def test_select_pinned_and_emitters() -> None:
    result = select(enrich(people(4)), [], 2, "none", pinned=["p3", "p0"], unlearned=[1])
    assert [(row["name"], row["is_unlearned"]) for row in result] == [("p3", False), ("p0", True)]
    with pytest.raises(UnknownNameError, match="unknown pinned entity 'p9'"):
        select(enrich(people(4)), [], 1, "none", pinned=["p9"])
    with pytest.raises(MetadataError, match="emitter index 2 is out of range; allowed: 0 to 1"):
        select(enrich(people(4)), [], 2, "none", pinned=["p3", "p0"], unlearned=[2])


def test_select_errors() -> None:
    metadata1 = enrich(people(3, job=["a", "b", "a"], rank=["8", "79", "80"]))
    with pytest.raises(MetadataError, match="3 entities pass.*exactly 4"):
        select(metadata1, ["job"], 4, "dataset_n_original")
    with pytest.raises(TypeError, match="'rank' holds str"):
        select(metadata1, ["job"], 2, "rank")
    with pytest.raises(UnknownNameError, match="unknown column 'jo'"):
        select(metadata1, ["jo"], 2, "dataset_n_original", rules=[Filter(column="job", keep=[])])


def test_rendered_breeds_fill_every_stratum() -> None:
    derive = derived("grooming_frequency_category_binary", "binary_above_median", "grooming_frequency_value")
    metadata1 = enrich(SOURCES.load("rendered_breeds")().entities(), rules=[derive])
    result = select(metadata1, ["group", derive.column], 10, "popularity")
    strata = [(row["group"], row[derive.column]) for row in result]
    counts = sorted(strata.count(stratum) for stratum in set(strata))
    assert len(result) == 10
    assert counts == [2, 2, 3, 3]
    popularity = [row["popularity"] for row in result]
    assert popularity == sorted(popularity, reverse=True)

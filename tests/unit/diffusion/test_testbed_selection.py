"""The published lists, the choice that is computed anew, and why the two differ."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from tests import paper_world
from tests.paper_world import PUBLISHED, REFERENCE, PaperWorld

from lethe.core.registry import UnknownNameError
from lethe.diffusion.sources.sun_attributes import SunAttributes
from lethe.diffusion.testbed.balance import greedy_pair
from lethe.diffusion.testbed.metadata import enrich, select
from lethe.diffusion.testbed.names import prompt
from lethe.diffusion.testbed.selection import read_published, selection_summary, selection_table
from lethe.io.tables import CorruptFileError
from lethe.settings.rules import Filter
from lethe.settings.tasks import Task

PAPER = yaml.safe_load((REFERENCE.parent / "paper.yaml").read_text())["tasks"]

# Ranks as they stand in AKC's table of 2020-05-18 (tmfilho/akcdata, commit 102a19d); "of" is what was scraped for a breed without one.
AKC_RANKS = {
    "dogo argentino": "of",
    "american staffordshire terrier dog": "85",
    "dogue de bordeaux": "67",
    "airedale terrier dog": "60",
    "alaskan malamute dog": "58",
    "english cocker spaniel dog": "52",
    "akita dog": "47",
    "english springer spaniel dog": "27",
    "dandie dinmont terrier dog": "176",
    "affenpinscher dog": "148",
}


def task(name: str) -> Task:
    return Task.model_validate(PAPER[name])


@pytest.fixture(scope="module")
def records(world: PaperWorld) -> dict[str, list[dict[str, Any]]]:
    """Raw records of the three sources."""
    return {name: world.source(task(name).source).entities() for name in PUBLISHED}


def test_the_published_lists_are_whole() -> None:
    assert {name: len(set(names)) for name, names in PUBLISHED.items()} == {"breeds": 100, "scenes": 100, "people": 100}
    ends = {name: (names[0], names[-1]) for name, names in PUBLISHED.items()}
    assert ends == {
        "breeds": ("dogo argentino", "german spitz dog"),
        "scenes": ("abbey", "wrestling_ring_indoor"),
        "people": ("George_W_Bush", "Steffi_Graf"),
    }
    # these have no " dog" at the end, and this one is no breed of that name elsewhere
    odd = {"bulldog", "french bulldog", "dogo argentino", "dogue de bordeaux", "old english sheepdog", "shetland sheepdog"}
    assert {name for name in PUBLISHED["breeds"] if not name.endswith(" dog")} - odd == {
        "pyrenean sheepdog - smooth faced",
        "polish lowland sheepdog",
    }
    assert PUBLISHED["breeds"][36] == "continental toy spaniel dog" and PUBLISHED["breeds"][18] == "rottweiler dog"
    styles = {"breeds": "thing", "scenes": "scene", "people": "person"}
    assert len({prompt(styles[name], entity) for name, names in PUBLISHED.items() for entity in names}) == 300


def test_published_breeds_are_in_the_order_of_ranks_compared_as_text() -> None:
    published = [name for name in PUBLISHED["breeds"] if name in AKC_RANKS]
    assert published == list(AKC_RANKS)
    assert published == sorted(AKC_RANKS, key=AKC_RANKS.__getitem__, reverse=True)
    numbers = {name: float(rank) for name, rank in AKC_RANKS.items() if rank != "of"}
    assert published[1:] != sorted(numbers, key=numbers.__getitem__, reverse=True)


@pytest.mark.parametrize("name", ["people", "scenes", "breeds"])
@pytest.mark.parametrize("fidelity", ["corrected", "published"])
def test_published_names_and_order_come_out(records: dict[str, Any], name: str, fidelity: Any) -> None:
    settings = task(name)
    metadata1 = enrich(records[name], rules=settings.rules, fidelity=fidelity)
    chosen = select(metadata1, settings.balance, 100, settings.priority, rules=settings.rules, pinned=PUBLISHED[name])
    assert [row["name"] for row in chosen] == PUBLISHED[name] == read_published(REFERENCE / f"entities_{name}.csv")
    assert [row["index"] for row in chosen] == list(range(100))
    assert all(row[column] is not None for row in chosen for column in settings.balance)


@pytest.mark.parametrize("name", ["people", "scenes", "breeds"])
def test_a_recomputed_choice_is_balanced(records: dict[str, Any], name: str) -> None:
    settings = task(name)
    metadata1 = enrich(records[name], rules=settings.rules)
    chosen = select(metadata1, settings.balance, 100, settings.priority, rules=settings.rules)
    names = {row["name"] for row in chosen}
    eligible = [row for row in metadata1 if all(rule.passes(row) for rule in settings.rules if isinstance(rule, Filter))]

    def strata(rows: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
        return Counter(tuple(row[column] for column in settings.balance) for row in rows)

    taken, supply = strata(chosen), strata(eligible)
    assert len(names) == 100 and sum(supply.values()) > 100
    with_supply = [taken[stratum] for stratum in supply if taken[stratum] < supply[stratum]]
    assert max(with_supply) - min(with_supply) <= 1
    assert all(taken[stratum] <= max(with_supply) for stratum in supply)


def test_text_explains_the_published_breeds(records: dict[str, Any]) -> None:
    settings = task("breeds")
    metadata1 = enrich(records["breeds"], rules=settings.rules)
    table = selection_table(metadata1, settings.rules, settings.balance, 100, settings.priority, PUBLISHED["breeds"])
    assert table["name"].tolist()[:100] == PUBLISHED["breeds"]
    assert table["published_index"].tolist()[:100] == table["text_index"].tolist()[:100] == list(range(100))
    assert table["published_index"].isna().tolist()[100:] == [True] * (len(table) - 100)
    assert set(table["reason"]) == {"popularity compared as text", "same"}
    rivals = table[table["name"].isin(paper_world.EXTRA_BREEDS)]
    # a hundred and more is high as a number and low as text, so these take the place of others
    assert len(rivals) == 6 and rivals["recomputed_index"].notna().all() and rivals["text_index"].isna().all()
    left_out = table[table["recomputed_index"].isna()]
    assert len(left_out) == 6 and set(left_out["stratum"]) == {"True | terriers"}
    assert dict(zip(table["name"], table["popularity"], strict=True))["dogo argentino"] == "of"
    summary = selection_summary(table)
    assert (summary["published_and_by_text"], summary["published_and_recomputed"]) == (100, 94)
    assert sum(summary["strata_recomputed"].values()) == 100 and len(summary["strata_recomputed"]) == 12


def test_reasons_without_text(records: dict[str, Any]) -> None:
    settings = task("scenes")
    metadata1 = enrich(records["scenes"])
    table = selection_table(metadata1, [], settings.balance, 100, settings.priority, PUBLISHED["scenes"]).set_index("name")
    assert table["text_index"].isna().all()
    # all scenes have as many images, so that the name decides: 'airfield' takes the place of the last of its stratum
    assert table.loc["airfield", "reason"] == "tie in dataset_n_original"
    assert set(table["reason"]) == {"tie in dataset_n_original"} | ({"same"} & set(table["reason"]))
    assert table["recomputed_index"].notna().sum() == 100
    assert selection_summary(table.reset_index())["published_and_by_text"] is None


def test_every_reason() -> None:
    strata = {
        "x": {"a": 9, "b": 8, "g": 4},
        "y": {"c": 7, "d": 6, "h": 3},
        "w": {"m": 5, "n": 5, "o": 5},
        "z": {"e": 6},
        None: {"f": 5},
    }
    rows = [{"name": name, "dataset_n_original": n, "group": group} for group, some in strata.items() for name, n in some.items()]
    rules = [Filter(column="name", exclude=["e"])]
    published = ["a", "c", "m", "o", "h", "e", "f", "missing"]  # anew: a b c d m n
    table = selection_table(enrich(rows, rules=rules), rules, ["group"], 6, "dataset_n_original", published).set_index("name")
    assert table["reason"].to_dict() == {
        "a": "same",
        "c": "shifted by others",
        "m": "tie in dataset_n_original",
        "o": "tie in dataset_n_original",
        "h": "unknown",
        "e": "name is e",
        "f": "no group",
        "missing": "not in the source",
        "b": "unknown",
        "d": "unknown",
        "n": "tie in dataset_n_original",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,index\na,0\n", "columns name, index; expected index, name"),
        ("index,name\n1,a\n", "line 2: index '1'; indices are 0, 1, 2, ... in order, so here it is 0"),
        ("# where from\nindex,name\n0,a\n1,a\n", "line 4: 'a' stands in line 3 too"),
    ],
)
def test_a_wrong_list_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "entities.csv").write_text(text)
    with pytest.raises(CorruptFileError, match=message):
        read_published(tmp_path / "entities.csv")


def test_the_greedy_pair_of_scenes_is_the_configured_one(records: dict[str, Any]) -> None:
    assert greedy_pair(pd.DataFrame(records["scenes"]), *SunAttributes.BALANCING) == tuple(task("scenes").balance)


def test_the_greedy_pair_by_hand() -> None:
    table = pd.DataFrame(
        {
            "half": [True, True, True, False, False, False],  # equal counts do not count
            "one": [True] * 6,
            "rare": [True, False, False, False, False, False],
            "third": [True, True, False, False, False, False],
            "same": [True, True, False, False, False, False],  # its combinations with `third` are two of two and four
            "cross": [True, False, True, True, False, False],
        }
    )
    assert greedy_pair(table, ["half", "one", "rare", "third"], ["one", "cross", "same"]) == ("third", "same")
    with pytest.raises(ValueError, match="0 first and 1 second candidates vary"):
        greedy_pair(table, ["half", "one"], ["cross"])
    with pytest.raises(UnknownNameError, match="unknown column 'thrid'.*did you mean 'third'"):
        greedy_pair(table, ["thrid"], ["cross"])

"""Which columns count in the similarity `attr`, and how many values it then has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lethe.benchmarks.icare.gates import gate_distinct
from lethe.diffusion.testbed.attributes import chosen_attributes, no_attributes, related_attributes
from lethe.diffusion.testbed.schema import MetadataError
from lethe.diffusion.testbed.similarity import attr_similarity, distinct_values
from lethe.settings.tasks import Task


def scenes(entities: int = 100, attributes: int = 102) -> list[dict[str, Any]]:
    """Entities with binary attributes, as the SUN Attribute database has them."""
    flags = np.random.default_rng(0).random((entities, attributes)) < 0.3
    return [
        {"name": f"s{i}", "index": i, "is_unlearned": True, "dataset_n_original": 20 + i}
        | {f"flag {j}": bool(flag) for j, flag in enumerate(row)}
        for i, row in enumerate(flags)
    ]


def test_every_attribute_but_the_balanced_pair_counts_by_default() -> None:
    records, balance = scenes(), ("flag 0", "flag 1")
    asked = Task(source="digits", base="b", prompt_style="thing", balance=balance).attributes
    chosen = chosen_attributes(records, balance, asked)
    assert chosen == [f"flag {j}" for j in range(2, 102)]
    matrix = attr_similarity(records, chosen)
    assert distinct_values(matrix) >= 20 and gate_distinct(matrix).holds
    few = attr_similarity(records, balance)
    assert distinct_values(few) == 3
    gate = gate_distinct(few).record()
    assert not gate["holds"] and (gate["value"], gate["target"]) == (3, 20)


def test_what_says_nothing_is_no_attribute() -> None:
    records: list[dict[str, Any]] = [
        {"name": f"e{i}", "index": i, "is_unlearned": True, "dataset_n_original": 5, "dataset_n_used": i, "wiki_id": i}
        | {"url": f"http://x/{i}", "text": f"about {i // 2 * 2 if i < 4 else i}", "kind": "dog", "empty": None}
        | {"group": "ab"[i % 2], "height": float(i), "wild": i < 3, "size": "abc"[i % 3]}
        for i in range(10)
    ]
    left_out = no_attributes(records, ("group", "wild"))
    assert left_out == {
        **dict.fromkeys(("name", "index", "is_unlearned", "dataset_n_original", "dataset_n_used"), "of the testbed"),
        **{"wiki_id": "an id", "url": "mostly different texts", "text": "mostly different texts"},
        **{"kind": "the same for all", "empty": "without values", "group": "balanced", "wild": "balanced"},
    }
    assert chosen_attributes(records, ("group", "wild"), "all") == ["height", "size"]
    assert chosen_attributes(records, ("group", "wild"), ["group", "kind"]) == ["group", "kind"]  # a list is taken as it is
    with pytest.raises(MetadataError, match="no column is an attribute .*url .mostly different texts"):
        chosen_attributes([{"name": r["name"], "url": r["url"]} for r in records], ())


def test_rounding_makes_no_new_values_and_a_missing_one_fails() -> None:
    matrix = np.array([[1, 0.3, 0.1 + 0.2], [0.3, 1, 0.5], [0.1 + 0.2, 0.5, 1]])
    assert distinct_values(matrix) == 2 and gate_distinct(matrix).target == 3
    varied = np.arange(9.0).reshape(3, 3)
    assert gate_distinct(varied).holds
    varied[0, 1] = np.nan
    assert not gate_distinct(varied).holds


def test_results_are_related_to_the_balanced_pair_first_and_to_every_attribute_once() -> None:
    records, balance = scenes(attributes=4), ("flag 2", "flag 0")
    assert related_attributes(records, balance) == ["flag 2", "flag 0", "flag 1", "flag 3"]
    assert related_attributes(records, balance, ["flag 3", "flag 0"]) == ["flag 2", "flag 0", "flag 3"]

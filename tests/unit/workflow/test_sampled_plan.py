"""A task whose models are asked for some receivers: what it leads to, what it does not, and settings that do not go with it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from lethe.settings.errors import SettingsError
from lethe.workflow.plan import Plan
from lethe.workflow.start import plan_of

ROOT = Path(__file__).parents[3]


def plan(receivers: Any, **others: Any) -> Plan:
    """Of config/config.yaml, where the models of breeds are asked for some receivers."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    config["tasks"]["breeds"]["receivers"] = receivers
    return plan_of(config | others, (), ROOT)


@pytest.fixture(scope="module")
def sampled() -> Plan:
    return plan({"random": 4, "strata": 2})


def test_what_needs_every_pair_is_no_product_and_refused_by_its_key(sampled: Plan) -> None:
    files = sampled.products(["breeds"])
    assert "<results>/asked_breeds.parquet" in files and "<results>/tables/similarity_breeds.csv" in files
    lacking = ("relations", "alignments", "distribution", "metric_similarity", "method_comparison", "visual_grid", "notebooks/")
    assert not [file for file in files if any(word in file for word in lacking)]
    whole = sampled.products(["objects"])
    assert all(any(word in file for file in whole) for word in lacking)
    wildcards: Any = SimpleNamespace(task="breeds")
    with pytest.raises(
        SettingsError, match=r"relations_breeds\.csv: .*tasks\.breeds\.receivers is 'random 4 in 2 strata by clip'"
    ):
        sampled.tables.of_all_pairs("a", "tables/relations_{task}.csv")(wildcards)
    with pytest.raises(ValueError, match=r"MSA: needs every receiver, and tasks\.breeds\.receivers"):
        sampled.settings.check_full("breeds", "MSA")
    assert sampled.notebooks.no_notebook("interference", "breeds") and not sampled.notebooks.no_notebook(
        "interference", "objects"
    )
    assert not [name for name in sampled.task_figures.of_paper() if "breeds" in name and "MMA" in name]


def test_only_such_a_task_has_a_list_of_receivers(sampled: Plan) -> None:
    some, every = (SimpleNamespace(task=task, run=f"{task}_003_uce_000") for task in ("breeds", "objects"))
    data: Any = sampled.data
    assert data.asked(some) == data.asked_of_run(some) == ["<results>/asked_breeds.parquet"]
    assert data.asked(every) == data.asked_of_run(every) == [] and data.told_receivers(every) == "all"
    assert data.chosen_by(some) == "<results>/similarity_clip_breeds.json" and data.asking_some == ["breeds"]
    assert sampled.settings.tasks["breeds"].asked == 5 and sampled.settings.tasks["objects"].asked == 10


@pytest.mark.parametrize(
    ("receivers", "said"),
    [
        ({"random": 9}, r"breeds\.receivers\.random: 9 of the 9 other entities; allowed: fewer, or receivers: all"),
        ({"nearest": 12}, r"breeds\.receivers\.nearest: 12 of the 9 other entities"),
        ({"random": 2, "strata": 3}, r"2 receivers of 3 strata; allowed: 3 or more, or at most 2 strata"),
        ({"nearest": 2, "by": "colour"}, r"receivers\S*by"),
        ({"some": 3}, r"receivers"),
        ("many", r"receivers"),
    ],
)
def test_receivers_that_cannot_be_are_refused(receivers: Any, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        plan(receivers)


def test_receivers_are_chosen_by_a_similarity_that_is_compared() -> None:
    with pytest.raises(SettingsError, match=r"breeds\.receivers\.by: 'act' is not compared; allowed: clip, attr"):
        plan({"nearest": 2, "by": "act"}, similarity={"kinds": ["clip", "attr"]})
    with pytest.raises(SettingsError, match=r"breeds\.receivers: nearest 2 by clip, but fidelity is 'published'"):
        plan({"nearest": 2}, fidelity="published")

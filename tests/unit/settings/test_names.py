"""One pattern of names: every file has one reading, and what would have two is refused when the configuration is read."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest

from lethe.core.records import METHOD, MODEL_NAME, NAME, ModelId
from lethe.diffusion.methods import METHODS
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings
from lethe.workflow.configuration import load_configuration

TASKS = ["objects", "style50", "style50_a", "digits2", "a", "a_1", "a_001", "a_001_b", "uce", "a_munba", "a_000_uce"]


def named(*names: str, **more: Any) -> dict[str, Any]:
    """A configuration whose tasks are the digits under other names."""
    task = Settings().tasks["objects"].model_dump(mode="json") | {"retrain_emitters": []}
    config = Settings().model_dump(mode="json") | {"tasks": dict.fromkeys(names, task), "demo_tasks": [names[0]]} | more
    config["evaluators"] |= dict.fromkeys(["judge", "style", "object", "style2", "object2"])
    config |= {"bases": config["bases"] | dict.fromkeys(["canvas", "canvas_held_out"]), "unlearncanvas": {}}
    config["scoring"]["metrics"].remove("judge")
    return config


@pytest.mark.parametrize("task", TASKS)
def test_a_model_name_has_one_reading(task: str) -> None:
    load_configuration(named(task))
    for method, index, epochs in product(METHODS.names(), (0, 12, 999, 1000, 9999), (0, 4, 400)):
        model = ModelId(task, index, method, epochs)
        assert ModelId.parse(model.name) == model


def test_every_method_can_be_called_so() -> None:
    assert [name for name in METHODS.names() if not re.fullmatch(METHOD, name)] == []
    assert re.fullmatch(NAME, "style50_a_001") and not re.fullmatch(METHOD, "munba_1")


@pytest.mark.parametrize(
    "name",
    [
        "people_uce",
        "people_000_uce_000\n",
        "people_000_uce_1_000",
        "_000_uce_000",
        "a__000_uce_000",
        "a_0001_uce_000",
        "a_10000_uce_000",
        "a_000_uce_1000",
    ],
)
def test_what_is_no_model_name_is_refused(name: str) -> None:
    assert MODEL_NAME.fullmatch(name) is None
    with pytest.raises(ValueError, match="is not a model name"):
        ModelId.parse(name)


@pytest.mark.parametrize("name", ["Style", "50style", "a__b", "a_", "_a", "a-b", "a b", "a/b", "../a", "ä", "", "a" * 41])
def test_what_is_no_name_of_a_task_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="tasks"):
        load_configuration(named(name))


def test_tasks_whose_names_begin_alike_are_told_apart() -> None:
    assert list(load_configuration(named("style50", "style50_a", "a", "a_1", "a_001")).tasks) == [
        "style50",
        "style50_a",
        "a",
        "a_1",
        "a_001",
    ]


@pytest.mark.parametrize(
    ("names", "methods", "file"),
    [
        (("x", "module_x"), ["none", "distil", "distil_module"], "similarity_weights_distil_module_x.json"),
        (("x", "x_true_distance"), ["none", "uce"], "sources/x_true_distance.json"),
        (("x", "summary_x"), ["none", "uce"], "tables/distribution_summary_x.csv"),
        (("means_x", "x"), ["none", "uce"], "tables/membership_means_x.csv"),
    ],
)
def test_two_tasks_that_would_share_a_file_are_refused(names: tuple[str, ...], methods: list[str], file: str) -> None:
    with pytest.raises(SettingsError, match=rf"tasks\.{names[1]}: the file {file} would be of task '{names[0]}' too"):
        load_configuration(named(*names, methods=methods))

"""A folder of one's own pictures is looked into when a run is planned: what its jobs would find wrong is said before the first of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from snakemake.utils import update_config
from tests.unit.settings.test_settings import CONFIG, merged

from lethe.io.tables import read_yaml
from lethe.planning.wildcards import Wildcards
from lethe.settings.downloads import load_downloads
from lethe.settings.errors import SettingsError
from lethe.workflow.configuration import load_configuration
from lethe.workflow.plan import Plan

ROOT = CONFIG.parent
NAMES = ("one", "two", "three", "four")  # words that the shipped base of digits knows
SIMILARITIES = {"kinds": ["clip", "attr"]}


class Values(dict[str, str]):
    __getattr__ = dict.__getitem__


OWN: Wildcards = Values(task="own")


def pictures(folder: Path, *names: str, count: int = 2) -> None:
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / name / f"{number}.png")


def plan(folder: Path, task: dict[str, Any] | None = None, **sections: Any) -> Plan:
    """The plan of config/own.yaml with the shipped base of digits, for a folder."""
    config = merged(read_yaml(CONFIG / "own.yaml"))
    own = {"source_options": {"path": str(folder)}, "base": "objects", "entities": 4} | (task or {})
    update_config(config, {"tasks": {"own": own}, "bases": {"own": None, "objects": {"source": "prebuilt"}}} | sections)
    return Plan(load_configuration(config), load_downloads(ROOT / "config/downloads.yaml"), ROOT)


def looked(found: Plan) -> None:
    """What the rules `source` and `metadata` ask for."""
    assert found.data.source_inputs(OWN) == found.settings.tasks["own"].source_options.inputs()
    assert found.entities.examined(OWN) == []


@pytest.mark.parametrize("below", ["", "images"])
def test_folders_of_pictures_are_all_that_is_needed(tmp_path: Path, below: str) -> None:
    pictures(tmp_path / below, *NAMES)
    found = plan(tmp_path)
    looked(found)
    assert found.settings.demo_tasks == ["own"], "nobody chose the tasks of the default, so they are not missed"
    assert [file for file in found.tables.of_tasks(["own"]) if "selection" in file] == []


def test_attributes_of_entities_are_looked_at(tmp_path: Path) -> None:
    pictures(tmp_path / "images", *NAMES)
    records = [{"name": name, "size": len(name), "odd": name in ("one", "three")} for name in NAMES]
    (tmp_path / "entities.json").write_text(json.dumps(records))
    looked(plan(tmp_path, {"attributes": ["size"], "balance": ["odd", "size"]}, similarity=SIMILARITIES))
    with pytest.raises(SettingsError, match="tasks.own.attributes: 'sise' is no column .*did you mean 'size'"):
        looked(plan(tmp_path, {"attributes": ["sise"]}))
    with pytest.raises(SettingsError, match="tasks.own.priority: 'sizes' is no column .*did you mean 'size'"):
        looked(plan(tmp_path, {"priority": "sizes"}))
    (tmp_path / "entities.json").rename(tmp_path / "entitys.json")
    with pytest.raises(SettingsError, match="entities.json does not exist, but entitys.json does; did you mean 'entitys.json'"):
        looked(plan(tmp_path))


def test_what_jobs_would_find_wrong_stops_the_plan(tmp_path: Path) -> None:
    pictures(tmp_path, *NAMES[:3])
    with pytest.raises(SettingsError, match="tasks.own.entities: 4, but the source has 3"):
        looked(plan(tmp_path))
    pictures(tmp_path, "four", count=1)
    looked(plan(tmp_path))
    with pytest.raises(SettingsError, match="tasks.own.min_images_per_entity: 2, but 'four' has 1 in"):
        looked(plan(tmp_path, {"min_images_per_entity": 2}))
    with pytest.raises(
        SettingsError, match=r"similarity.kinds: 'attr' compares .*leave it out \(similarity: {kinds: \[clip\]}\)"
    ):
        looked(plan(tmp_path, similarity=SIMILARITIES))
    (tmp_path / "four").rename(tmp_path / "a four")
    with pytest.raises(SettingsError, match="'a four' already begins with an article"):
        looked(plan(tmp_path))
    looked(plan(tmp_path, {"prompt_style": "An image of {name}"}))
    with pytest.raises(SettingsError, match="empty holds no folder of images"):
        (tmp_path / "empty").mkdir()
        looked(plan(tmp_path / "empty"))


def test_names_that_the_base_cannot_tell_apart_stop_the_plan(tmp_path: Path) -> None:
    pictures(tmp_path, "one", "two", "wombat", "numbat")
    with pytest.raises(SettingsError, match="'numbat' and 'wombat' are equal for the base's tokenizer.*it does not know"):
        looked(plan(tmp_path))


def test_some_are_unlearned_and_all_are_asked_for(tmp_path: Path) -> None:
    pictures(tmp_path, *NAMES)
    found = plan(tmp_path, {"emitters": [3, 1]}, similarity={"kinds": ["clip"], "weights": ["uce"]})
    assert found.models.names("own", ["uce"]) == ["own_001_uce_000", "own_003_uce_000"]
    assert len(found.data.split_lists(["own"])) == 4
    assert found.tables.similarity_names("own") == ["clip"], "deltas of two entities make no matrix of four"
    whole = plan(tmp_path, similarity={"kinds": ["clip"], "weights": ["uce"]})
    assert whole.tables.similarity_names("own") == ["clip", "weights_uce"]
    grids = [file for file in found.task_figures.of_tasks(["own"]) if "visual_grid" in file]
    assert grids == ["<results>/figures/visual_grid_own_001.png"]


def test_notebooks_of_balanced_attributes_are_left_out_and_say_why(tmp_path: Path) -> None:
    pictures(tmp_path, *NAMES)
    found = plan(tmp_path)
    assert found.notebooks.of_tasks(["own"]) == ["<results>/notebooks/interference_own.html"]
    with pytest.raises(
        SettingsError, match="data_preparation_own.html: it is about balanced attributes, and tasks.own.balance names none"
    ):
        found.notebooks.values("data_preparation", "balance")(OWN)
    shipped = Plan(load_configuration(merged({})), load_downloads(ROOT / "config/downloads.yaml"), ROOT)
    assert len(shipped.notebooks.of_tasks(["breeds"])) == 4
    some = merged({"tasks": {"breeds": {"emitters": [0, 2, 7, 3]}}})
    partial = Plan(load_configuration(some), load_downloads(ROOT / "config/downloads.yaml"), ROOT)
    assert [name for name in partial.notebooks.of_tasks(["breeds"]) if "statistics" in name] == []


@pytest.mark.parametrize(
    ("template", "asked", "message"),
    [
        ("MSA", {"method": "uce", "metric": "ssim", "similarity": "clip"}, "needs every emitter, 'uce' has only .1, 3. of 'own'"),
        (
            "IVS",
            {"method": "uce", "metric": "ssim", "emitter": 0, "seed": 42},
            "'uce' did not unlearn entity 0 of 'own'; it unlearned .1, 3.",
        ),
    ],
)
def test_figures_of_all_emitters_are_refused_where_some_are_unlearned(
    tmp_path: Path, template: str, asked: dict[str, Any], message: str
) -> None:
    from lethe.figures.templates import TEMPLATES
    from lethe.figures.templates.parameters import validate
    from lethe.figures.templates.world import World

    pictures(tmp_path, *NAMES)
    found = plan(tmp_path, {"emitters": [1, 3]})
    kind = TEMPLATES.load(template)
    parameters = validate(kind.parameters, {"task": "own"} | asked)
    world = World(found.settings, found.models, [])
    with pytest.raises(ValueError, match=message):
        kind.check(parameters, world)
    all_of_them = plan(tmp_path)
    kind.check(parameters, World(all_of_them.settings, all_of_them.models, []))

"""Configuration: one source, no drift, messages a user can act on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config

from lethe.io.tables import CorruptFileError, read_yaml
from lethe.settings.errors import SettingsError
from lethe.settings.generate import default_yaml, json_schema
from lethe.settings.load import typed
from lethe.settings.models import Settings
from lethe.workflow.configuration import load_configuration

CONFIG = Path(__file__).parents[3] / "config"


def merged(overlay: dict[str, Any]) -> dict[str, Any]:
    """What Snakemake makes of the default and an overlay: dictionaries merge, everything else is replaced."""
    config: dict[str, Any] = yaml.safe_load((CONFIG / "config.yaml").read_text())
    update_config(config, overlay)
    return config


def test_committed_defaults_and_schema_are_generated() -> None:
    assert (CONFIG / "config.yaml").read_text() == default_yaml(), "run `make config`"
    assert (CONFIG / "schemas" / "config.schema.json").read_text() == json_schema(), "run `make config`"


def test_default_file_is_the_default() -> None:
    assert load_configuration(merged({})) == Settings()


def test_paper_overlay_is_the_published_experiment() -> None:
    settings = load_configuration(merged(yaml.safe_load((CONFIG / "paper.yaml").read_text())))
    assert sorted(settings.tasks) == ["breeds", "people", "scenes"]
    models = sum(task.entities for task in settings.tasks.values()) * len([m for m in settings.methods if m != "none"])
    images = models * 100 * len(settings.generation.seeds)
    assert (models, images) == (900, 360_000)
    assert (settings.generation.scheduler, settings.generation.steps, settings.generation.guidance) == ("pndm", 50, 7.5)
    assert settings.generation.compile and len(settings.bases["sd14"].revision) == 40


def test_the_canvas_can_be_trained_from_nothing_and_in_fewer_steps() -> None:
    train, quick = (yaml.safe_load((CONFIG / f"canvas_{name}.yaml").read_text()) for name in ("train", "quick"))
    whole = load_configuration(merged(train))
    assert list(whole.tasks) == ["canvas"] and {base.source for base in whole.bases.values()} == {"train"}
    both = merged(train)
    update_config(both, quick)
    fewer = load_configuration(both)
    assert fewer.world != whole.world and fewer.tasks["canvas"].retrain_emitters == [0, 6]
    for part in ("vae", "base"):
        steps = [getattr(s.pretraining_of(s.bases["canvas"]), part).optimizer.steps for s in (fewer, whole)]
        assert steps[0] <= 0.5 * steps[1], part


@pytest.mark.parametrize("overlay", [file.name for file in CONFIG.glob("*.yaml") if "world:" in file.read_text()])
def test_every_shipped_world_is_valid(overlay: str) -> None:
    given = yaml.safe_load((CONFIG / overlay).read_text())
    behind = {"canvas_quick.yaml": "canvas_train.yaml"} | dict.fromkeys(
        ("published.yaml", "smoke.yaml", "paper_fetched.yaml"), "paper.yaml"
    )
    if below := behind.get(overlay):  # on another one
        whole = merged(yaml.safe_load((CONFIG / below).read_text()))
        update_config(whole, given)
        given = whole
    assert load_configuration(merged(given)).tasks


def test_a_base_in_a_folder_needs_no_revision() -> None:
    for path in ("./a/b", "/data/sd14", "models/stable/sd14"):
        settings = load_configuration(merged({"bases": {"people": {"source": "pretrained", "path": path}}, "methods": ["uce"]}))
        assert settings.bases["people"].path == path


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ({"wrld": 1}, "unknown key 'wrld'.*did you mean 'world'"),
        ({"methods": ["uec"]}, "methods: 'uec' is unknown; allowed: .*did you mean 'uce'"),
        ({"tasks": {"people": {"sorce": "x"}}}, r"tasks.people.sorce: unknown key 'sorce'.*did you mean 'source'"),
        ({"tasks": {"people": {"source": "faces"}}}, "tasks.people.source: 'faces' is unknown; allowed: canvas, digits"),
        (
            {"tasks": {"people": {"source": "lfw", "source_options": {"imges": ["x"], "pantheon": "y"}}}},
            "tasks.people.source_options: of source 'lfw': .*unknown key 'imges'.*did you mean 'images'",
        ),
        ({"tasks": {"people": {"source_options": {"path": "x"}}}}, "of source 'rendered_people': path: unknown key 'path'"),
        ({"tasks": {"people": {"rules": [{"column": "x", "exlude": []}]}}}, "rules.0.Filter.exlude: .*did you mean 'exclude'"),
        (
            {"tasks": {"people": {"rules": [{"column": "x", "rule": "quartile", "of": "y"}]}}},
            "Derived.rule: .*did you mean 'quartiles'",
        ),
        ({"tasks": {"people": {"base": "sd15"}}}, "tasks.people.base: 'sd15' is unknown"),
        ({"tasks": {"people": {"retrain_emitters": [10]}}}, "retrain_emitters: 10 is not an index of 10 entities"),
        ({"tasks": {"people": {"entities": 1}}}, "tasks.people.entities: .*greater than or equal to 2, got 1"),
        ({"generation": {"scheduler": "dim"}}, "generation.scheduler: .*'ddim'.*got 'dim'; did you mean 'ddim'"),
        ({"generation": {"steps": 0}}, "generation.steps: .*greater than or equal to 1, got 0"),
        ({"evaluators": {"judge": None}}, "'judge' needs evaluators.judge"),
        (
            {"evaluators": {"clip": {"attribute": "style"}}},
            "evaluators.clip: .*`attribute` is 'style'; it goes with kind: classifier",
        ),
        ({"scoring": {"metrics": ["clip", "dino"]}}, "'brisque' is missing; the published statistics per entity need"),
        ({"scoring": {"metrics": ["dino", "lpips"]}}, "scoring.metrics: 'lpips' is unknown; allowed: .*lpips_alex"),
        (
            {"scoring": {"metrics": ["clip", "brisque", "rmse", "ssim", "dino", "lpips_alex"]}},
            "'lpips_alex' needs scoring.lpips_alex",
        ),
        ({"scoring": {"distribution": ["fd"]}}, "scoring.distribution.0: .*'fid', 'kid', 'cmmd' or 'precision_recall'"),
        ({"scoring": {"nudenet_threshold": 0.1}}, "scoring.nudenet_threshold: .*greater than or equal to 0.25"),
        ({"bases": {"people": {"source": "pretrained"}}}, "`path` goes with source: pretrained"),
        (
            {"bases": {"people": {"source": "pretrained", "path": "a/b"}}},
            "'a/b' is a hub id and needs `revision`.*written './a/b'",
        ),
        (
            {"bases": {"people": {"source": "pretrained", "path": "a/b", "revision": "main"}}},
            "bases.people.revision: .*got 'main'",
        ),
        ({"demo_tasks": ["object"]}, "demo_tasks: 'object' is unknown.*did you mean 'objects'"),
    ],
)
def test_a_fault_is_named_with_what_is_allowed(overlay: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_configuration(merged(overlay))


def test_every_fault_is_listed() -> None:
    with pytest.raises(SettingsError) as error:
        load_configuration(merged({"wrld": 1, "sed": 2}))
    assert "wrld" in str(error.value) and "sed" in str(error.value)


def test_null_leaves_an_entry_out() -> None:
    settings = load_configuration(merged({"tasks": {"people": None}, "bases": {"people": None}}))
    assert "people" not in settings.tasks and "people" not in settings.bases


def test_importing_the_package_loads_no_torch() -> None:
    rooms = (
        "settings",
        "settings.methods",
        "execution.fingerprint",
        "diffusion.methods",
        "diffusion.metrics",
        "diffusion.sources",
        "figures",
    )
    modules = ", ".join(f"lethe.{room}" for room in rooms)
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_conda_environment_has_the_pins_of_the_lock() -> None:
    sys.path.insert(0, str(CONFIG.parent / "envs"))
    try:
        from generate import environment, pins
    finally:
        sys.path.pop(0)
    assert (CONFIG.parent / "envs" / "lethe.yaml").read_text() == environment(), "run `make lock`"
    names = [pin.partition("==")[0] for pin in pins()]
    assert len(names) > 100 and {"torch", "typing-extensions", "tokenizers", "imageio"} <= set(names)  # its own, and of others
    assert not {"pytest", "ruff", "mypy", "pip-tools"} & set(names), "tools of developers are no part of it"


def test_a_key_twice_is_refused_and_one_that_replaces_a_merged_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "overlay.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: &b {<<: *a, x: 3}\nc: {<<: *b, y: 4}\n")
    assert read_yaml(path) == {"a": {"x": 1, "y": 2}, "b": {"x": 3, "y": 2}, "c": {"x": 3, "y": 4}}
    for text in ("a: 1\nb: 2\na: 3\n", "a: &a {x: 1}\nb: {<<: *a, y: 1, y: 2}\n", "a: &a {x: 1, x: 2}\nb: {<<: *a}\n"):
        path.write_text(text)
        with pytest.raises(CorruptFileError, match="overlay.yaml: .*key '[axy]' is given twice"):
            read_yaml(path)


def test_what_snakemake_gives_as_text_inside_a_mapping_is_read_as_yaml() -> None:
    given = {"images": "8", "steps": ["100", "1.5"], "compile": "true", "name": "2.0.1", "title": "[", "none": "null"}
    read = {"images": 8, "steps": [100, 1.5], "compile": True, "name": "2.0.1", "title": "[", "none": "null"}
    assert typed({"section": given}) == {"section": read}

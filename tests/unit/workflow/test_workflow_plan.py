"""The plan of a configuration, without Snakemake: any number of entities, studies, bundles, the record, what can be asked for."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from lethe.classifiers import PROVIDERS
from lethe.classifiers.plan.sizes import memory_of_images
from lethe.planning.targets import Step, makeable, unknown_target
from lethe.settings.errors import SettingsError
from lethe.workflow.plan import Plan
from lethe.workflow.record import asked_target, codes
from lethe.workflow.start import plan_of

ROOT = Path(__file__).parents[3]


def plan(**changes: dict[str, Any]) -> Plan:
    """Of config/config.yaml, with some keys of its sections changed."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    for section, values in changes.items():
        config[section] = config[section] | values
    return plan_of(config, (), ROOT)


def of(**names: str) -> Any:
    """Wildcards of a job."""
    return SimpleNamespace(**names)


@pytest.fixture(scope="module")
def mini() -> Plan:
    return plan()


# --- any number of entities ---


@pytest.mark.parametrize("count", [2, 23, 1003])
def test_any_number_of_entities(count: int) -> None:
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    own = {"source": "folder", "source_options": {"path": "pictures"}}  # shipped sources have twelve entities at most
    people = config["tasks"]["people"] | own | {"entities": count, "retrain_emitters": [], "tuning_emitters": []}
    metrics = [name for name in config["scoring"]["metrics"] if name != "judge"]  # the shipped judge knows shipped entities
    found = plan(tasks={"people": people}, evaluators={"judge": None}, scoring={"metrics": metrics})
    names = found.models.names("people", ["uce"])
    assert len(names) == count and names[-1] == f"people_{count - 1:03d}_uce_000"
    assert len(found.data.split_lists(["people"])) == 2 * count
    rules = found.models.shapes("models")
    assert all(sum(bool(re.match(shape.task, name)) for shape in rules) == 1 for name in found.models.names("people"))
    held = {file for content in found.archive.bundles.values() for file in content.files}
    assert f"<results>/models/{names[-1]}/delta.safetensors" in held


@pytest.mark.parametrize("count", [1, 10_001])
def test_numbers_that_names_cannot_hold_are_refused(count: int) -> None:
    tasks = yaml.safe_load((ROOT / "config/config.yaml").read_text())["tasks"]
    with pytest.raises(SettingsError, match=r"tasks\.people\.entities"):
        plan(tasks=tasks | {"people": tasks["people"] | {"entities": count}})


def test_where_one_of_a_batch_is_made_so_are_the_others(mini: Plan) -> None:
    others = mini.models.made_with_another("objects")
    first = [(model.method, model.index) for model in mini.models.of("objects") if model not in others]
    assert first == [("none", 0), ("uce", 0), ("distil", 0), ("munba", 0), ("retrain", 3)]
    every, later = mini.data.split_lists(["objects"]), mini.data.split_lists(["objects"], first=False)
    assert len(every) == 20 and [file for file in every if file not in later] == [
        f"<results>/datasets/splits_objects/000/train_{name}/metadata.jsonl" for name in ("forget", "retain")
    ]


# --- studies ---


def test_studies_and_their_products(mini: Plan) -> None:
    studies = mini.studies
    assert studies.pairs == [("digits", "mlp"), ("digits", "tinycnn")] and studies.demo == [("digits", "mlp")]
    assert studies.names == ["digits_mlp", "digits_tinycnn"]
    products = mini.deepunlearn.products(studies.demo)
    assert "<results>/tables/deepunlearn_gates_digits_mlp.json" in products and len(products) == 8
    attacked = plan(deepunlearn={"lira": {"digits": {"architectures": ["tinycnn"]}}}).deepunlearn
    assert not attacked.attacked("digits", "mlp") and len(attacked.products(studies.demo)) == 6


def test_hyperparameters_are_kept_or_searched(mini: Plan) -> None:
    job = of(dataset="digits", architecture="mlp", unlearner="ft")
    assert mini.studies.search(job) == [] and mini.studies.searches(job) == []
    shipped = mini.studies.shipped(job)
    assert shipped is not None and "learning_rate" in shipped["values"]
    assert mini.studies.shipped_study(job)["ft"] == shipped
    searched = plan(deepunlearn={"hyperparameters": "searched"}).studies
    assert searched.search(job) == "<results>/deepunlearn/digits/mlp/search/ft.json"
    assert searched.shipped(job) is None and searched.shipped_study(job) == {}
    assert len(searched.searches(job)) == 18


def test_a_method_without_kept_hyperparameters_is_named(mini: Plan) -> None:
    with pytest.raises(SettingsError, match=r"digits_mlp.yaml: no method 'salunn'; did you mean 'salun'"):
        mini.studies.shipped(of(dataset="digits", architecture="mlp", unlearner="salunn"))


def test_what_only_fine_tunes_is_not_attacked(mini: Plan) -> None:
    mlp, cnn = (mini.deepunlearn.attacked_methods(of(dataset="digits", architecture=name)) for name in ("mlp", "tinycnn"))
    assert mlp[:2] == ["original", "retrained"] and set(cnn) - set(mlp) == {"msg", "cfw", "ct"}
    assert len(mini.deepunlearn.lira_outputs(of(dataset="digits", architecture="mlp"))) == len(mlp)


def test_memory_grows_with_the_images(mini: Plan) -> None:
    found = {name: memory_of_images(name, PROVIDERS.load(name).images) for name in PROVIDERS}
    assert (
        mini.studies.memory(of(dataset="digits")) == found["digits"] == mini.studies.memory(of(dataset="digits"), attempt=2) / 2
    )
    assert found["digits"] == 4000 and found["utkface"] == 48_000 and max(found["cifar10"], found["mnist"]) < 5000


def test_a_folder_that_is_not_there_stops_the_plan(tmp_path: Path) -> None:
    def of_folder(folder: str) -> Plan:
        return plan(deepunlearn={"datasets": {"digits": {"folder": folder}}})

    with pytest.raises(SettingsError, match=r"deepunlearn.datasets.digits.folder: '.*nowhere' does not exist"):
        of_folder(str(tmp_path / "nowhere")).studies.fetched(lambda: True)(of(dataset="digits"))
    by_hand = of_folder("data/nowhere").studies
    assert by_hand.fetched(lambda: True)(of(dataset="digits")) == []
    with pytest.raises(SettingsError, match="data/nowhere is missing"):
        by_hand.fetched(lambda: False)(of(dataset="digits"))


# --- published records ---


def test_every_file_is_in_one_bundle(mini: Plan) -> None:
    files = [file for content in mini.archive.bundles.values() for file in content.files]
    assert len(files) == len(set(files)) and mini.archive.kind(of(bundle="models_people_uce")) == "models"
    some = plan(publish={"classes": ["tables"]}).archive
    assert list(some.bundles) == ["tables"] and some.packed("tar") == ["<results>/publish/bundles/tables.tar"]
    with pytest.raises(SettingsError, match="no bundle 'tabels'; there are: tables; did you mean 'tables'"):
        some.files(of(bundle="tabels"))


def test_a_repository_must_be_named(mini: Plan) -> None:
    with pytest.raises(SettingsError, match=r"publish.huggingface names no data set"):
        mini.archive.check_repository()
    plan(publish={"huggingface": "owner/name"}).archive.check_repository()


# --- the record of a run, and targets ---


def step(name: str, *outputs: str, wildcards: str = "", job: Any = None) -> Step:
    return Step(name, frozenset(wildcards.split()), outputs, {"job": job} if job else {})


def test_the_target_of_a_record() -> None:
    assert [asked_target(words) for words in (["demo"], ["demo", "all"], ["x.csv"], [])] == ["demo", "all", "all", "all"]


def test_code_is_told_apart_where_wildcards_decide_it() -> None:
    known = {"task": ["a", "b"], "method": ["uce", "none"]}
    steps = [
        step("unlearn", wildcards="task batch method epochs", job=lambda wildcards: f"m:f@{wildcards.method}"),
        step("latents", wildcards="task", job=lambda wildcards: "m:f@same"),
        step("all"),
    ]
    of_unlearn = {"a/uce": "uce", "a/none": "none", "b/uce": "uce", "b/none": "none"}
    assert codes(steps, known) == {"unlearn": of_unlearn, "latents": "same"}


def test_the_nearest_target_is_told() -> None:
    steps = [
        step("latents", "results/mini/latents/{task}.safetensors", wildcards="task"),
        step("tables"),
        step("a", "{x}", wildcards="x"),
    ]
    known = {"task": ["people", "scenes"]}
    assert makeable(steps, known) == {"results/mini/latents/people.safetensors", "results/mini/latents/scenes.safetensors"}
    assert unknown_target("tabels", steps, known, []).endswith("did you mean 'tables'?")
    assert unknown_target("results/mini/latents/peple.safetensors", steps, known, []).endswith("latents/people.safetensors'?")
    assert unknown_target("results/mini/x_1.csv", steps, known, ["results/mini/x_2.csv"]).endswith("x_2.csv'?")


def test_a_plan_needs_no_torch() -> None:
    """Snakemake reads the rules in every process that runs a job; torch takes two seconds to import, and 180 MB."""
    script = (
        "import sys, lethe.workflow.plan, lethe.classifiers as d; d.PROVIDERS.load('utkface')\n"
        "from lethe.figures.templates import TEMPLATES\n"  # a plan asks each figure for its files
        "[TEMPLATES.load(name) for name in TEMPLATES]\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env={"PYTHONPATH": str(ROOT / "src")})

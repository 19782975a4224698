"""What effects of deviations, claims, benchmarks and the explorer are made from."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from lethe.benchmarks.icare.plan.tables import Tables
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings
from lethe.workflow.configuration import load_configuration
from lethe.workflow.plan import Plan

ROOT = Path(__file__).parents[3]
NONE = SimpleNamespace()  # the wildcards of a rule without any


def plan(**values: object) -> Plan:
    return Plan(load_configuration(Settings().model_dump(mode="json") | values), {}, ROOT)


def test_published_variants_run_on_one_task_and_their_scores_are_read() -> None:
    made = plan()
    first, second = made.settings.demo_tasks[0], list(made.settings.entity_tasks)[-1]
    assert first != second
    assert "munba_published" in made.fidelity.runs[first] and "munba_published" not in made.fidelity.runs[second]
    files = made.fidelity.files(NONE)
    (variant, *_) = made.fidelity.runs[first]["munba_published"]
    assert f"<results>/scores/{variant}.parquet" in files and f"<results>/scores/{variant}_embeddings.npz" not in files
    (ours, *_) = made.fidelity.runs[first]["uce"]
    assert f"<results>/models/{ours}/delta.safetensors" in files and len(files) == len(set(files))
    assert f"<results>/similarity_published/similarity_clip_{second}.json" in files
    assert made.fidelity.matrices[0] == "<results>/similarity_published/similarity_clip_{task}.json"
    assert made.fidelity.bases(NONE) == [f"<results>/base/{base}" for base in made.settings.bases]


def test_a_published_record_holds_no_variants() -> None:
    record = plan(archive={"models": "archive", "images": "archive", "record": "1234"})
    assert record.fidelity.bases(NONE) == [] and not record.fidelity.built
    assert "munba_published" not in record.fidelity.runs[record.settings.demo_tasks[0]]
    assert not [file for file in record.fidelity.files(NONE) if "/models/" in file or "published" in file]


def test_studies_are_claimed_where_they_are_attacked() -> None:
    made = plan(deepunlearn={"lira": {"digits": {"architectures": ["mlp"]}}})
    assert made.studies.pairs == [("digits", "mlp"), ("digits", "tinycnn")]
    assert made.claims.studies == ["digits_mlp"]
    assert made.claims.gates == ["<results>/deepunlearn/digits/mlp/lira/gates.json"]
    assert made.fidelity.study_tables == [
        "<results>/tables/deepunlearn_digits_mlp.csv",
        "<results>/tables/deepunlearn_groups_digits_mlp.csv",
        "<results>/tables/deepunlearn_lira_digits_mlp.csv",
        "<results>/tables/deepunlearn_digits_tinycnn.csv",
        "<results>/tables/deepunlearn_groups_digits_tinycnn.csv",
    ]


def test_draws_are_counted_from_the_reported_one() -> None:
    made = plan(deepunlearn={"draws": 2, "datasets": {"digits": {"draw": 3, "methods": ["ft", "ct"]}}, "lira": {}})
    assert made.deepunlearn.draws[0] == "<results>/figures/deepunlearn_fresh_draws_digits_mlp.png"
    study = SimpleNamespace(dataset="digits", architecture="mlp", draw="2")
    assert made.deepunlearn.draws_of_study(study) == [f"<results>/deepunlearn/digits/mlp/draws/{draw}.parquet" for draw in (1, 2)]
    assert made.studies.drawn(study) == made.studies.selection(study) | {"draw": 5}
    assert made.deepunlearn.ranked_methods(study) == ["ft"]  # CT has no convolution to change


def test_components_of_variance_need_several_runs_per_model() -> None:
    with pytest.raises(SettingsError, match=r"runs once per model; set deepunlearn.datasets.\{key\}.unlearning_seeds"):
        plan().deepunlearn.variance(NONE)
    made = plan(deepunlearn={"datasets": {"digits": {"unlearning_seeds": 3, "architectures": ["mlp"]}}, "lira": {}})
    assert made.deepunlearn.variance(NONE) == ["<results>/tables/deepunlearn_variance_digits_mlp.csv"]


def test_benchmarks_are_claims_of_a_world_with_a_judge() -> None:
    made = plan()
    assert made.claims.measured(NONE) == made.benchmarks.files and "uce" in made.claims.benchmarks
    metrics = [name for name in made.settings.scoring.metrics if name != "judge"]
    evaluators = {name: found.model_dump(mode="json") for name, found in made.settings.evaluators.items() if name != "judge"}
    without = plan(evaluators=evaluators, scoring={"metrics": metrics})
    assert without.claims.measured(NONE) == [] == without.claims.benchmarks
    assert f"<results>/tables/gates_{made.tasks[0]}.json" in without.claims.tables(NONE)


def test_the_page_of_the_explorer_has_every_part_and_the_folders_of_its_tasks() -> None:
    made = plan()
    assert all(Path(file).is_file() for file in made.explorer.static)
    assert len(made.explorer.page) == len(made.explorer.static) + 1  # the list of tasks is written with the page
    assert made.explorer.of_tasks(["people"]) == ["<results>/explorer/index.html", "<results>/explorer/people/overview.js"]


def test_overviews_beside_the_tasks_are_those_of_studies_and_canvases() -> None:
    overviews = plan().overviews
    folders = [part["name"] for part in overviews.parts]
    assert folders == [
        "deepunlearn_digits_mlp",
        "deepunlearn_digits_tinycnn",
        "unlearncanvas_all_canvas",
        "unlearncanvas_demo_canvas",
    ]
    assert overviews.files("demo") == [
        "<results>/explorer/deepunlearn_digits_mlp/overview.js",
        "<results>/explorer/unlearncanvas_demo_canvas/overview.js",
        "<results>/explorer/links_demo.js",
    ]
    assert {file.split("/")[2] for file in overviews.files("all")} == {*folders[:3], "links_all.js"}


def test_jobs_that_read_all_pairs_ask_for_memory_by_their_number() -> None:
    made = plan()
    assert made.tables.memory(2000)(SimpleNamespace(task=next(iter(made.entity_tasks)))) == 2000
    settings = SimpleNamespace(entity_tasks={"large": SimpleNamespace(entities=1000)})
    models = SimpleNamespace(of=lambda task: range(3000))
    large = Tables(settings, models, made.bases).memory(2000)  # type: ignore[arg-type]
    assert large(SimpleNamespace(task="large")) == 500 + 14 * 1000 * 3000 * 60 // 1_000_000
    assert large(SimpleNamespace(task="large"), attempt=2) == 2 * (500 + 2520)

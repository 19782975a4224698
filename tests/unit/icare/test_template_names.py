"""Names of results: what they hold, what they refuse, and what a world cannot make, told before any job runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lethe.benchmarks.icare.templates.csr import CountSignificantRelationship
from lethe.benchmarks.icare.templates.files import files_of
from lethe.benchmarks.icare.templates.mci import MinimumCutInterference
from lethe.benchmarks.icare.templates.paper import figures
from lethe.benchmarks.icare.templates.srcd import SignificantRelationshipCategoricalDirectional
from lethe.classifiers import ARCHITECTURES
from lethe.core.records import ModelId
from lethe.diffusion.plan.models import Models
from lethe.figures.plan.figures import Figures
from lethe.figures.templates import TEMPLATES
from lethe.figures.templates.parameters import ParameterError, build, parse
from lethe.figures.templates.world import World
from lethe.settings.models import Settings
from lethe.settings.tasks import AnyTask

ROOT = Path(__file__).parents[3]
VALUES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf")), min_size=1, max_size=12)  # no control characters


def resolve(template: str, name: str, of: Settings) -> tuple[Any, Any]:
    """Template and parameters of an address, in a world of these settings."""
    return Figures(World(of, Models(of, ROOT / "config/methods/diffusion"), list(ARCHITECTURES)), []).resolve(template, name)


@settings(max_examples=40, deadline=None)
@given(attribute=VALUES, sources=st.lists(VALUES, min_size=1, max_size=3), exclude=st.booleans(), fewest=st.integers(2, 9))
def test_a_name_reads_back_and_is_safe(attribute: str, sources: list[str], exclude: bool, fewest: int) -> None:
    model = SignificantRelationshipCategoricalDirectional
    made = model(
        task="people", method="uce", metric="clip_diff", attribute=attribute, sources=tuple(sources), exclude_diagonal=exclude,
        min_samples=fewest,
    )  # fmt: skip
    try:
        name = build(made)
    except ParameterError as error:
        assert "at most" in str(error)
        return
    assert parse(model, name) == made
    assert re.fullmatch(r"[A-Za-z0-9_.~=+-]+", name)  # the rule's wildcard: no comma, %, blank or slash


def test_a_name_is_readable_and_leaves_defaults_out() -> None:
    cut = MinimumCutInterference(task="people", method="uce", metric="ssim", source=0, sink=3)
    assert build(cut) == "task=people--method=uce--metric=ssim--source=0--sink=3"
    some = CountSignificantRelationship(tasks=("people", "scenes"), methods=("uce",), by="attribute", fidelity="published")
    assert build(some) == "tasks=people+scenes--methods=uce--by=attribute--fidelity=published"
    assert build(cut.model_copy(update={"quantile": 0.25})).endswith("--quantile=0.25")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("task=people--method=uce--metrc=ssim--source=0--sink=3", "unknown parameter 'metrc'.*did you mean 'metric'"),
        ("task=people--method=uce--metric=ssim--source=0", "parameter 'sink' is missing"),
        ("task=people--method=uce--metric=ssim--source=0--source=1", "given twice"),
        ("task=people--method=uce--metric=ssim--source=x--sink=1", "'source'.*got 'x'"),
        ("people", "key=value"),
        ("method=uce--task=people--metric=ssim--source=0--sink=3", "is written 'task=people--method=uce"),
        ("task=people--method=uce--metric=ssim--source=0--sink=3--quantile=0.0", "is written"),
        ("task=people--method=uce--metric=ssim--source=3--sink=3", "a cut separates two entities"),
        ("task=people--method=uce--metric=dino_diff--source=0--sink=3--fidelity=published", "published minimum cut knows"),
        ("task=people--method=uce--metric=ssim--source=0--sink=3--fidelity=publishd", "did you mean 'published'"),
        ("task=peopl~FF", "UTF-8"),
    ],
)
def test_a_wrong_name_says_why(name: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        parse(MinimumCutInterference, name)


@pytest.mark.parametrize(
    ("template", "name", "message"),
    [
        ("MSA", "task=peple--method=uce--metric=ssim--similarity=clip", "task: 'peple'.*did you mean 'people'"),
        ("MSA", "task=people--method=uec--metric=ssim--similarity=clip", "method: 'uec'.*did you mean 'uce'"),
        ("MSA", "task=people--method=uce--metric=sim--similarity=clip", "metric: 'sim'.*did you mean 'ssim'"),
        ("MSA", "task=people--method=uce--metric=clip--similarity=clip", "metric: 'clip'"),
        ("MSA", "task=people--method=uce--metric=judge_diff--similarity=clip--fidelity=published", "metric: 'judge_diff'"),
        ("MSA", "task=people--method=uce--metric=ssim--similarity=dno", "similarity: 'dno'.*did you mean 'dino'"),
        ("MSA", "task=people--method=none--metric=ssim--similarity=clip", "'none' changes nothing"),
        ("MSA", "task=people--method=retrain--metric=ssim--similarity=clip", "needs every emitter"),
        ("MSAOne", "task=people--method=retrain--metric=ssim--similarity=clip--emitter=4", "did not unlearn entity 4"),
        ("MSAOne", "task=people--method=uce--metric=ssim--similarity=clip--emitter=10", "has 10 entities, 0 to 9"),
        ("IVS", "task=people--method=retrain--metric=ssim--emitter=4--seed=42", "'retrain' did not unlearn entity 4 of 'people'"),
        ("SM", "task=people--similarity=weights", "`method` goes with similarity=weights"),
        ("MCME", "tasks=people--methods=uce--statistic=forget_clp_diff", "did you mean 'forget_clip_diff'"),
        ("SRN", "task=people--method=uce--statistic=emitter_others_average_ssim--attribute=hpi--fidelity=published", "statistic"),
        ("IVS", "task=people--method=uce--metric=ssim--emitter=0--seed=7", "seed 7 was not drawn"),
    ],
)
def test_what_a_world_cannot_make_says_why(template: str, name: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        resolve(template, name, Settings())


def only(task: AnyTask) -> Settings:
    """A world of this task alone."""
    judges = {name: entry for name, entry in Settings().evaluators.items() if not entry.tasks}
    return Settings(tasks={"objects": task}, demo_tasks=["objects"], evaluators=judges, unlearncanvas={})


def test_retraining_is_shown_where_it_was_done() -> None:
    objects = Settings().tasks["objects"].model_copy(update={"retrain_emitters": []})
    without = only(objects)
    asked = "task=objects--method=retrain--metric=ssim"
    assert resolve("IM", asked, Settings())
    with pytest.raises(ParameterError, match="'retrain' did not unlearn any entity of 'objects'"):
        resolve("IM", asked, without)


def test_every_template_is_called_as_it_is_registered_and_described() -> None:
    for name in TEMPLATES:
        template = TEMPLATES.load(name)
        assert template.name == name and template.parameters.model_fields
        for key, field in template.parameters.model_fields.items():
            assert field.description, f"{name}.{key} has no description"


def test_the_papers_figures_are_targets_of_the_mini_world() -> None:
    found = figures(Settings())
    kinds = {figure.template for figure in found}
    assert kinds <= set(TEMPLATES) and len(kinds) == 22
    assert len({figure.name for figure in found}) == len(found) == len({figure.stem() for figure in found})
    for name in ("sig_by_method", "iat_gender", "msa_full_heatmap_sim_mp_abs", "paretto", "latent_dino_winona", "graph"):
        assert any(figure.name == name for figure in found), name
    for figure in found:
        template, parameters = resolve(*figure.stem().split("/"), Settings())

        def models(task: str, method: str) -> list[ModelId]:
            return [ModelId(task, index, method, 5) for index in range(10)]

        files = files_of(template, parameters, models)
        assert all(files.values()), f"{figure.name}: {files}"
    for figure in figures(Settings(fidelity="published")):
        assert resolve(*figure.stem().split("/"), Settings(fidelity="published"))[1].fidelity == "published"
    one = only(Settings().tasks["objects"])
    assert {figure.parameters.get("task", "objects") for figure in figures(one)} == {"objects"}


def test_files_of_an_emitter_are_its_own() -> None:
    template, parameters = resolve("IVS", "task=people--method=distil--metric=ssim--emitter=3--seed=42", Settings())
    found = files_of(template, parameters, lambda task, method: [ModelId(task, i, method, 5) for i in range(10)])
    assert found["tars"] == ["datasets/generated_people_baseline.tar", "datasets/generated_people_003_distil_005.tar"]
    template, parameters = resolve("MSA", "task=people--method=uce--metric=ssim--similarity=weights", Settings())
    assert files_of(template, parameters, lambda *_: [])["similarities"] == ["similarity_weights_uce_people.json"]


def test_a_result_waits_for_its_own_methods_only() -> None:
    template, parameters = resolve(
        "MMA", "tasks=people+breeds--methods=uce--statistic_x=emitter_average_ssim--statistic_y=emitter_average_rmse", Settings()
    )
    found = files_of(template, parameters, lambda *_: [])
    assert found["pairs"] == ["by_method/pairs_people_uce.parquet", "by_method/pairs_breeds_uce.parquet"]
    assert found["entities"] == ["by_method/entities_people_uce.json", "by_method/entities_breeds_uce.json"]
    archived = files_of(template, parameters, lambda *_: [], by_method=False)
    assert archived["pairs"] == ["pairs_people.parquet", "pairs_breeds.parquet"]


def test_what_counts_people_is_not_offered_where_none_are_shown() -> None:
    name = "task={}--method=uce--metric=nudenet_diff"
    with pytest.raises(ParameterError, match="'nudenet_diff' needs pictures of people, and those of 'objects' show none"):
        resolve("IM", name.format("objects"), Settings())
    assert resolve("IM", name.format("people"), Settings())[1].metric == "nudenet_diff"
    assert resolve("IM", "task=objects--method=uce--metric=clip_diff", Settings())

"""Published file names of figures: each stands for a template and its parameters, and says what is wrong before any job runs."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from tests.unit.deepunlearn.deepunlearn_tables import make_scores

from lethe.benchmarks.deepunlearn.plan import figures as deepunlearn_figures
from lethe.benchmarks.icare.plan import figures as icare_figures
from lethe.benchmarks.unlearncanvas.plan import figures as canvas_figures
from lethe.classifiers import ARCHITECTURES
from lethe.classifiers.distance import noise_floor
from lethe.diffusion.plan.models import Models
from lethe.figures.jobs.figure import make_figure
from lethe.figures.plan import losses
from lethe.figures.plan.figures import Figures, Form
from lethe.figures.templates import TEMPLATES
from lethe.figures.templates.parameters import build
from lethe.figures.templates.world import World
from lethe.planning.targets import Values
from lethe.settings.attack import Attack
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings
from lethe.statistics.resampling import Inference

ROOT = Path(__file__).parents[3]
ALIASES = [*losses.ALIASES, *icare_figures.ALIASES, *deepunlearn_figures.ALIASES, *canvas_figures.ALIASES]
SOME = Values(task="people", metric="clip_diff", kind="true", index="003", dataset="digits", architecture="mlp")
OF_CELLS = Values({**SOME, "task": "canvas"})


@pytest.fixture(scope="module")
def figures() -> Figures:
    """Of the mini world, in which people are attacked as well."""
    settings = Settings(attacks={"people": Attack(concepts=[3], methods=["uce"])})
    return Figures(World(settings, Models(settings, ROOT / "config/methods/diffusion"), list(ARCHITECTURES)), ALIASES)


@pytest.fixture(scope="module")
def forms(figures: Figures) -> dict[str, Form]:
    return {form.name: form for form in figures.forms}


@pytest.mark.parametrize("name", [alias.name for alias in ALIASES])
def test_a_published_name_stands_for_an_address(figures: Figures, forms: dict[str, Form], name: str) -> None:
    form, some = forms[name], OF_CELLS if name.startswith("unlearncanvas") else SOME
    template, parameters = form.asked(some)
    assert figures.resolve(template.name, build(parameters)) == (template, parameters)  # so its JSON and PDF can be asked for too
    assert all(form.inputs(some).values())
    asked = form.asks(some)
    assert asked["lethe.figures.templates.TEMPLATES"] == [form.template(some)]
    shown = [*getattr(parameters, "methods", ())] if "task" in type(parameters).model_fields else []
    assert asked["lethe.diffusion.methods.METHODS"] == shown, "a method that is not shown draws no figure again"
    assert form.stem.startswith(name) and (ROOT / f"report/{name}.rst").is_file()
    written = [form.stem, *form.report["labels"].values(), form.report["category"]]
    assert set(re.findall(r"\{(\w+)\}", " ".join(written))) <= set(some)


def test_every_published_name_is_of_another_template() -> None:
    published = {alias.template for alias in ALIASES}
    assert len(published) == len(ALIASES) == 25 and published <= set(TEMPLATES)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        (
            "interference_matrix",
            {"metric": "lpips_alex"},
            "figures/interference_matrix_people_lpips_alex.png: metric: .*allowed: clip",
        ),
        ("visual_grid", {"index": "010"}, "figures/visual_grid_people_010.png: entity 10 does not exist: .* 0 to 9"),
        ("deepunlearn_gaps", {"dataset": "digit"}, "dataset: 'digit' is unknown; allowed: digits; did you mean 'digits'"),
        ("deepunlearn_lira_roc", {"architecture": "mpl"}, "architecture: 'mpl' is unknown; allowed: mlp.*did you mean 'mlp'"),
        (
            "unlearncanvas_main",
            {},
            "figures/unlearncanvas_main_people.png: task of UnlearnCanvas: 'people' is unknown; allowed: canvas",
        ),
        ("unlearncanvas_grid", {"task": "canvas", "index": "010"}, "concept: 'none' has no model of 10; allowed: 0, 1"),
        (
            "figure",
            {"template": "UnlearnCanvasSamples", "parameters": "task=canvas--seed=7"},
            "seed: 7 is not drawn; allowed: 188",
        ),
        (
            "figure",
            {"template": "UnlearnCanvasMatrix", "parameters": "task=canvas--methods=esd--judge=3"},
            "judge: 3 does not exist; allowed: 1 to 2",
        ),
        ("figure", {"template": "DeepUnlearnRanking", "parameters": "studies=digits_mpl"}, "study: .*did you mean 'digits_mlp'"),
        (
            "figure",
            {"template": "SimilarityMatrices", "parameters": "task=people--similarities=weights"},
            "one similarity for all",
        ),
    ],
)
def test_what_a_world_cannot_make_is_refused_by_its_name(
    forms: dict[str, Form], name: str, given: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        forms[name].inputs(Values({**SOME, **given}))


def test_a_figure_without_judge_is_refused() -> None:
    settings = Settings(scoring={"metrics": ["clip", "brisque", "rmse", "ssim", "dino"]})  # type: ignore[arg-type]
    [_, form] = Figures(
        World(settings, Models(settings, ROOT / "config/methods/diffusion"), []), [icare_figures.ALIASES[-3]]
    ).forms
    with pytest.raises(SettingsError, match="metric: 'judge_diff' is unknown; allowed: clip_diff, brisque_diff"):
        form.inputs(SOME)


def test_one_job_writes_what_is_asked_for(forms: dict[str, Form], tmp_path: Path) -> None:
    """From the tables of a study to its files: a published name gives a CSV, the address numbers of the same rows."""
    form = forms["deepunlearn_gaps"]
    scores = make_scores()
    for kind, table in (("seeds", scores), ("floor", noise_floor(scores))):
        table.to_csv(tmp_path / f"{kind}.csv", index=False)
    outputs = [tmp_path / f"gaps.{ending}" for ending in ("png", *form.endings, "json")]
    inputs = {kind: [tmp_path / f"{kind}.csv"] for kind in ("seeds", "floor")}
    assert inputs.keys() == form.inputs(SOME).keys()
    make_figure(
        inputs, outputs, form.template(SOME), form.values(SOME), form.facts(SOME), Inference(permutations=99, bootstrap=50)
    )
    assert all(file.stat().st_size > 500 for file in outputs)
    rows = pd.read_json(tmp_path / "gaps.json", typ="series")["result"]["rows"]
    drawn = pd.read_csv(tmp_path / "gaps.csv")
    assert [row["method"] for row in rows] == drawn["method"].tolist()
    assert drawn["gap"].tolist() == pytest.approx([row["gap"] for row in rows], rel=1e-5)

"""Docs/add-a-*.md, followed command by command: what is new stands beside what was there, and nothing else runs again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.recipes import follow, steps
from tests.started import run_python
from tests.workflow.conftest import SMOKE, Clone, clone_to
from tests.workflow.planned import RECORDS, Plan

pytestmark = pytest.mark.workflow
KEPT = ("results", "logs", "benchmarks", ".snakemake")
RESULTS = Path("results/smoke")
OF_RUN = RECORDS | {"run_config"}  # they tell of the run as a whole
OF_A_MODEL = {"unlearn", "generate", "score"}
OF_SCORES = {"interference_of_emitters", "method_tables"}  # of one method each
OF_A_TASK = {"task_tables", "summary", "relations", "distribution", "drift", "harm", "unlearning_tidy", "worst_pictures"}
READ = {"table_page", "table_dictionary", "answer"}  # what readers open
FIGURES = {"interference_matrix", "method_comparison", "metric_similarity", "forget_retain", "visual_grid"}  # of several methods
NOTEBOOKS = {"notebook_interference", "notebook_statistics"}
Copy = Callable[[], Clone]


@pytest.fixture(scope="module")
def copy(pristine: Clone, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """Makes copies of a clone with a finished run."""

    def one() -> Clone:
        clone = clone_to(tmp_path_factory.mktemp("recipe") / "le the")
        for name in KEPT:
            shutil.copytree(pristine.folder / name, clone.folder / name, symlinks=True)
        return clone

    return one


class Followed:
    """A page followed in a copy: first until jobs would run, then to its end."""

    def __init__(self, kind: str, clone: Clone) -> None:
        self.clone = clone
        found = steps(kind)
        first = next((place for place, step in enumerate(found) if step.runs), len(found))
        for step in found[:first]:
            follow(step, clone)
        self._rest = found[first:]

    def plan(self, *configs: str, target: str = "all") -> Plan:
        """What would run in the finished world under overlays."""
        return Plan(self.clone, target, config=[SMOKE, *configs])

    def again(self, *configs: str, target: str = "all") -> set[str]:
        """Rules of it, but those that tell of the run as a whole."""
        return self.plan(*configs, target=target).rules - OF_RUN

    def run(self) -> None:
        """The rest of the page, jobs and all."""
        for step in self._rest:
            follow(step, self.clone)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text that stands in a file."""
        text = (self.clone.folder / file).read_text()
        assert old in text
        (self.clone.folder / file).write_text(text.replace(old, new))

    def table(self, path: str | Path) -> pd.DataFrame:
        """A table by method."""
        return pd.read_csv(self.clone.folder / path).set_index("method")

    def shown(self, world: str, task: str) -> dict[str, dict[str, str]]:
        """What the explorer calls methods and metrics: name -> label."""
        text = (self.clone.folder / f"results/{world}/explorer/{task}/data.js").read_text()
        content: dict[str, Any] = json.loads(text[text.index("{") : text.rindex("}") + 1])
        return {key: {entry["name"]: entry["label"] for entry in content[key]} for key in ("methods", "metrics")}

    def python(self, code: str) -> str:
        """What a line of Python prints in the clone."""
        done = run_python(["-c", code], self.clone.folder, self.clone.environment(), apart=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def test_a_method(copy: Copy) -> None:
    page = Followed("method", copy())
    assert page.again() == set(), "nobody asked for it yet"
    plan = page.plan("erase_direction.yaml")
    assert plan.rules - OF_RUN == OF_A_MODEL | OF_SCORES | OF_A_TASK | FIGURES | NOTEBOOKS | READ
    made = [
        path
        for path in plan.outputs
        if "/models/" in path or "/generated_" in path or "/scores/" in path or "/images/objects/" in path
    ]
    assert len(made) == 4 and all("erase_direction" in path for path in made), "of no other method"
    page.run()
    table = page.table(RESULTS / "tables/unlearning_objects.csv")
    assert table.loc["erase_direction", "rmse_emitter"] > 0
    figure = pd.read_csv(page.clone.folder / RESULTS / "figures/interference_matrix_objects_clip_diff.csv")
    assert "erase_direction" in set(figure["method"])
    assert page.python("from lethe.figures.style import method_name; print(method_name('erase_direction'))") == "Erase direction"
    assert page.shown("smoke", "objects")["methods"]["erase_direction"] == "Erase direction"

    page.edit("src/lethe/diffusion/methods/erase_direction.py", 'title="Erase direction"', 'title="Erased"')
    target = str(RESULTS / "figures/interference_matrix_objects_clip_diff.png")
    assert page.again("erase_direction.yaml", target=target) == {"interference_matrix"}, "a title only draws"


def test_a_classifier_method(copy: Copy) -> None:
    page = Followed("classifier-method", copy())
    assert page.again() == set()
    plan = page.plan("shrink.yaml")
    figures = {"deepunlearn_gaps", "deepunlearn_retdev_indisc", "deepunlearn_runtime", "deepunlearn_ranking"}
    gates = {"deepunlearn_study_gates", "deepunlearn_search_gates"}
    assert plan.rules - OF_RUN == {"forget_samples", "score_study", "run_times", "deepunlearn_tables"} | figures | gates | READ
    assert [path for path in plan.outputs if "/unlearned/" in path] == [
        "results/smoke/deepunlearn/digits/mlp/unlearned/shrink.safetensors"
    ]
    page.run()
    assert "shrink" in page.table(RESULTS / "tables/deepunlearn_digits_mlp.csv").index
    figure = pd.read_csv(page.clone.folder / RESULTS / "figures/deepunlearn_gaps_digits_mlp.csv")
    assert "shrink" in set(figure["method"])
    assert page.python("from lethe.benchmarks.deepunlearn.figures.style import title; print(title('shrink'))") == "Shrink"


def test_a_metric(copy: Copy) -> None:
    page = Followed("metric", copy())
    assert page.again() == set(), "nobody asked for it yet"
    scored = {"score", "score_baseline", "noise_floor"}
    of_embeddings = {"similarities", "similarity_matrix", "notebook_data_exploration"}  # made from what scoring keeps of pictures
    assert page.again("pixel_change.yaml") == scored | of_embeddings | OF_SCORES | OF_A_TASK | FIGURES | NOTEBOOKS | READ
    page.run()
    table = page.table(RESULTS / "tables/unlearning_objects.csv")
    assert table.loc["none", "pixel_change_emitter"] == 0 < table.loc["uce", "pixel_change_emitter"]
    emitter = json.loads((page.clone.folder / RESULTS / "datasets/interferences_caused_by_objects_0_uce_0.json").read_text())
    assert all("pixel_change" in numbers for numbers in emitter.values())
    assert page.shown("smoke", "objects")["metrics"]["pixel_change"] == "Pixel change"

    page.edit("src/lethe/diffusion/metrics/pixel_change.py", 'label="Pixel change"', 'label="Change of a pixel"')
    plan = Plan(
        page.clone,
        *(
            str(RESULTS / name)
            for name in ("figures/interference_matrix_objects_pixel_change.png", "tables/unlearning_objects.csv")
        ),
        config=[SMOKE, "pixel_change.yaml"],
    )
    assert plan.rules == {"interference_matrix"}, "a label only draws"


def test_a_source(copy: Copy) -> None:
    page = Followed("source", copy())
    assert page.again() == set()
    page.run()
    metadata = json.loads((page.clone.folder / "results/patterns/metadata_patterns_2_enriched_filtered.json").read_text())
    assert len(metadata) == 10 and {record["tilt"] for record in metadata} == {"low", "high"}


def test_a_task(copy: Copy) -> None:
    page = Followed("task", copy())
    assert page.again() == set()
    page.run()
    assert page.table("results/tens/tables/unlearning_tens.csv").loc["none", "ssim_emitter"] == 1
    assert set(page.shown("tens", "tens")["methods"]) == {"none", "uce"}


def test_a_figure(copy: Copy) -> None:
    page = Followed("figure", copy())
    assert page.again() == set()
    target = str(RESULTS / "figures/MeanDamage/task=objects--method=uce--metric=ssim.png")
    assert page.again(target=target) == {"figure"}
    page.run()
    told = json.loads((page.clone.folder / target).with_suffix(".json").read_text())
    assert told["metadata"]["template"] == "MeanDamage" and len(told["result"]["rows"]) == 10
    assert page.again(target=target) == set()
    page.edit("src/lethe/benchmarks/icare/templates/mean_damage.py", "Mean damage: {heading", "{heading")
    assert page.again(target=target) == {"figure"} and page.again() == set()

"""Docs/add-a-*.md, followed command by command: what is new stands beside what was there, and nothing else runs again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tests.recipes import follow, steps
from tests.workflow.conftest import SMOKE, Clone, clone_to
from tests.workflow.planned import RECORDS, Plan

pytestmark = pytest.mark.workflow
KEPT = ("results", "logs", "benchmarks", ".snakemake")
RESULTS = Path("results/smoke")
Copy = Callable[[], Clone]


@pytest.fixture(scope="module")
def copy(finished: Clone, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """Makes copies of a clone with a finished run."""
    finished.snakemake("-c2", "all")  # what other tests of this process took away

    def one() -> Clone:
        clone = clone_to(tmp_path_factory.mktemp("recipe") / "le the")
        for name in KEPT:
            shutil.copytree(finished.folder / name, clone.folder / name, symlinks=True)
        return clone

    return one


class Followed:
    """A page followed in a copy: first until jobs would run, then to its end."""

    def __init__(self, kind: str, clone: Clone) -> None:
        self.clone = clone
        found = steps(kind)
        first = next((place for place, step in enumerate(found) if step.runs), len(found))
        self.printed = "".join(follow(step, clone) for step in found[:first])
        self._rest = found[first:]

    def again(self, *configs: str) -> set[str]:
        """Rules that would run for `all` of the finished world, the records of the run apart."""
        return Plan(self.clone, config=[SMOKE, *configs]).rules - RECORDS - {"run_config"}

    def run(self) -> None:
        """The rest of the page, jobs and all."""
        for step in self._rest:
            follow(step, self.clone)

    def explored(self, world: str, task: str) -> dict[str, list[str]]:
        """Labels that the explorer shows."""
        text = (self.clone.folder / f"results/{world}/explorer/{task}/data.js").read_text()
        content = json.loads(text[text.index("{") : text.rindex("}") + 1])
        return {key: [entry["label"] for entry in content[key]] for key in ("methods", "metrics")}


SCORES = {"score", "score_baseline"}
OF_SCORES = {"tables"}


def test_a_metric(copy: Copy) -> None:
    page = Followed("metric", copy())
    assert page.again() == set(), "nobody asked for it yet"
    assert page.again("pixel_change.yaml") == SCORES | OF_SCORES
    page.run()
    table = pd.read_csv(page.clone.folder / RESULTS / "tables/unlearning_objects.csv").set_index("method")
    assert table.loc["none", "pixel_change_emitter"] == 0 < table.loc["uce", "pixel_change_emitter"]
    pairs = pd.read_parquet(page.clone.folder / RESULTS / "pairs_objects.parquet")
    assert "pixel_change" in set(pairs["metric"])
    emitter = json.loads((page.clone.folder / RESULTS / "datasets/interferences_caused_by_objects_0_uce_0.json").read_text())
    assert all("pixel_change" in numbers for numbers in emitter.values())
    assert "Pixel change" in page.explored("smoke", "objects")["metrics"]

    file = page.clone.folder / "src/lethe/diffusion/metrics/pixel_change.py"
    file.write_text(file.read_text().replace('label="Pixel change"', 'label="Change of a pixel"'))
    plan = Plan(
        page.clone, "results/smoke/figures/interference_matrix_objects_pixel_change.png", config=[SMOKE, "pixel_change.yaml"]
    )
    assert plan.rules == {"interference_matrix"}


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
    table = pd.read_csv(page.clone.folder / "results/tens/tables/unlearning_tens.csv").set_index("method")
    assert table.loc["none", "ssim_emitter"] == 1
    assert page.explored("tens", "tens")["methods"]

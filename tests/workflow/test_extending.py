"""Docs/extending.md, followed to the letter: what it adds is planned, computed, tabled and drawn as what was there before."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.recipes import follow, lines, recipes
from tests.workflow.conftest import Clone, clone_to, planned_jobs

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone with everything that the page adds."""
    clone = clone_to(tmp_path_factory.mktemp("extended"))
    follow(clone.folder)
    return clone


def test_the_page_has_a_method_a_metric_a_source_a_task_and_a_figure() -> None:
    assert len(recipes()) == 6 and len(lines()) == 5


def test_a_task_with_everything_new_is_planned(extended: Clone) -> None:
    figure = "results/patterns/figures/Suffered/task=patterns--method=erase_direction--metric=mae.png"
    jobs = planned_jobs(extended.snakemake("-n", "-c2", "--quiet", "rules", "--", "tables", figure, config="patterns.yaml"))
    assert {name: jobs[name] for name in ("source", "metadata", "unlearn", "generate", "score", "figure")} == {
        "source": 1,
        "metadata": 1,
        "unlearn": 3,
        "generate": 3,
        "score": 3,
        "figure": 1,
    }


COMPUTED = """
import numpy as np, pandas as pd, torch
from lethe.benchmarks.icare.gates import unlearning_table
from lethe.benchmarks.icare.pairs import image_quantities, pair_means, pair_records, tidy
from lethe.statistics.resampling import Inference
from lethe.benchmarks.icare.summary import similarity_table
from lethe.figures.templates import TEMPLATES
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.diffusion.metrics.base import MetricContext
from lethe.diffusion.metrics.scoring import ImageSet, Scorer, build_metrics
from lethe.core.records import ModelId
from lethe.diffusion.sources import SOURCES

source = SOURCES.load("stripes")()
names = [record["name"] for record in source.entities()]
first = torch.from_numpy(np.stack([next(source.images(name)).pixels for name in names])).permute(0, 3, 1, 2).contiguous()
N = len(names)
images = lambda pixels: ImageSet(pixels, np.arange(N), np.full(N, 42), names)
scorer = Scorer(build_metrics(["rmse", "mae"], MetricContext()))
off = scorer.score_baseline(images(first)).table
parts, files = [], []
for emitter in range(N):
    grey = torch.full_like(first, 128)
    like = torch.tensor([source.attribute_distance(names[emitter], name) < 1 for name in names])
    on = torch.where(like[:, None, None, None], grey, first)  # damage where the truth says alike
    means = pair_means(image_quantities(off, scorer.score_on(images(on)).table), N)
    files.append(pair_records(means, names))
    parts.append(tidy(means, ModelId("patterns", emitter, "erase_direction", 0)))
own = (grey.double() - first).abs().mean(dim=(1, 2, 3)) / 255
assert files[3][names[3]]["mae"] == float(own[3]) and list(files[3][names[3]]) == ["rmse", "mae"]
pairs = pd.concat(parts, ignore_index=True)
table = unlearning_table(pairs, off, N)
assert np.isclose(table["mae_emitter"][0], float(own.mean())) and 0 < table["mae_others"][0] < table["mae_emitter"][0]
true = np.array([[1 - source.attribute_distance(a, b) for b in names] for a in names])
similarity = similarity_table(pairs, {"true": true}, N, Inference(99, 50)).set_index("metric")
assert similarity.loc["mae", "spearman"] > 0.9
template = TEMPLATES.load("Suffered")
asked = template.parameters(task="patterns", method="erase_direction", metric="mae")
result = template.compute(asked, {"patterns": TaskData("patterns", source.entities(), pairs=pairs)}, Inference(99, 50))
assert [row["name"] for row in result.rows] == names and 0 < result.findings[0].value < 1
TEMPLATES.load("Suffered").draw(result, asked, {}).savefig("suffered.png")
"""


def test_a_new_metric_reaches_files_tables_and_figures(extended: Clone) -> None:
    run_in(extended, COMPUTED)
    assert (extended.folder / "suffered.png").stat().st_size > 1000


def test_a_metric_that_nobody_could_read_is_refused(extended: Clone) -> None:
    """Each of these would be scored for hours and then left out of every table, or told wrongly."""
    for add, message in (
        (
            'METRICS.register("mea", "lethe.diffusion.metrics.mae:MeanAbsoluteError")',
            "unknown quantity 'mea'.*did you mean 'mae'",
        ),
        (
            "SPECS['a'] = MetricSpec('a', '↑', '1', (0, 1), 'image', 'v', 's'); METRICS.register('a', 'b:c')",
            "unknown quantity 'a_diff'",
        ),
        ("MetricSpec('psnr', '↑', 'dB', (0, float('inf')), 'pair', 'v', 's')", "metric 'psnr': more is better without end"),
    ):
        file = extended.folder / "src/lethe/diffusion/metrics/__init__.py"
        before = file.read_text()
        try:
            file.write_text(before.replace("METRICS.register(", f"{add}\nMETRICS.register(", 1))
            run_in(extended, f"""
import re
try:
    import lethe.workflow.configuration
except Exception as error:
    assert re.search({message!r}, str(error)), error
else:
    raise AssertionError("accepted")
""")  # fmt: skip
        finally:
            file.write_text(before)


def run_in(clone: Clone, code: str) -> None:
    """Run Python in a clone."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=clone.folder, env=clone.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]

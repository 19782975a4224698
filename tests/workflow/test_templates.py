"""Results as targets: what is planned for one, what a wrong one says."""

from __future__ import annotations

import pytest
from tests.workflow.conftest import Clone, planned_jobs, planned_messages

from lethe.benchmarks.icare.templates.paper import figures
from lethe.settings.models import Settings

pytestmark = pytest.mark.workflow
ONE = "results/mini/figures/MSA/task=people--method=uce--metric=ssim--similarity={}.png"


def test_one_result_needs_its_task_only(clone: Clone) -> None:
    messages = planned_messages(clone.snakemake("-n", ONE.format("clip"), config=None))
    assert "Figure MSA/task=people--method=uce--metric=ssim--similarity=clip" in messages
    assert not [message for message in messages if "breeds" in message or "objects" in message]


def test_a_result_that_cannot_be_made_is_refused_before_any_job(clone: Clone) -> None:
    output = clone.snakemake("-n", ONE.format("dno"), config=None, check=False)
    assert output.startswith("exit 1") and "similarity: 'dno' is unknown" in output and "did you mean 'dino'" in output


def test_a_published_name_that_cannot_be_made_is_refused_before_any_job(clone: Clone) -> None:
    output = clone.snakemake("-n", "results/mini/figures/visual_grid_people_012.png", config=None, check=False)
    assert output.startswith("exit 1") and "figures/visual_grid_people_012.png: entity 12 does not exist" in output


def test_the_papers_figures_are_planned(clone: Clone) -> None:
    jobs = planned_jobs(clone.snakemake("-n", "--quiet", "rules", "--", "figures_all", config=None))
    assert jobs["figure"] == len(figures(Settings()))

"""Every configuration that is shipped can run: its studies have hyper-parameters, and the smoke overlay holds every published study."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from snakemake.utils import update_config

from lethe.classifiers.plan.studies import Studies
from lethe.settings.models import Settings
from lethe.workflow.configuration import load_configuration

ROOT = Path(__file__).parents[3]
BEHIND = {
    **dict.fromkeys(("smoke.yaml", "published.yaml", "paper_fetched.yaml"), "paper.yaml"),
    "canvas_quick.yaml": "canvas_train.yaml",
}
OVERLAYS = sorted(file.name for file in (ROOT / "config").glob("*.yaml") if "\ndeepunlearn:" in file.read_text())


def configured(overlay: str) -> Settings:
    config = {}
    for name in ("config.yaml", BEHIND.get(overlay), overlay):
        if name:
            update_config(config, yaml.safe_load((ROOT / "config" / name).read_text()))
    return load_configuration(config)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_study_has_hyperparameters(overlay: str) -> None:
    settings = configured(overlay)
    studies = Studies(settings, ROOT)
    for dataset, architecture in studies.pairs:
        found = studies.shipped_study(SimpleNamespace(dataset=dataset, architecture=architecture))
        searched = settings.deepunlearn.hyperparameters == "searched"
        assert set(found) == (set() if searched else set(settings.deepunlearn.datasets[dataset].methods)), (dataset, architecture)


def test_the_smoke_overlay_holds_every_published_study_with_all_methods() -> None:
    smoke, paper = (configured(name).deepunlearn for name in ("smoke.yaml", "paper.yaml"))
    pairs = [(name, architecture) for name, data in smoke.datasets.items() for architecture in data.architectures]
    assert len(pairs) == 10 and set(smoke.datasets) == set(paper.datasets) and set(smoke.lira) == set(paper.lira)
    for name, data in smoke.datasets.items():
        assert data.methods == paper.datasets[name].methods and len(data.methods) == 18
        assert (data.limit, data.training.epochs) == (100, 1) and data.seeds < paper.datasets[name].seeds

"""The six later methods forget the embedded study with the hyper-parameters that are shipped."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.contract.test_deepunlearn_methods import accuracy

from lethe.classifiers.data.prepare import write_data
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.hyperparameters import shipped
from lethe.classifiers.methods import METHODS
from lethe.classifiers.methods.base import run
from lethe.classifiers.problem import Problem
from lethe.settings.deepunlearn import DeepUnlearn

ROOT = Path(__file__).parents[3]
SEEDS = [0, 1]
LATER = ["ssd", "l1_sparse", "delete", "lotus", "trew", "rum"]


@pytest.fixture(scope="module", params=["mlp", "tinycnn"])
def study(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Problem]:
    """An architecture, and a few original models of the default study."""
    torch.set_num_threads(1)
    settings = DeepUnlearn().datasets["digits"]
    path = tmp_path_factory.mktemp("study") / "data.safetensors"
    write_data(path, "digits", settings)
    experiment = Experiment.load(path, request.param)
    original = experiment.train(experiment.training_rows().expand(len(SEEDS), -1), SEEDS, settings.training)
    return request.param, experiment.problem(original, SEEDS)


@pytest.mark.parametrize("name", LATER)
def test_it_forgets_the_embedded_study(name: str, study: tuple[str, Problem]) -> None:
    """Forget accuracy falls by a tenth at least (a retrained model's: by a third), and the retain accuracy stays far above chance."""
    architecture, given = study
    method = METHODS.load(name)()
    found = shipped(ROOT / "config/methods/classifiers", "digits", architecture)[name].values
    result = run(method, given, [method.Config(**found)] * len(given))
    before, after = (accuracy(given, stack, given.forget).mean() for stack in (given.original, result))
    assert after < before - 0.1, f"forget accuracy {before:.3f} before, {after:.3f} after"
    assert accuracy(given, result, given.retain).mean() > 0.5

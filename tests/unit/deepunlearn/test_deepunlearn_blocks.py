"""Which models of U-LiRA share a job, what its jobs ask for, and files in blocks."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from pydantic import ValidationError
from tests.unit.workflow.test_workflow_plan import ROOT, of, plan

from lethe.benchmarks.deepunlearn.blocks import block_names, splits_in, splits_per_block
from lethe.benchmarks.deepunlearn.jobs import lira_search
from lethe.benchmarks.deepunlearn.lira import (
    join_outputs,
    problem_of,
    read_methods,
    read_outputs,
    samples_of,
    splits_of,
    train_originals,
    write_outputs,
)
from lethe.classifiers.data.prepare import write_data
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.models.stack import Stack
from lethe.execution.work import WorkFolder
from lethe.io.tables import CorruptFileError, read_json, read_parquet
from lethe.settings.classifiers import BaseTraining, Lira, LiraDesign, Search
from lethe.settings.deepunlearn import Classification
from lethe.workflow.start import plan_of

CIFAR = {
    "source": "local",
    "folder": "data/cifar10",
    "architectures": ["resnet18", "tinyvit"],
    "training": {"epochs": 182, "batch_size": 256},
}


@pytest.mark.parametrize("splits", [1, 4, 24, 63, 64, 1001])
@pytest.mark.parametrize("size", [1, 2, 5, 64])
def test_blocks_hold_every_split_once_and_are_nearly_equal(splits: int, size: int) -> None:
    blocks = [list(splits_in(name)) for name in block_names(splits, size)]
    assert [split for block in blocks for split in block] == list(range(splits))
    assert max(map(len, blocks)) <= size and max(map(len, blocks)) - min(map(len, blocks)) <= 1


def test_a_job_holds_whole_splits() -> None:
    assert splits_per_block(64, 10, weights=44.7) == 1 and splits_per_block(64, 4, weights=44.7) == 2
    assert splits_per_block(64, 10, weights=0.02) == 64 and splits_per_block(64, 4, weights=1e6) == 1
    assert splits_per_block(64, 4, weights=0.02, models_per_job=14) == 2
    assert Lira(forget_sets=4, models_per_job=5).models_per_job == 5
    with pytest.raises(
        ValidationError, match="models_per_job is 4, but a split has 5 models, which share a job; allowed: 0, 5 or more"
    ):
        Lira(forget_sets=4, models_per_job=4)
    with pytest.raises(ValidationError, match="search.splits is 9; allowed: 0 to 8"):
        Lira(splits=8, search={"splits": 9})  # type: ignore[arg-type]


def test_the_plan_chooses_blocks_by_the_size_of_a_model() -> None:
    mini = plan().deepunlearn
    assert mini.blocks_of("digits", "mlp") == mini.blocks_of("digits", "tinycnn") == ["000-063"]
    asked = plan(deepunlearn={"lira": {"digits": {"models_per_job": 100}}}).deepunlearn
    assert asked.blocks_of("digits", "mlp") == ["000-015", "016-031", "032-047", "048-063"]
    files = asked.lira_outputs(of(dataset="digits", architecture="mlp"))
    assert len(files) == 4 * len(asked.attacked_methods(of(dataset="digits", architecture="mlp")))
    assert [file.rpartition("lira/")[2] for file in files[:5]] == [
        *(f"{block}/original.safetensors" for block in asked.blocks),
        "000-015/retrained.safetensors",
    ]


def test_large_networks_have_a_job_per_split_that_asks_for_what_it_needs() -> None:
    lira = {"cifar10": {"architectures": ["resnet18"], "methods": ["ft"], "forget_sets": 10, "epochs": 91}}
    changed = {"datasets": {"cifar10": CIFAR}, "lira": lira, "hyperparameters": "searched", "demo_architecture": "resnet18"}
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    found = plan_of(config | {"device": "cuda", "deepunlearn": changed}, (), ROOT)
    blocks = found.deepunlearn.blocks_of("cifar10", "resnet18")
    assert len(blocks) == 64 and blocks[:2] == ["000-000", "001-001"]
    job = of(dataset="cifar10", architecture="resnet18", block="000-000")
    assert found.deepunlearn.lira_time(job) in range(60, 240)
    assert found.studies.training_time(job) > found.studies.tuning_time(job) >= 60
    images = 60_000 * 3 * 32 * 32 * 4e-6
    held = found.studies.unlearning_memory(job)
    assert held >= 1500 + 3 * images + 20 * 44 and found.studies.unlearning_memory(job, attempt=2) == 2 * held
    assert found.deepunlearn.tuning_files("models")(job) == [
        f"<results>/deepunlearn/cifar10/resnet18/lira/{block}/models.safetensors" for block in blocks[:32]
    ]


def test_blocks_of_outputs_are_read_in_order(tmp_path: Path) -> None:
    phi = np.arange(5 * 2 * 3, dtype=np.float32).reshape(10, 3)
    cuts = [(0, 4), (4, 6), (6, 10)]  # lots of models: two of a block of three splits, one of a block of two
    for begin, end in cuts:
        write_outputs(tmp_path / f"{begin}", phi[begin:end], phi[begin:end] > 3)
    join_outputs([tmp_path / "0", tmp_path / "4"], tmp_path / "first", forget_sets=2)
    join_outputs([tmp_path / "6"], tmp_path / "second", forget_sets=2)
    found, correct = read_outputs([tmp_path / "first", tmp_path / "second"])
    assert found.shape == (5, 2, 3) and (found.reshape(10, 3) == phi).all() and (correct == (found > 3)).all()
    join_outputs([tmp_path / "0"], tmp_path / "originals", repeats=2, forget_sets=2)
    assert (read_outputs([tmp_path / "originals"])[0] == phi[:4, None].repeat(2, axis=1)).all()

    both = [tmp_path / "first", tmp_path / "second", tmp_path / "second", tmp_path / "first"]
    by_method = read_methods(both, ["a", "b"])
    assert (by_method["b"][0][:2] == found[3:]).all() and (by_method["a"][0] == found).all()
    with pytest.raises(ValueError, match="4 files for 3 methods"):
        read_methods(both, ["a", "b", "c"])
    write_outputs(tmp_path / "other", phi.reshape(5, 1, 6), phi.reshape(5, 1, 6) > 3)
    with pytest.raises(CorruptFileError, match=re.escape("holds (5, 1, 6), but")):
        read_outputs([tmp_path / "first", tmp_path / "other"])


def test_a_search_for_u_lira_tunes_on_forget_sets_that_are_never_attacked(tmp_path: Path) -> None:
    data, lira, training = (
        tmp_path / "data.safetensors",
        LiraDesign(splits=4, forget_sets=2, limit=300, epochs=2),
        BaseTraining(epochs=5),
    )
    write_data(data, "digits", Classification())
    experiment, blocks = Experiment.load(data, "mlp"), ["000-000", "001-002"]
    names = "models", "retrained", "retrained_again"
    files = {name: [tmp_path / block / name for block in blocks] for name in names}
    of_all = {"data": data, "architecture": "mlp", "lira": lira, "training": training, "device": "cpu"}
    for i, block in enumerate(blocks):
        train_originals(experiment, lira, training, list(splits_in(block))).save(files["models"][i], {})
        places = {name: files[name][i] for name in names[1:]}
        lira_search.train(**of_all, **places, dataset="digits", block=block, work=WorkFolder(tmp_path / "work" / block, "x"))
    first, again = (Stack.load(files[name][1]) for name in names[1:])
    assert len(first) == 2 and not torch.equal(first.parameters["fc.bias"], again.parameters["fc.bias"])

    problem = problem_of(experiment, lira, Stack.load(files["models"][0]), [0], [lira.forget_sets], [0])
    attacked = samples_of(experiment, lira)[splits_of(experiment, lira).forget[0]].sort(-1).values
    half = samples_of(experiment, lira)[splits_of(experiment, lira).train[0]].sort().values
    assert torch.equal(torch.cat([problem.retain[0], problem.forget[0]]).sort().values, half)
    assert not (attacked == problem.forget[0].sort().values).all(-1).any()

    settings = Search(trials=2, batch=2, population=2, finalists=1)
    out, work = {name: tmp_path / f"ft.{name}" for name in ("best", "trials")}, WorkFolder(tmp_path / "work/search", "x")
    lira_search.search_method(**of_all, **files, **out, unlearner="ft", splits=2, settings=settings, work=work)
    assert set(read_json(out["best"])["values"]) == {"learning_rate", "weight_decay", "batch_size", "num_epochs"}
    assert set(read_parquet(out["trials"])["model"]) == {0, 1}

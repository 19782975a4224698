"""Every model has the losses of its own training, step by step; who is not trained by steps has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from tests.tiny_pipeline import shared_tiny_pipeline

from lethe.core.records import ModelId
from lethe.diffusion.curves import curve_table, read_curve, record, recorded, write_curve
from lethe.diffusion.methods._training import OptimiserConfig, optimise
from lethe.diffusion.methods.base import UnlearnData
from lethe.diffusion.methods.run import run_method, targets_of
from lethe.diffusion.testbed.receivers import of_entities
from lethe.execution.work import WorkFolder
from lethe.io.tables import CorruptFileError, read_json

NAMES = ["dog", "cat", "lake"]
EMITTERS = of_entities([{"name": name} for name in NAMES], "thing")[1]
SPARE = {"rank": 2, "steps": 20, "forget_batch": 2, "retain_batch": 2, "target_modules": ["*.attn2.to_k"]}


def run(folder: Path, method: str, indices: list[int], parameters: dict[str, Any]) -> list[tuple[pd.DataFrame, dict[str, Any]]]:
    """Curve and record of each model."""
    latents = torch.randn(9, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    work, models = WorkFolder(folder, key="the same"), [ModelId("objects", index, method, 1) for index in indices]
    run_method(
        models,
        EMITTERS,
        base=shared_tiny_pipeline(),
        data=UnlearnData(latents, torch.arange(9) % 3, dict(enumerate(NAMES))),
        hyperparameters=parameters,
        seed=5,
        device="cpu",
        work=work,
    )
    files = [targets_of(model) for model in models]
    return [(read_curve(work.path(curve)), read_json(work.path(record))) for _, record, curve in files]


def test_every_model_has_the_curve_of_its_own_training(tmp_path: Path) -> None:
    together = run(tmp_path / "both", "distil", [0, 2], SPARE)
    [(alone, _)] = run(tmp_path / "one", "distil", [2], SPARE)
    pd.testing.assert_frame_equal(together[1][0], alone)  # not the steps of the emitter before it
    assert not together[0][0]["loss_forget"].equals(alone["loss_forget"])
    for curve, said in together:
        assert list(curve.columns) == ["step", "seed", "learning_rate", "loss_forget", "loss_retain", "gradient_norm"]
        assert (
            curve["step"].tolist() == list(range(1, 21)) and set(curve["seed"]) == {5} and set(curve["learning_rate"]) == {6e-4}
        )
        for name in ("loss_forget", "loss_retain", "gradient_norm"):  # a tenth of the steps are two
            assert curve[name][:2].mean() == pytest.approx(said[f"{name}_first"], rel=1e-5)
            assert curve[name][-2:].mean() == pytest.approx(said[f"{name}_last"], rel=1e-5)


def test_a_method_without_steps_has_a_table_without_rows(tmp_path: Path) -> None:
    [(curve, _)] = run(tmp_path, "none", [0], {})
    assert list(curve.columns) == ["step", "seed", "learning_rate"] and curve.empty


def test_the_learning_rate_is_that_of_the_step() -> None:
    weight = torch.ones(1, requires_grad=True)

    def gradient(step: int, parameters: list[torch.Tensor]) -> tuple[list[torch.Tensor], dict[str, torch.Tensor]]:
        return [torch.ones(1)], {"loss": parameters[0].detach().sum()}

    with recorded() as curves:
        optimise([weight], OptimiserConfig(steps=3, learning_rate=0.5), gradient, rate=lambda step: 1 / (1 + step))
    optimise([weight], OptimiserConfig(steps=3), gradient)  # outside: nobody wants it
    assert len(curves) == 1 and curves[0]["learning_rate"] == pytest.approx([0.5, 0.25, 0.5 / 3])
    assert curves[0]["loss"][0] == 1.0 and len(curves[0]["gradient_norm"]) == 3


def test_trainings_of_one_model_follow_one_another(tmp_path: Path) -> None:
    with recorded() as curves:
        record({"learning_rate": [0.1, 0.1], "loss": [3.0, 2.0]})
        record({"learning_rate": [0.2], "loss_retain": [1.0]})
    found = curve_table(curves, seed=1)
    assert found["step"].tolist() == [1, 2, 3] and found["learning_rate"].tolist() == [0.1, 0.1, 0.2]
    write_curve(tmp_path / "losses.csv", curves, 1)
    pd.testing.assert_frame_equal(read_curve(tmp_path / "losses.csv"), found)
    (tmp_path / "other.csv").write_text("name,loss\ndog,1\n")
    with pytest.raises(CorruptFileError, match="other.csv: not a table of a training's steps .column 'step' is missing"):
        read_curve(tmp_path / "other.csv")

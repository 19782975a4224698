"""Relearning: what is counted, and retrained models at the null of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from tests.unit.deepunlearn.deepunlearn_study import SEEDS, TRAINING, Files

from lethe.benchmarks.deepunlearn.jobs.relearning import relearn_study
from lethe.benchmarks.deepunlearn.relearning import STEPS, Curves, curve_rows, halves, relearn, relearning_table
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.models.stack import Stack


def curves(method: str, first: list[list[float]], other: float = 0.5) -> pd.DataFrame:
    shown = np.array(first)
    return curve_rows(method, [3, 4], Curves(shown, np.full(shown.shape, other)))


def test_halves_share_no_row() -> None:
    shown, other = halves(torch.arange(5))
    assert (shown.tolist(), other.tolist()) == ([0, 1], [2, 3])
    assert [len(part) for part in halves(torch.arange(10_000))] == [500, 500]
    with pytest.raises(ValueError, match="a forget set of 1; at least 2"):
        halves(torch.arange(1))


def test_steps_are_counted_to_the_share_of_the_original_of_the_seed() -> None:
    """Seed 3 is back at 0.95 x 1.0, seed 4 at 0.95 x 0.8 = 0.76; the second run of a method never is."""
    original = curves("original", [[1.0, 1.0, 1.0], [0.8, 0.8, 0.8]])
    retrained = curves("retrained", [[0.5, 0.94, 0.96], [0.5, 0.8, 0.9]])
    twice = curves("ft", [[0.96, 0.9, 1.0], [0.7, 0.75, 0.76], [0.1, 0.2, 0.3], [0.1, 0.2, 0.3]], other=0.7)
    table = relearning_table(pd.concat([original, retrained, twice])).set_index("method")
    assert list(table["back"]) == [1.0, 1.0, 0.5] and list(table["steps"]) == [0, 1.5, np.mean([0, 2, 3, 3])]
    assert list(table["steps_excess"]) == [-1.5, 0, 0.5] and list(table["seeds"]) == [2, 2, 2]
    assert table["other_excess"].to_numpy() == pytest.approx([0, 0, 0.2]) and table.loc["ft", "other_before"] == pytest.approx(
        0.7
    )


def test_a_model_of_a_stack_relearns_as_it_does_alone_and_is_left_alone(study: Files) -> None:
    experiment = Experiment.load(study.data, "mlp")
    retrained = Stack.load(study.references["retrained"]).select([0, 1])
    problem, before = experiment.problem(retrained, [0, 1]), retrained.clone()
    both, alone = relearn(problem, retrained, TRAINING), relearn(problem.select([1]), retrained.select([1]), TRAINING)
    assert both.shown.shape == both.other.shape == (2, STEPS + 1)
    assert np.abs(both.shown[1:] - alone.shown).max() <= 2 / 60 and np.abs(both.other[1:] - alone.other).max() <= 2 / 60
    assert all(torch.equal(retrained.parameters[name], before.parameters[name]) for name in before.parameters)


def test_retrained_models_are_at_the_null_and_originals_are_not(study: Files, tmp_path: Path) -> None:
    rows, place = tmp_path / "curves.parquet", tmp_path / "table.csv"
    given = {"architecture": "mlp", "methods": ["new_head"], "seeds": SEEDS, "training": TRAINING, "alpha": 0.05, "device": "cpu"}
    relearn_study(study.data, **study.references, unlearned=[study.new_head], curves=rows, table=place, **given)
    table = pd.read_csv(place).set_index("method")
    assert table["back"].to_dict() == {"original": 1, "retrained": 1, "retrained_again": 1, "new_head": 0}
    excess = [f"{name}_excess{bound}" for name in ("steps", "other") for bound in ("", "_low", "_high")]
    assert (table.loc["retrained", excess] == 0).all()
    again, original, new_head = (table.loc[name] for name in ("retrained_again", "original", "new_head"))
    assert abs(again["steps_excess"]) < 15 and abs(again["other_excess"]) < 0.05
    assert original["steps"] == 0 and original["steps_excess_high"] < -20 and original["other_excess_low"] > 0.15
    assert new_head["steps"] == STEPS + 1 and new_head["other_before"] < 0.3
    assert new_head["other_excess"] > -0.05, "what only the last layer forgot comes back unshown"

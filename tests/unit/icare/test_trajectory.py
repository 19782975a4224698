"""Trajectories: which moments they have, what their table tells, and what the strip shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.settings.test_settings import CONFIG, merged

from lethe.benchmarks.icare.plan.trajectories import Trajectories
from lethe.benchmarks.icare.trajectory import most_harmed, rows_of, strip, trajectory_table
from lethe.diffusion.plan.models import Models
from lethe.settings.errors import SettingsError
from lethe.workflow.configuration import load_configuration

SEEDS, ENTITIES = (42, 43), 3


class Values(dict[str, str]):
    __getattr__ = dict.__getitem__


def steps(checkpoints: dict[str, list[int]], method: str, index: str = "003") -> dict[int, int]:
    settings = load_configuration(merged({"checkpoints": checkpoints}))
    found = Trajectories(settings, Models(settings, CONFIG / "methods/diffusion"))
    assert found.methods == list(checkpoints)
    return found.steps(Values(task="objects", method=method, index=index))


def test_epochs_are_steps_and_the_end_is_added() -> None:
    assert steps({"distil": [1, 2]}, "distil") == {1: 8, 2: 16, 4: 30}, "30 steps are three epochs of 8 and a part of the fourth"
    assert steps({"distil": [4]}, "distil") == {4: 30}


@pytest.mark.parametrize(
    ("checkpoints", "method", "index", "message"),
    [
        ({"distil": [1, 5]}, "distil", "003", "checkpoints.distil: 5, but its training on 'objects' ends after 4 epochs"),
        ({"uce": [1]}, "uce", "003", "checkpoints.uce: 'uce' takes no steps"),
        ({"distil": [1]}, "distil", "010", "'distil' does not unlearn emitter 10 of 'objects'"),
    ],
)
def test_what_has_no_trajectory_is_refused_by_the_plan(checkpoints: Any, method: str, index: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        steps(checkpoints, method, index)


@pytest.mark.parametrize(
    ("checkpoints", "message"),
    [
        ({"distill": [1]}, "checkpoints: 'distill' is unknown; .*did you mean 'distil'"),
        ({"distil": [2, 1]}, "checkpoints.distil: 1 follows 2; allowed: rising epochs"),
        ({"distil": []}, "checkpoints.distil: List should have at least 1 item"),
        ({"distil": [0]}, "checkpoints.distil.0: .*greater than or equal to 1"),
    ],
)
def test_malformed_checkpoints_are_refused_when_the_configuration_is_read(checkpoints: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_configuration(merged({"checkpoints": checkpoints}))


def scores(clip: dict[int, float], rmse: dict[int, float] | None = None) -> pd.DataFrame:
    rows = [
        {"receiver": receiver, "seed": seed, "clip": value, "constant": 0.0} | ({"rmse": rmse[receiver]} if rmse else {})
        for receiver, value in clip.items()
        for seed in SEEDS
    ]
    return pd.DataFrame(rows)


def test_the_table_tells_the_emitter_from_the_others() -> None:
    off = scores(dict.fromkeys(range(ENTITIES), 30.0))
    on = {
        1: scores({0: 28.0, 1: 29.0, 2: 31.0}, {0: 0.1, 1: 0.2, 2: 0.0}),
        4: scores({0: 10.0, 1: 24.0, 2: 30.0}, {0: 0.4, 1: 0.1, 2: 0.3}),
    }
    table = trajectory_table(off, on, {1: 8, 4: 30}, emitter=0, entities=ENTITIES).set_index("epochs")
    assert table["steps"].tolist() == [8, 30]
    assert table["clip_diff_emitter"].tolist() == [-2.0, -20.0] and table["clip_diff_others"].tolist() == [0.0, -3.0]
    assert table.loc[4, "rmse_others"] == pytest.approx(0.2)
    assert most_harmed(on[4], emitter=0) == [2, 1] and most_harmed(on[1], emitter=0, count=1) == [1]


def test_the_strip_has_a_column_for_each_moment_and_a_row_for_each_receiver() -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    names = rows_of(1, [2], ["zero", "a_one", "two"])
    assert names == {1: "a one (unlearned)", 2: "two"}
    figure = strip({epoch: dict.fromkeys(names, picture + epoch) for epoch in (0, 1, 4)}, names, {1: 8, 4: 30}, seed=42)
    axes = figure.get_axes()
    assert len(axes) == 6 and [panel.get_title() for panel in axes[:3]] == [
        "base\n(off)",
        "epoch 1\n8 steps",
        "epoch 4\n30 steps",
    ]
    assert [int(panel.get_images()[0].get_array().max()) for panel in axes[3:]] == [0, 1, 4]

"""Grids of hyper-parameters: the file, the objective, the choice, and what the plan hands to a job."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from tests.unit.unlearncanvas.test_plan import CANVAS, EVALUATORS, OWN, plan

from lethe.benchmarks.unlearncanvas.grid import grid_table, objective
from lethe.benchmarks.unlearncanvas.plan.grid import Grids
from lethe.benchmarks.unlearncanvas.plan.studios import CanvasStudios
from lethe.diffusion.methods import METHODS
from lethe.planning.targets import Values
from lethe.settings.errors import SettingsError
from lethe.settings.grids import Grid, load_grid
from lethe.workflow.start import plan_of

ROOT = Path(__file__).parents[3]
GRID = {
    "task": "toy",
    "judge": 2,
    "seeds": [901, 902],
    "methods": {"distil": {"steps": [20, 40], "learning_rate": [0.001, 0.01]}},
}
SECOND = {
    "colour2": EVALUATORS["colour"] | {"metric": "colour2"},
    "shape2": {**OWN, "kind": "classifier", "attribute": "shape", "metric": "shape2"},
}


def rows(*points: list[tuple[float, float, float]], method: str = "m") -> pd.DataFrame:
    """Of every point UA, IRA and CRA of each concept."""
    return pd.DataFrame(
        {"task": "t", "method": method, "point": number, "parameters": json.dumps({"steps": number}), "concept": concept}
        | dict(zip(("ua", "ira", "cra"), values, strict=True))
        | {"seconds": 2.0}
        for number, concepts in enumerate(points)
        for concept, values in enumerate(concepts)
    )


# --- objective and choice ---


def test_no_mean_hides_a_concept_that_was_not_forgotten() -> None:
    half = [(1.0, 1.0, 1.0), (0.0, 1.0, 1.0)]  # the mean of all six is 5/6
    even = [(0.7, 0.7, 0.7), (0.7, 0.7, 0.7)]
    assert objective(rows(half)) == 0.5 and objective(rows(even)) == pytest.approx(0.7)
    crossed = [(0.2, 1.0, 1.0), (1.0, 0.2, 1.0)]  # means .6, .6, 1: the smallest of these would be .6
    assert objective(rows(crossed)) == pytest.approx(0.2)
    assert grid_table(rows(half, even))["chosen"].tolist() == [False, True]


def test_equal_points_are_told_apart_by_the_mean_then_by_their_order() -> None:
    flat, better = [(0.5, 0.5, 0.5)], [(1.0, 0.5, 0.5)]
    assert grid_table(rows(flat, better))["chosen"].tolist() == [False, True]
    assert grid_table(rows(flat, better, better))["chosen"].tolist() == [False, True, False]
    rounded = [(1.0, 0.5 + 1e-15, 0.5)]  # sums of weights differ in the last bits
    assert grid_table(rows(flat, better, rounded))["chosen"].tolist() == [False, True, False]
    assert str(grid_table(rows([(-2e-16, 1.0, 1.0)]))["ua"][0]) == "0.0"


def test_a_point_that_drew_nothing_is_never_chosen() -> None:
    broken = [(float("nan"),) * 3, (1.0, 1.0, 1.0)]
    table = grid_table(pd.concat([rows(broken, [(0.1, 0.1, 0.1)] * 2), rows(broken, method="n")], ignore_index=True))
    assert table["chosen"].tolist() == [False, True, False] and table["objective"].isna().tolist() == [True, False, True]


def test_the_table_has_the_spread_over_concepts() -> None:
    table = grid_table(rows([(1.0, 0.9, 0.8), (0.0, 0.7, 0.6)])).set_index("method")
    told = ("n", "ua", "ua_smallest", "ua_largest", "ira_smallest", "cra_largest", "objective", "seconds")
    assert [table.loc["m", name] for name in told] == pytest.approx([2, 0.5, 0.0, 1.0, 0.7, 0.8, 0.4, 2.0])
    assert table.loc["m", "parameters"] == '{"steps": 0}'


# --- the file ---


def test_points_are_every_combination() -> None:
    assert Grid.model_validate(GRID).points("distil") == [
        {"steps": steps, "learning_rate": rate} for steps, rate in product([20, 40], [0.001, 0.01])
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"judge": 1}, "judge"),  # its numbers are reported
        ({"seeds": [901]}, "seeds"),
        ({"method": {}}, "unknown key 'method'.*'methods'"),
        ({"methods": {"distil": {}}}, "methods.distil"),
        ({"methods": {"distil": {"steps": []}}}, "methods.distil.steps"),
        ({"methods": {"distil": {"steps": 20}}}, "methods.distil.steps"),
        ({"methods": {"distil": {"steps": [20, 20]}}}, "methods.distil.steps: 20 is given twice"),
        ({"methods": {"distil": {"steps": [1, 2, 3], "rank": [4, 8, 16]}}}, "methods.distil: 9 points; allowed: at most 8"),
        ({"task": "toys"}, "task is 'toys', the file says 'toy'"),
    ],
)
def test_a_fault_of_the_file_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    (tmp_path / "toy.yaml").write_text(yaml.safe_dump(GRID | change))
    with pytest.raises(SettingsError, match=f"(?s)toy.yaml: .*{message}"):
        load_grid(tmp_path / "toy.yaml")


# --- the plan ---


def grids(folder: Path, change: dict[str, Any] | None = None, judges: int = 2) -> Grids:
    (folder / "toy.yaml").write_text(yaml.safe_dump(GRID | (change or {})))
    section = CANVAS | {"judges": [*CANVAS["judges"], {"style": "colour2", "object": "shape2"}][:judges]}
    task = {"metrics": ["colour", "shape", "colour2", "shape2"], "methods": ["none", "distil", "uce"]}
    made = plan(section, task, SECOND)
    return Grids(made.settings, made.models, CanvasStudios(made.settings), folder)


def test_the_plan_gives_the_second_judge_and_other_seeds(tmp_path: Path) -> None:
    made, toy = grids(tmp_path), Values(task="toy", method="distil")
    assert made.tasks == ["toy"] and made.methods == ["distil"]
    assert made.products == ["<results>/tables/unlearncanvas_grid_toy.csv"]
    assert made.of_task(toy) == ["<results>/unlearncanvas/grid_toy_distil.csv"]
    assert sorted(made.evaluators(toy)) == ["<results>/evaluators/colour2", "<results>/evaluators/shape2"]
    studio = made.studio(toy)
    assert studio["judges"] == [{"style": "colour2", "object": "shape2"}]
    assert studio["scoring"]["metrics"] == ["colour2", "shape2"] and studio["seeds"] == [901, 902]
    kept = made.kept(toy)
    assert not kept.keys() & {"steps", "learning_rate", "steps_per_epoch"} and kept["rank"] == 8


@pytest.mark.parametrize(
    ("change", "judges", "asked", "message"),
    [
        ({"judge": 3}, 2, "studio", "judge is 3; allowed: 2 to 2"),
        ({}, 1, "evaluators", "judge is 2; allowed: none: the task has one judge"),
        ({"seeds": [901, 2]}, 2, "studio", "seeds: 2 is a seed of the reported images"),
        ({"methods": {"distil": {"step": [1]}}}, 2, "kept", "methods.distil.step has no value .*did you mean 'steps'"),
        (
            {"methods": {"distill": {"steps": [1]}}},
            2,
            "of_task",
            "methods.distill: no method of task 'toy'.*did you mean 'distil'",
        ),
        (
            {"methods": {"munba": {"steps": [1]}}},
            2,
            "of_task",
            "methods.munba: no method of task 'toy'; there are: none, distil, uce",
        ),
    ],
)
def test_a_grid_that_does_not_fit_is_refused(
    tmp_path: Path, change: dict[str, Any], judges: int, asked: str, message: str
) -> None:
    made = grids(tmp_path, change, judges)
    with pytest.raises(SettingsError, match=f"toy.yaml: {message}"):
        getattr(made, asked)(Values(task="toy", method="distil"))


def test_every_shipped_point_can_be_run_and_what_was_chosen_stands_in_it() -> None:
    """A value that its method's file says comes from the grid is one of the values of that grid."""
    made = plan_of(yaml.safe_load((ROOT / "config/config.yaml").read_text()), (), ROOT)
    assert made.grids.products
    for task in made.grids.tasks:
        assert len(made.data.tuning_emitters(Values(task=task))) >= 2
        for file in made.grids.of_task(Values(task=task)):
            method = file.removeprefix(f"<results>/unlearncanvas/grid_{task}_").removesuffix(".csv")
            wildcards = Values(task=task, method=method)
            points, found = made.grids.points(wildcards), made.models.method(task, method)
            for point in points:
                METHODS.load(method)(**made.grids.kept(wildcards), **point)
            told = {key for key, source in found.sources.items() if f"config/grids/{task}.yaml" in source}
            if told:
                assert {key: found.parameters[key] for key in points[0]} in points, method

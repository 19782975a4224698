"""How much SPEED can erase: the table of a tiny pipeline, and its figure."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
import torch
from diffusers import StableDiffusionPipeline
from tests.tiny_pipeline import TEXT_WIDTH
from tests.unit.unlearncanvas.canvas_answers import canvas
from tests.unit.unlearncanvas.test_plan import CANVAS, plan

from lethe.benchmarks.unlearncanvas.capacity import capacity_table
from lethe.benchmarks.unlearncanvas.concepts import Concept
from lethe.benchmarks.unlearncanvas.templates import capacity
from lethe.benchmarks.unlearncanvas.templates.base import CanvasData, CanvasParameters
from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.methods.speed import SPEED
from lethe.planning.targets import Values
from lethe.statistics.resampling import Inference

NAMES = ["dog", "cat", "lake", "zero"]
PROMPTS = {index: f"an image of a {name}" for index, name in enumerate(NAMES)}
EMITTERS = [Emitter.of_one(index, NAMES[index], PROMPTS[index]) for index in (0, 1)]
CONCEPTS = [Concept(index, NAMES[index], "object", "", NAMES[index], (index,), (-1,)) for index in (0, 1)]
VALUES: dict[str, Any] = {"tokens": "last", "threshold": 1e-4, "retain_scale": 0.1}


@pytest.fixture(scope="module")
def table(tiny_pipe: StableDiffusionPipeline) -> pd.DataFrame:
    return capacity_table("t", tiny_pipe, EMITTERS, CONCEPTS, PROMPTS, VALUES)


def test_the_curve_meets_the_model_at_its_rank(table: pd.DataFrame, tiny_pipe: StableDiffusionPipeline) -> None:
    """Nothing is erased without a null space, and at the rank that the threshold leaves as much as the model's own record tells."""
    data = UnlearnData(torch.zeros(0, 4, 8, 8), torch.zeros(0, dtype=torch.int64), PROMPTS)
    assert len(table) == 2 * (TEXT_WIDTH + 1)
    for made, (_, curve) in zip(
        SPEED(**VALUES).unlearn(tiny_pipe, EMITTERS, data, seed=0), table.groupby("concept"), strict=True
    ):
        assert curve["residual"].iloc[0] == 1 and (curve["residual"].diff().dropna() < 1e-9).all()
        (chosen,) = curve[curve["chosen"]].to_dict("records")
        assert chosen["rank"] == made.record["null_space_rank"] == TEXT_WIDTH - 3
        assert chosen["residual"] == pytest.approx(made.record["residual"], abs=1e-9) and chosen["residual"] < 1


def test_the_figure_has_a_line_per_concept_and_a_dot_where_the_method_stands(table: pd.DataFrame) -> None:
    asked = CanvasParameters(task="t")
    result = capacity.compute(asked, CanvasData({"capacity": table}, {}, canvas(("a", "", "")), "default", ()), Inference())
    (axes,) = capacity.draw(result, asked, {}).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == NAMES[:2] and len(axes.lines) == 2
    assert [float(dots.get_offsets()[0, 0]) for dots in axes.collections] == [TEXT_WIDTH - 3] * 2


def test_it_is_there_where_speed_runs() -> None:
    made, task = plan(CANVAS), Values(task="canvas")
    assert made.canvas.with_capacity == ["canvas"] and len(made.canvas.concepts_of_capacity(task)) == 10
    assert "threshold" in made.canvas.hyperparameters_of_capacity(task)
    _, asked = next(form for form in made.figures.forms if form.name == "unlearncanvas_capacity").asked(task)
    capacity.TEMPLATE.check(asked, made.figures.world)
    with pytest.raises(ValueError, match="unknown method 'speed'|'speed'"):
        capacity.TEMPLATE.check(CanvasParameters(task="toy"), made.figures.world)
    assert not [file for file in made.canvas.products(["canvas"]) if "capacity" in file]

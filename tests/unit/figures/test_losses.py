"""Loss curves as a figure: points are means over steps, bands are over models, and who has no curve is named."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd
import pytest

from lethe.diffusion.curves import curve_table
from lethe.diffusion.plan.models import Models
from lethe.figures.templates import TEMPLATES
from lethe.figures.templates.parameters import validate
from lethe.figures.templates.world import World
from lethe.settings.models import Settings
from lethe.statistics.resampling import Inference

ROOT = Path(__file__).parents[3]
TEMPLATE = TEMPLATES.load("LossCurves")


def curve(steps: int, height: float) -> pd.DataFrame:
    rising = [height * step for step in range(1, steps + 1)]
    return curve_table([{"learning_rate": [0.1] * steps, "loss_forget": rising, "gradient_norm": [1.0] * steps}], seed=0)


def test_points_are_means_over_steps_and_bands_over_models() -> None:
    parameters = validate(TEMPLATE.parameters, {"task": "objects", "methods": ["distil", "munba", "uce"]})
    curves = {"distil": [curve(101, height) for height in (1, 2, 6)], "munba": [curve(2, 1.0)], "uce": [curve_table([], 0)]}
    result = TEMPLATE.compute(parameters, curves, Inference(permutations=99, bootstrap=50))
    rows = result.table
    assert list(result.notes["without"]) == ["uce"] and set(rows["loss"]) == {"loss_forget"}  # a norm is no loss
    long = rows[rows["method"] == "distil"]
    assert long["step"].tolist() == [*range(3, 100, 3), 101]  # three steps a point, 101 is no multiple of three
    assert long.iloc[0][["median", "low", "high", "models"]].tolist() == [4.0, 2.0, 12.0, 3]
    assert long.iloc[-1]["median"] == 2 * 100.5
    assert rows[rows["method"] == "munba"]["median"].tolist() == [1.0, 2.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = TEMPLATE.draw(result, parameters, {})
    assert [axes.get_title() for axes in figure.axes if axes.axison] == ["SPARE (FADE)", "MUNBa"]
    assert "Without a curve: UCE." in figure.get_suptitle()


def test_curves_that_are_not_made_here_are_refused() -> None:
    def check(methods: list[str], **given: object) -> None:
        settings = Settings(**given)  # type: ignore[arg-type]
        world = World(settings, Models(settings, ROOT / "config/methods/diffusion"), [])
        TEMPLATE.check(validate(TEMPLATE.parameters, {"task": "objects", "methods": methods}), world)

    check(["distil", "munba"])
    with pytest.raises(ValueError, match="method that is trained here in steps: 'uce' is unknown; allowed: distil, munba"):
        check(["uce"])
    with pytest.raises(ValueError, match="no model of 'objects' is trained here in steps"):
        check(["distil"], archive={"models": "archive", "images": "archive", "record": "1"})

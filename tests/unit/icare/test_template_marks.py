"""Names beside points, and the words of figures."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from tests.unit.icare.template_world import make_task

from lethe.benchmarks.icare.figures.marks import along_steps, floor_band, medians, name_points, series_name
from lethe.benchmarks.icare.figures.words import FLOOR, explained, lines
from lethe.benchmarks.icare.templates.csr import CountSignificantRelationship, compute, draw
from lethe.figures.templates.result import Finding, Result
from lethe.statistics.resampling import Inference


def test_points_along_steps_lie_on_the_line() -> None:
    x, y = np.array([0.0, 2.0, 3.0]), np.array([1.0, 5.0, 9.0])
    along_x, along_y = along_steps(x, y)
    for a, b in zip(along_x, along_y, strict=True):
        flat = [(0 <= a <= 2 and b == 1), (2 <= a <= 3 and b == 5)]
        upright = [(a == 2 and 1 <= b <= 5), (a == 3 and 5 <= b <= 9)]
        assert any(flat + upright), (a, b)
    assert (along_x[0], along_y[0], along_x[-1], along_y[-1]) == (0, 1, 3, 9)
    assert {(2.0, 1.0), (3.0, 5.0)} <= set(zip(*along_steps(x, y, points=5), strict=True))
    assert len(along_steps(x[:1], y[:1])[0]) > 0


@pytest.mark.parametrize("beside", [0.08, 0.2, 0.3])
def test_a_name_covers_neither_a_point_nor_another_name(beside: float) -> None:
    figure = Figure(figsize=(5, 4), dpi=100, layout="constrained")
    axes = figure.subplots()
    x, y = np.array([0.0, beside, 1.0]), np.array([0.5, 0.5, 1.0])
    axes.scatter(x, y, s=30)
    name_points(axes, x, y, ["Wilhelmina Mow", "Mary-Ann Webb", "far away"], ["black"] * 3, (x, y))
    assert len(axes.texts) == 3
    boxes = [text.get_window_extent() for text in axes.texts]
    for place, box in enumerate(boxes):
        assert not any(box.contains(*point) for point in axes.transData.transform(np.column_stack([x, y])))
        assert not any(box.overlaps(other) for other in boxes[place + 1 :])


def test_groups_are_told_with_the_names_of_methods() -> None:
    findings = [Finding("spearman", 0.5, 10, "how", group="objects/distil"), Finding("r2_train", 0.25, 10, "how")]
    assert lines(findings) == "objects, SPARE (FADE): ρ = 0.50, n = 10\nR² in training = 0.25, n = 10"


def test_a_category_with_an_underscore_stands_in_the_legend() -> None:
    axes = Figure().subplots()
    axes.scatter([0], [0], label=series_name("_hidden", False))
    assert [text.get_text().strip() for text in axes.legend().get_texts()] == ["_hidden"]


def test_a_figure_without_a_bar_says_why() -> None:
    parameters = CountSignificantRelationship(tasks=("objects",), methods=("uce",))
    task = make_task("objects", 10)
    result = compute(parameters, {"objects": task}, Inference(permutations=19, bootstrap=19))  # no q can be below 0.05
    assert result.notes["significant"] == 0 < result.notes["smallest_q"]
    written = " ".join(text.get_text() for text in draw(result, parameters, {}).axes[0].texts)
    assert f"none of {result.notes['tests']} relations" in written and "below 0.05" in written


def test_the_noise_floor_is_a_band_and_symbols_are_explained() -> None:
    axes = Figure().subplots()
    floor_band(axes, None)
    assert not axes.patches
    floor_band(axes, (-0.2, 0.3))
    floor_band(axes, (-0.2, 0.3), vertical=True)
    low, high = axes.patches[0].get_extents().get_points()[:, 1], axes.patches[1].get_extents().get_points()[:, 0]
    assert len(axes.patches) == 2 and low.size == high.size == 2
    found = Result((Finding("damage_spearman", 0.3, 9, "how", q=0.1),), (), notes={"floor": (-0.2, 0.3)})
    told = explained(found)
    assert told[0].startswith("harm \u03c1") and told[1].startswith("q:") and told[2] == FLOOR
    assert explained(Result((), ())) == []


def test_medians_are_drawn_where_there_are_enough_points() -> None:
    axes, g = Figure().subplots(), np.random.default_rng(0)
    assert not medians(axes, np.arange(24.0), np.arange(24.0)) and not axes.lines
    x = g.permutation(50).astype(float)
    assert medians(axes, x, x) and [line.get_ydata()[0] for line in axes.lines] == [4.5, 14.5, 24.5, 34.5, 44.5]

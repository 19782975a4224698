"""Names beside points, and the words of figures."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from lethe.benchmarks.icare.figures.marks import along_steps, name_points, series_name
from lethe.benchmarks.icare.figures.words import lines
from lethe.figures.templates.result import Finding


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

"""Every name of a method is spelt out below the figures that use it."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from lethe.classifiers.methods import LOOKS as OF_CLASSIFIERS
from lethe.core.description import DescriptionError
from lethe.core.methods import LONGEST, MethodDescription
from lethe.diffusion.methods import LOOKS
from lethe.figures.footnote import footnote, meanings


@pytest.mark.parametrize("looks", [LOOKS, OF_CLASSIFIERS], ids=["diffusion", "classifiers"])
def test_every_registered_method_says_what_its_name_means(looks):
    assert [name for name in looks if not looks.means(name)] == []
    told = {name: looks.means(name) for name in looks if not looks.published_of(name)}
    assert not [name for name, means in told.items() if means.endswith(".") or len(means) > LONGEST]
    assert all(looks.means(name) == f"{told[of]}; code as published" for name in looks if (of := looks.published_of(name)))


def test_a_meaning_that_fits_no_line_is_refused():
    with pytest.raises(DescriptionError, match="at most 46"):
        MethodDescription(title="X", paper="p", means="x" * 73)


def test_names_are_spelt_out_in_columns_that_fit():
    told = meanings(["euk", "euk", "of another version", "ft"], OF_CLASSIFIERS)
    assert [line.split(":")[0] for line in told] == ["EU-k", "FT"]
    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.subplots()
    legend = figure.legend(handles=axes.plot([0, 1], label="a line"), loc="outside lower center")
    figure.draw_without_rendering()
    inches = lambda box: [value / figure.dpi for value in box.extents]  # noqa: E731
    before = [inches(axes.get_window_extent()), inches(legend.get_window_extent())]
    footnote(figure, told)
    footnote(figure, [])
    figure.draw_without_rendering()
    grown = figure.get_figheight() - 3
    after = [inches(axes.get_window_extent()), inches(legend.get_window_extent())]
    assert grown > 0 and np.allclose(after, np.array(before) + [0, grown, 0, grown], atol=0.02)  # nothing moves but up
    assert [text.get_text() for text in figure.texts] == told
    assert all(inches(text.get_window_extent())[3] <= grown for text in figure.texts)

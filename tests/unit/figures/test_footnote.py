"""Every name of a method is spelt out below the figures that use it."""

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
    assert not [name for name in looks if looks.means(name).endswith(".") or len(looks.means(name)) > LONGEST]


def test_a_meaning_that_fits_no_line_is_refused():
    with pytest.raises(DescriptionError, match="at most 72"):
        MethodDescription(title="X", paper="p", means="x" * 73)


def test_names_are_spelt_out_in_columns_that_fit():
    told = meanings(["euk", "euk", "of another version", "ft"], OF_CLASSIFIERS)
    assert [line.split(":")[0] for line in told] == ["EU-k", "FT"]
    figure = Figure(figsize=(4, 3), layout="constrained")
    footnote(figure, told)
    footnote(figure, [])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == told and legend._ncols == 1

"""The one name function: published examples, and the published quirks kept out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lethe.core.registry import UnknownNameError
from lethe.diffusion.testbed.names import STYLES, prompt, prompt_name, published_preprocessed


@pytest.mark.parametrize(
    ("style", "name", "expected"),
    [
        ("person", "George_W_Bush", "George W Bush"),
        ("person", "Roh_Moo-hyun", "Roh Moo-hyun"),
        ("thing", "giant schnauzer dog", "a giant schnauzer dog"),
        ("thing", "akita dog", "an akita dog"),
        ("thing", "Akita dog", "an Akita dog"),
        ("thing", "cirneco dell'etna dog", "a cirneco dell'etna dog"),
        ("thing", "seven", "a seven"),
        ("thing", "eight", "an eight"),
        ("scene", "abbey", "an abbey scene"),
        ("scene", "waterfall_cascade", "a waterfall cascade scene"),
        ("scene", "  ice_skating__rink_indoor ", "an ice skating rink indoor scene"),
    ],
)
def test_known_names(style: str, name: str, expected: str) -> None:
    assert prompt_name(style, name) == expected
    assert prompt(style, name) == f"An image of {expected}"


@given(st.sampled_from(sorted(STYLES)), st.text("abeo_ ", max_size=12).filter(lambda t: t.strip("_ ")))
def test_blanks_are_single(style: str, tail: str) -> None:
    text = prompt(style, f"x{tail}")
    assert "_" not in text
    assert text == " ".join(text.split())


@pytest.mark.parametrize(("style", "name"), [("scene", "an abbey scene"), ("thing", "a_cat")])
def test_a_name_is_never_wrapped_twice(style: str, name: str) -> None:
    with pytest.raises(ValueError, match="already begins with an article"):
        prompt_name(style, name)


def test_errors_name_the_value() -> None:
    with pytest.raises(UnknownNameError, match="unknown name style 'scen'.*did you mean 'scene'"):
        prompt_name("scen", "abbey")
    with pytest.raises(ValueError, match="'_ '"):
        prompt_name("person", "_ ")


def test_published_names_keep_their_quirks() -> None:
    assert published_preprocessed("person", "George_W_Bush") == "George_W_Bush"
    assert published_preprocessed("thing", "akita dog") == "akita dog"
    assert published_preprocessed("scene", "waterfall_cascade") == "a waterfall_cascade scene"

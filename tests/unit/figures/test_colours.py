"""Colours and colour maps are spelt in one file; a method's own colour in the file of the method."""

from __future__ import annotations

import ast
import re

import matplotlib as mpl

from lethe.execution.fingerprint import PACKAGE
from lethe.figures import colours

HOME = "figures/colours.py"
WORDS = {
    "grey",
    "gray",
    "pink",
    "spring",
    "summer",
    "autumn",
    "winter",
    "flag",
}  # names of colour maps that are words of their own


def test_no_other_module_names_a_colour_or_a_colour_map() -> None:
    maps = set(mpl.colormaps) - WORDS
    found = {}
    for file in PACKAGE.rglob("*.py"):
        texts = [
            node.value
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        spelt = [text for text in texts if text in maps or re.fullmatch(r"#[0-9A-Fa-f]{3,8}", text)]
        if spelt and file.parent.name != "methods":
            found[str(file.relative_to(PACKAGE))] = spelt
    assert list(found) == [HOME] and len(found[HOME]) == len(set(found[HOME])), found


def test_colour_maps_are_matplotlibs() -> None:
    for name in (colours.SEQUENTIAL, colours.DIVERGING, colours.HARM):
        forward, back = mpl.colormaps[name], mpl.colormaps[colours.reverse(name)]
        assert forward(0.0) == back(1.0) and colours.reverse(colours.reverse(name)) == name

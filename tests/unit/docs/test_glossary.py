"""Every name that a reader meets in tables and figures is in the glossary."""

from __future__ import annotations

import re

from tests.prose import ROOT

from lethe.classifiers import ARCHITECTURES
from lethe.classifiers.methods import METHODS as CLASSIFIER_METHODS
from lethe.core.registry import Registry
from lethe.diffusion.methods import METHODS as DIFFUSION_METHODS
from lethe.diffusion.metrics import METRICS

PAGE = (ROOT / "docs/glossary.md").read_text("utf-8")


def section(title: str) -> str:
    """The part of the page below a heading of the second level."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def missing(part: str, names: list[str]) -> list[str]:
    """Names that stand in no table of a part, as code; a variant ``x_published`` is explained with ``x``."""
    known = set(re.findall(r"`([\w]+)`", part))
    return [name for name in names if name.removesuffix("_published") not in known and name not in known]


def titles(methods: Registry) -> list[str]:
    """What figures call methods, without the words in brackets or after a comma that tell variants apart."""
    return [re.sub(r",.*| \((?!FADE).*", "", methods.load(name).about.title) for name in methods.in_order()]


def test_every_method_is_explained() -> None:
    for heading, methods in (
        ("Methods for text-to-image models", DIFFUSION_METHODS),
        ("Methods for classifiers", CLASSIFIER_METHODS),
    ):
        part = section(heading)
        assert not missing(part, methods.names()), heading
        first = {cell.strip().strip("`") for row in re.findall(r"^\| (.+?) \|", part, re.M) for cell in row.split(",")}
        assert not set(titles(methods)) - first, heading


def test_every_metric_and_network_is_explained() -> None:
    assert not missing(section("How it is measured"), METRICS.names())
    assert {"mlp", "tinycnn"} <= set(ARCHITECTURES.names()) & set(re.findall(r"`(\w+)`", section("Methods for classifiers")))


def test_a_name_that_is_not_there_is_found() -> None:
    assert missing("| UCE | `uce` | words |", ["uce", "uce_published", "esd"]) == ["esd"]

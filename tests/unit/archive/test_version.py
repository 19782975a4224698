"""One version: the package says it, and whatever repeats it agrees."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import yaml

import lethe

ROOT = Path(__file__).parents[3]


def test_every_file_names_the_same_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "lethe.__version__"}
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    released = re.search(r"^## \[(\d.*?)\] - (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert released is not None
    assert released[1] == citation["version"] == lethe.__version__
    assert released[2] == str(citation["date-released"])
    assert json.loads((ROOT / ".zenodo.json").read_text())["version"] == lethe.__version__


def test_the_distribution_has_a_name_that_is_free() -> None:
    """`lethe` belongs to others on PyPI; the lock file and its conda environment say who asks for what."""
    name = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
    assert name == "lethe-unlearning"
    askers = set(re.findall(r"(\S+) \(pyproject\.toml\)", (ROOT / "requirements.lock").read_text()))
    assert askers == {name}

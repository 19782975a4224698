"""What both families and all benchmarks have stands once: splits, what attacks are measured by, our numbers beside published ones."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lethe
from lethe.benchmarks.deepunlearn import ledger
from lethe.core.split import Split
from lethe.diffusion.testbed.splits import split_of
from lethe.tools.fidelity.world import Effect

PACKAGE = Path(lethe.__file__).parent
TREES = {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")}


def test_whatever_is_kept_and_forgotten_is_a_split() -> None:
    """But for ``Problem``: what a method is given, models and images too, and rows of these for each model; and for the noised rows of a step."""
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                fields = {
                    line.target.id for line in node.body if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
                }
                assert not {"retain", "forget"} <= fields or node.name in ("Split", "Problem", "Relabelled"), (
                    f"{file}: {node.name}"
                )
    for module, name in (("classifiers.data.splits", "DataSplit"), ("benchmarks.deepunlearn.ulira_splits", "LiraSplits")):
        kind = getattr(importlib.import_module(f"lethe.{module}"), name)
        assert issubclass(kind, Split)
        assert [field.name for field in dataclasses.fields(kind)][:2] == ["retain", "forget"]
    assert split_of.__annotations__["return"].startswith("Split[")


def test_areas_and_rates_of_attacks_are_computed_in_one_place() -> None:
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and re.match(r"_?(auc|tpr|roc|wins|true_positive)(_|s?$)", node.name):
                assert file == "statistics/attacks.py" or node.name == "roc_table", f"{file}: {node.name}"
            if isinstance(node, ast.ImportFrom):
                assert node.module != "sklearn.metrics", file


def test_our_numbers_stand_beside_published_ones_under_two_words() -> None:
    """The table of deviations and the ledger of Deep Unlearn."""
    entry = dict.fromkeys(ledger.COLUMNS, "x") | {"method": "ft", "quantity": "TA", "value": 0.5, "low": np.nan, "high": np.nan}
    summary = pd.DataFrame({"method": ["ft"], "dataset": "d", "architecture": "a", "TA": [0.6]})
    found = ledger.ledger(pd.DataFrame([entry]), summary).iloc[0]
    assert (found["lethe"], found["published"]) == (0.6, 0.5) and found["difference"] == pytest.approx(0.1)
    assert {"lethe", "published", "quantity"} <= {field.name for field in dataclasses.fields(Effect)} & set(found.index)

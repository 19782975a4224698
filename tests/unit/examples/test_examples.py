"""Every example in a docstring of the package runs and prints what it says; what users call has one."""

from __future__ import annotations

import ast
import doctest
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.library_world import write_library_world
from tests.unit.examples.surface import MODULES, SINGLE

import lethe
from lethe.execution import fingerprint

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
WITH_EXAMPLES = [name for name in fingerprint.all_modules() if ">>> " in fingerprint._file(name).read_text("utf-8")]
Named = ast.FunctionDef | ast.ClassDef


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_library_world(tmp_path_factory.mktemp("world")) / "results"


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples(module: str, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder of its own, which holds the base of `objects` and what the module's examples have written."""
    (tmp_path / "results").symlink_to(base)
    monkeypatch.chdir(tmp_path)
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS, verbose=False)
    for found in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(module)):
        runner.run(found, out=told.append)
    assert not told, "".join(told)
    assert runner.tries, "its examples are in no docstring"


def public(module: str) -> Iterator[Named]:
    """The functions and classes of a module that have no underscore."""
    tree = ast.parse(fingerprint._file(f"lethe.{module}").read_text("utf-8"))
    yield from (node for node in tree.body if isinstance(node, Named) and not node.name.startswith("_"))


def has_example(node: Named) -> bool:
    """Whether a docstring of it, or of a class' method, has an example."""
    nodes = [node, *(part for part in node.body if isinstance(part, ast.FunctionDef))]
    return any(">>> " in (ast.get_docstring(part) or "") for part in nodes)


@pytest.mark.parametrize("module", MODULES)
def test_every_public_function_has_an_example(module: str) -> None:
    functions = [node for node in public(module) if isinstance(node, ast.FunctionDef)]
    lacking = [node.name for node in functions if not has_example(node)]
    assert functions and not lacking, f"lethe.{module}: no example of {', '.join(lacking)}"


@pytest.mark.parametrize("name", SINGLE)
def test_what_is_named_has_an_example(name: str) -> None:
    module, _, wanted = name.partition(":")
    assert [has_example(node) for node in public(module) if node.name == wanted] == [True]


def test_what_the_package_offers_is_in_the_list() -> None:
    listed = {node.name for module in MODULES for node in public(module)}
    assert set(lethe.__all__) <= listed

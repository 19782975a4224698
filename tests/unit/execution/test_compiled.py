"""Libraries are compiled beside the first run of a fresh environment, and only there."""

import importlib.util
from pathlib import Path

import pytest

from lethe.execution.compiled import LIBRARIES, compile_beside

RUN = ["snakemake", "--cores", "2", "demo"]


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that nobody has imported, which this process and others find."""
    (tmp_path / "never_imported.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    return "never_imported"


def test_what_is_not_compiled_is_compiled_once(library: str) -> None:
    process = compile_beside(RUN, [library])
    assert process is not None and process.wait() == 0
    spec = importlib.util.find_spec(library)
    assert spec is not None and spec.cached is not None and Path(spec.cached).exists()
    assert compile_beside(RUN, [library]) is None


@pytest.mark.parametrize(
    "words", [["snakemake", "-n", "demo"], ["snakemake", "-c2", "results/mini/answer_demo.html"], ["snakemake"]]
)
def test_a_command_that_may_run_nothing_compiles_nothing(words: list[str], library: str) -> None:
    assert compile_beside(words, [library]) is None


def test_nothing_is_started_where_python_keeps_nothing(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert compile_beside(RUN, [library]) is None


def test_the_libraries_are_installed() -> None:
    assert [name for name in LIBRARIES if importlib.util.find_spec(name) is None] == []

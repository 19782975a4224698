"""``lethe new``: what it writes can be imported and is checked; what it refuses leaves nothing behind."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest
import yaml

import lethe
from lethe.__main__ import main
from lethe.tools import new
from lethe.tools.new import KINDS, NewError, create

ROOT = Path(lethe.__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that commands change, in a folder that passes for the checkout of this package."""
    for kind in KINDS.values():
        for place in (*kind.lines, *kind.ends.values()):
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / place, tmp_path / place)
    monkeypatch.setattr(new.lethe, "__file__", str(tmp_path / "src/lethe/__init__.py"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.mark.parametrize("kind", KINDS)
def test_files_and_a_line_are_written_under_the_name(checkout: Path, kind: str) -> None:
    before = contents(checkout)
    name = NAMES.get(kind, "my_own")
    told = create(kind, name, Path())
    after = contents(checkout)
    added = after.keys() - before.keys()
    assert len(added) == len(KINDS[kind].files) and all(f"wrote {file}" in told for file in added)
    for file in added:
        text = after[file].decode()
        assert "skeleton" not in text.lower() and ("my_own" in text or "MyOwn" in text)
        ast.parse(text) if file.endswith(".py") else yaml.safe_load(text)
    for place in KINDS[kind].lines:
        lines = set(after[place].decode().split("\n")) - set(before[place].decode().split("\n"))
        assert len(lines) == 1 and f'"{name}"' in lines.pop()
        assert len(after[place].split(b"\n")) == len(before[place].split(b"\n")) + 1
    for place in KINDS[kind].ends.values():
        entry = yaml.safe_load(after[place])["methods"].keys() - yaml.safe_load(before[place])["methods"].keys()
        assert entry == {name} and after[place].startswith(before[place].rstrip())
    assert told[-1].startswith("then: ") and f"docs/add-a-{kind}.md" in told[-2] and (ROOT / f"docs/add-a-{kind}.md").is_file()


NAMES = {"figure": "MyOwn"}  # of kinds whose names look otherwise


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("metrik", "x", "unknown kind 'metrik'; allowed: .*did you mean 'metric'"),
        ("metric", "Mae-2", "'Mae-2' cannot be the name of a metric; allowed: lower-case words.*did you mean 'mae_2'"),
        ("metric", "MeanError", "did you mean 'mean_error'"),
        ("metric", "../x", "cannot be the name of a metric"),
        ("metric", "class", "'class' cannot be the name of a metric: it is a word of Python"),
        ("metric", "ssim", "metric 'ssim' exists: lethe.diffusion.metrics.fidelity:Ssim"),
        ("metric", "constant", "metric 'constant' exists"),
        ("metric", "clip_diff", "'..._diff' is the difference"),
        ("metric", "clip_published", "'..._published' is a metric as published"),
        (
            "method",
            "erase_2",
            "cannot be the name of a method; allowed: .*each of which begins with a letter.*did you mean 'erase'",
        ),
        ("method", "uce", "method 'uce' exists: lethe.diffusion.methods.uce"),
        ("classifier-method", "ft", "method of classifiers 'ft' exists"),
        ("figure", "mean_damage", "cannot be the name of a figure; allowed: .*did you mean 'MeanDamage'"),
        ("figure", "MSA", "figure 'MSA' exists"),
        ("source", "digits", "source 'digits' exists"),
        ("task", "objects", "task 'objects' exists: config/config.yaml"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(checkout: Path, kind: str, name: str, message: str) -> None:
    before = contents(checkout)
    with pytest.raises(NewError, match=message):
        create(kind, name, Path())
    assert contents(checkout) == before


def test_a_file_that_is_there_is_not_overwritten(checkout: Path) -> None:
    file = checkout / "src/lethe/diffusion/metrics/base.py"
    file.write_text("mine")
    before = contents(checkout)
    with pytest.raises(NewError, match="base.py exists; it is not overwritten"):
        create("metric", "base", Path())
    assert contents(checkout) == before


def test_a_failure_half_way_leaves_nothing(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(checkout)
    real = new.write_text

    def full(path: Path, text: str) -> None:
        if path.name == "__init__.py":
            raise OSError("no space left")
        real(path, text)

    monkeypatch.setattr(new, "write_text", full)
    with pytest.raises(OSError, match="no space left"):
        create("metric", "my_own", Path())
    assert contents(checkout) == before


def test_another_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "metric", "my_own"]) == 2
    assert f"has no src/lethe; run this in the folder of the checkout, {ROOT}" in capsys.readouterr().err
    (tmp_path / "src/lethe").mkdir(parents=True)
    assert main(["new", "metric", "my_own"]) == 2
    assert "belongs to the checkout" in capsys.readouterr().err

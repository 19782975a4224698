"""Files that no job made are known by their content, and a second look reads none of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lethe.planning import outside


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    outside._known.clear()
    outside._new.clear()
    yield
    outside._known.clear()
    outside._new.clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    for name, text in (("entities.json", "[1]"), ("images/a/0.png", "red"), ("images/b/0.png", "blue")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def renamed(folder: Path) -> None:
    (folder / "images/a/0.png").rename(folder / "images/a/1.png")


def swapped(folder: Path) -> None:
    (folder / "images/a/0.png").write_text("blue")
    (folder / "images/b/0.png").write_text("red")


@pytest.mark.parametrize(
    ("edit", "counts"),
    [
        (lambda folder: (folder / "images/a/1.png").write_text("green"), True),
        (lambda folder: (folder / "entities.json").write_text("[2]"), True),  # as long as before
        (lambda folder: (folder / "images/b/0.png").unlink(), True),
        (renamed, True),
        (swapped, True),
        (lambda folder: os.utime(folder / "entities.json"), False),
        (lambda folder: (folder / "images/.DS_Store").write_text("x"), False),
    ],
)
def test_an_identity_changes_with_names_and_contents(folder: Path, edit: Callable[[Path], object], counts: bool) -> None:
    before = outside.identity(folder)
    edit(folder)
    assert (outside.identity(folder) != before) is counts


def test_a_copy_has_the_same_identity(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    assert outside.identity(tmp_path / "copy") == outside.identity(folder)
    file = folder / "entities.json"
    assert outside.identity(file) != outside.identity(folder)


def test_what_was_read_is_not_read_again(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = outside.identity(folder)
    outside.keep(tmp_path / "store.json")
    outside._known.clear()
    outside.recall(tmp_path / "store.json")
    with monkeypatch.context() as patch:
        patch.setattr(outside, "sha256_file", lambda path: pytest.fail(f"{path} was read again"))
        assert outside.identity(folder) == before
    (folder / "entities.json").write_text("[2]")
    assert outside.identity(folder) != before


@pytest.mark.parametrize("broken", ["", "[]", "{", "3"])
def test_a_broken_store_is_passed_over(folder: Path, tmp_path: Path, broken: str) -> None:
    before = outside.identity(folder)
    (tmp_path / "store.json").write_text(broken)
    outside._known.clear()
    outside.recall(tmp_path / "store.json")
    assert outside.identity(folder) == before


def test_what_jobs_make_is_left_out(folder: Path) -> None:
    paths = {"own": [str(folder)], "made": ["<results>/base/a", "resources/downloads/b", "results/mini/c"], "none": []}
    assert list(outside.identities(paths)(None)) == [str(folder)]
    assert list(outside.identities(lambda wildcards: [wildcards])(folder)) == [str(folder)]


def test_a_file_of_the_checkout_has_one_name_wherever_a_run_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = outside.identities(os.path.relpath(outside.CHECKOUT / "README.md"))(None)
    assert list(found) == ["README.md"]


SNAKEFILE = """
from lethe.planning import outside
outside.recall()
def given(wildcards):
    return ["own", "shipped.txt"]
rule all:
    input: "results/made.txt", "results/other.txt"
rule one:
    input: files=outside.untimed(given, ancient), text="text.txt"
    output: "results/made.txt"
    params: outside=outside.identities(given)
    shell: "cat shipped.txt > {output}"
rule two:
    input: unpack(outside.untimed(lambda wildcards: {"files": ["shipped.txt"]}, ancient))
    output: "results/{name}.txt"
    wildcard_constraints: name="other"
    params: outside=outside.identities("shipped.txt")
    shell: "cat shipped.txt > {output}"
"""


def test_a_rule_follows_contents_and_not_times(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    for name in ("shipped.txt", "text.txt"):
        (tmp_path / name).write_text("a")
    assert stale(tmp_path, dry=False) == {"one", "two"}
    for file in [folder, *folder.rglob("*"), tmp_path / "shipped.txt"]:  # as after a clone
        os.utime(file)
    assert stale(tmp_path) == set()
    (folder / "images/a/1.png").write_text("green")
    assert stale(tmp_path) == {"one"}
    (folder / "images/a/1.png").unlink()
    (tmp_path / "shipped.txt").write_text("b")
    assert stale(tmp_path) == {"one", "two"}


def stale(place: Path, dry: bool = True) -> set[str]:
    """Names of the rules that have jobs to run."""
    words = [
        "-m",
        "snakemake",
        "-c1",
        "--rerun-triggers",
        "mtime",
        "params",
        "input",
        "--quiet",
        "rules",
        *(["-n"] if dry else []),
    ]
    environment = os.environ | {"PYTHONPATH": str(Path(outside.__file__).parents[2])}
    done = subprocess.run([sys.executable, *words], cwd=place, env=environment, capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    table = text.partition("Job stats:")[2].split("\n\n")[0].splitlines()
    return {line.split()[0] for line in table[3:] if line.split()[0] not in ("all", "total")} if table else set()

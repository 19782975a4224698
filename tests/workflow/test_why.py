"""``lethe why`` names what changed since a product was made: modules, parameters, files."""

from __future__ import annotations

import pytest
from tests.started import run_python
from tests.workflow.conftest import Clone, clone_to

SNAKEFILE = """
import sys
sys.path.insert(0, "src")
from lethe.execution.code import code_of, keep_parts
from lethe.planning.outside import identities
onstart:
    keep_parts()
rule all:
    input: "results/toy/second.txt"
rule first:
    input: own=ancient("own.txt")
    output: "results/toy/{name}.txt"
    wildcard_constraints: name="first"
    log: "logs/first_{name}.log"
    params: code=code_of("first.py", {}), size=config.get("size", 32), outside=identities(["own.txt"])
    script: "first.py"
rule second:
    input: "results/toy/first.txt"
    output: "results/toy/second.txt"
    log: "logs/second.log"
    params: code=code_of("second.py", {})
    script: "second.py"
"""
SCRIPT = """from pathlib import Path
from lethe.execution.runtime import start_job
from lethe.{module} import {name}
start_job(snakemake, "toy")
Path(snakemake.output[0]).write_text(str({name}) + Path(snakemake.input[0]).read_text())
"""
FIRST, SECOND = "results/toy/first.txt", "results/toy/second.txt"


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A checkout whose workflow has two rules, both run."""
    clone = clone_to(tmp_path_factory.mktemp("toy") / "le the")
    (clone.folder / "Snakefile").write_text(SNAKEFILE)
    (clone.folder / "first.py").write_text(SCRIPT.format(module="core.records", name="NAME"))
    (clone.folder / "second.py").write_text(SCRIPT.format(module="core.gate", name="__doc__"))
    (clone.folder / "own.txt").write_text("mine")
    assert why(clone, SECOND) == (1, f"{SECOND} was never made\n{FIRST} was never made\njobs in all: 2")
    clone.snakemake("-c1", config=None)
    return clone


def why(clone: Clone, *words: str) -> tuple[int, str]:
    """Exit status and answer."""
    done = run_python(["-m", "lethe", "why", *words], clone.folder, clone.environment(), apart=True)
    return done.returncode, done.stdout.strip() or done.stderr.strip()


def test_what_is_finished_is_up_to_date(toy: Clone) -> None:
    assert why(toy, SECOND) == (0, f"{SECOND}: up to date")


@pytest.mark.parametrize(
    ("file", "old", "new", "output", "cause"),
    [
        ("src/lethe/core/records.py", "NAME = ", "OTHER = 1\nNAME = ", FIRST, "code: lethe.core.records changed"),
        (
            "src/lethe/core/gate.py",
            "\nfrom __future__",
            "\nimport math\nfrom __future__",
            SECOND,
            "code: lethe.core.gate changed",
        ),
        ("second.py", "str(", "repr(", SECOND, "code: second.py changed"),
        (
            "second.py",
            "from lethe.core.gate",
            "import lethe.core.missing\nfrom lethe.core.gate",
            SECOND,
            "code: lethe.core.missing is new",
        ),
        ("Snakefile", 'get("size", 32)', 'get("size", 64)', FIRST, "parameter size: 32 -> 64"),
        ("own.txt", "mine", "ours", FIRST, "file own.txt changed"),
    ],
)
def test_a_change_is_named(toy: Clone, file: str, old: str, new: str, output: str, cause: str) -> None:
    path = toy.folder / file
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new, 1))
    try:
        status, said = why(toy, SECOND)
    finally:
        path.write_text(before)
    assert status == 1 and f"{output} would be made again:\n  {cause}\n" in said
    if output == FIRST:
        assert f"{SECOND} would be made again:\n  file {FIRST} is made again first" in said


def test_a_missing_file_and_one_that_was_replaced_are_named(toy: Clone) -> None:
    file = toy.folder / FIRST
    content = file.read_text()
    file.unlink()
    assert f"{FIRST} would be made again:\n  file {FIRST} is missing" in why(toy, FIRST, SECOND)[1]
    file.write_text("something else")
    try:
        assert why(toy, SECOND) == (1, f"{SECOND} would be made again:\n  file {FIRST} changed\njobs in all: 1")
    finally:
        file.write_text(content)


def test_a_target_that_does_not_exist_is_told(toy: Clone) -> None:
    status, said = why(toy, "results/toy/third.txt")
    assert status == 2 and "third.txt" in said

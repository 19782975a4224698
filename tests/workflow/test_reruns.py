"""What runs again after an edit: everything that depends on it, and nothing else."""

from __future__ import annotations

import ast
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.started import run_python
from tests.workflow.conftest import ROOT, SMOKE, Clone, clone_to
from tests.workflow.planned import Plan

from lethe.execution import fingerprint

pytestmark = pytest.mark.workflow
KEPT = ("results", "logs", "benchmarks", ".snakemake")
DIFFUSION = {"latents", "unlearn", "generate", "generate_baseline", "score", "score_baseline", "similarities"}
NOTHING = "Nothing to be done"


@pytest.fixture(scope="module")
def jobs(clone: Clone) -> list[dict[str, Any]]:
    """Every job of the smallest demo, with what its code is and what it reads from outside."""
    words = ["-c", (ROOT / "tests/workflow/walk_jobs.py").read_text(), SMOKE, "all"]
    done = run_python(words, clone.folder, clone.environment(), apart=True)
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert len({job["rule"] for job in found}) > 50
    return found


def test_what_a_function_imports_is_code_of_its_job(jobs: list[dict[str, Any]]) -> None:
    """Read from its text anew, every import of a module of the package but of those that decide no result."""
    for job in jobs:
        tree = ast.parse(fingerprint._file(job["function"].partition(":")[0]).read_text())
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        needed = {name for name in imported if name.startswith("lethe.") and fingerprint.facts_of(name).digest}
        assert needed <= set(job["parts"]), f"{job['rule']}: {sorted(needed - set(job['parts']))}"


def test_files_that_no_job_made_are_followed_by_content_alone(jobs: list[dict[str, Any]]) -> None:
    """Each is in the parameters or, as a notebook, in the code; its time counts nowhere."""
    assert {"source", "base", "unlearn", "explorer_page"} & {job["rule"] for job in jobs if job["followed"]}
    for job in jobs:
        followed = {*job["followed"], *(path for path in job["outside"] if Path(path).name in job["parts"])}
        assert set(job["outside"]) <= followed, f"{job['rule']}: {sorted(set(job['outside']) - followed)}"
        assert not any(job["outside"].values()), f"{job['rule']}: {job['outside']}"


@pytest.fixture(scope="module")
def moved(pristine: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A fresh clone, all of whose files are of now, with the results of another one."""
    clone = clone_to(tmp_path_factory.mktemp("moved") / "le the")
    for name in KEPT:
        shutil.copytree(pristine.folder / name, clone.folder / name, symlinks=True)
    touch(clone.folder)
    return clone


def touch(folder: Path) -> None:
    """Give every file of a checkout the time of now."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in KEPT]
        for name in names:
            os.utime(Path(place, name), follow_symlinks=False)


@contextmanager
def edited(clone: Clone, edits: dict[str, tuple[str, str]]) -> Iterator[None]:
    """Replace the first occurrence of a text in each file, and put it back."""
    before = {file: (clone.folder / file).read_text() for file in edits}
    try:
        for file, (old, new) in edits.items():
            assert old in before[file], f"{file}: {old}"
            (clone.folder / file).write_text(before[file].replace(old, new, 1))
        yield
    finally:
        for file, text in before.items():
            (clone.folder / file).write_text(text)


def test_a_moved_folder_has_nothing_to_do(moved: Clone) -> None:
    assert NOTHING in moved.snakemake("-n", "-c1", "--", "all")


COMMENT = ("\nfrom ", "\n# a comment\nfrom ")
NO_RESULT = {
    "src/lethe/diffusion/methods/__init__.py": (
        "\nMETHODS.",
        '\nMETHODS.register("same", "lethe.diffusion.methods.none:NoChange")\nMETHODS.',
    ),
    "src/lethe/classifiers/methods/__init__.py": (
        "\nMETHODS.",
        '\nMETHODS.register("fine", "lethe.classifiers.methods.ft:FineTune")\nMETHODS.',
    ),
    "src/lethe/diffusion/metrics/__init__.py": (
        "\nMETRICS.",
        '\nMETRICS.register("skeleton", "lethe.tools.new.skeletons.metric:Skeleton")\nMETRICS.',
    ),
    "src/lethe/diffusion/sources/__init__.py": (
        "\nSOURCES.",
        '\nSOURCES.register("tens", "lethe.diffusion.sources.digits:Digits")\nSOURCES.',
    ),
    "src/lethe/settings/archive.py": ('description="', 'description="In other words: '),
    "src/lethe/settings/generation.py": ('description="', 'description="In other words: '),
    "src/lethe/diffusion/pipeline.py": COMMENT,
    "src/lethe/diffusion/testbed/similarity.py": ('"""', '"""In other words: '),
    "src/lethe/diffusion/metrics/base.py": ("if TYPE_CHECKING:\n", "if TYPE_CHECKING:\n    from lethe.figures import style\n"),
    "src/lethe/core/progress.py": ("def progress(", "def unused() -> None:\n    pass\n\n\ndef progress("),
    "src/lethe/execution/runtime.py": ("def start_job(", "def unused() -> None:\n    pass\n\n\ndef start_job("),
    "scripts/job.py": COMMENT,
}


def test_what_decides_no_result_makes_nothing_again(moved: Clone) -> None:
    """Names that nobody asks for, descriptions, comments, docstrings, imports for types, what carries jobs out; and all scripts touched."""
    with edited(moved, NO_RESULT):
        touch(moved.folder / "scripts")
        plan = Plan(moved)
    assert not plan.rules, plan.causes


@pytest.mark.parametrize(
    ("file", "among", "without"),
    [
        (
            "src/lethe/classifiers/training.py",
            {"classifiers", "lira_models"},
            DIFFUSION | {"source", "metadata", "splits", "base", "evaluator", "method_tables", "task_tables"},
        ),
        (
            "src/lethe/diffusion/testbed/similarity.py",
            {"similarities", "weight_similarity"},
            {"unlearn", "generate", "latents", "classifiers"},
        ),
        (
            "src/lethe/diffusion/pipeline.py",
            {"latents", "unlearn", "generate", "generate_baseline"},
            {"source", "metadata", "splits", "classifiers", "method_tables", "task_tables", "noise_floor"},
        ),
    ],
)
def test_an_edit_reaches_every_job_that_uses_it(moved: Clone, file: str, among: set[str], without: set[str]) -> None:
    """Of its own: nothing that uses the module is left out, nothing that does not is drawn in."""
    with edited(moved, {file: ("\nfrom __future__ import annotations\n", "\nfrom __future__ import annotations\nUNUSED = 1\n")}):
        plan = Plan(moved)
    assert plan.causes == {f"code: {file[4:-3].replace('/', '.')} changed"}
    assert among <= set(plan.changed) and not without & set(plan.changed)
    if "deepunlearn" in file:
        assert not DIFFUSION & plan.rules


def test_an_edit_of_a_method_makes_its_models_again_and_no_others(moved: Clone) -> None:
    future = "\nfrom __future__ import annotations\n"
    with edited(moved, {"src/lethe/diffusion/methods/munba.py": (future, f"{future}UNUSED = 1\n")}):
        plan = Plan(moved)
    assert plan.changed["unlearn"] == 1 and "generate" not in plan.changed and "generate" in plan.rules


@pytest.mark.parametrize(
    ("file", "old", "cause", "among", "without"),
    [
        (
            "src/lethe/diffusion/methods/munba.py",
            'title="MUNBa"',
            "lethe.diffusion.methods.LOOKS[munba]",
            {"interference_matrix", "forget_retain", "metric_similarity"},
            DIFFUSION | {"task_tables", "method_tables", "membership_table", "deepunlearn_gaps"},
        ),
        (
            "src/lethe/classifiers/methods/ft.py",
            'title="FT"',
            "lethe.classifiers.methods.LOOKS[ft]",
            {"deepunlearn_gaps", "deepunlearn_runtime"},
            {"classifiers", "forget_samples", "run_times", "deepunlearn_tables", "interference_matrix"},
        ),
    ],
)
def test_another_title_draws_figures_again_and_unlearns_nothing(
    moved: Clone, file: str, old: str, cause: str, among: set[str], without: set[str]
) -> None:
    """Neither do tables change, nor figures of the other family."""
    with edited(moved, {file: (old, 'title="Another name"')}):
        plan = Plan(moved)
    assert plan.causes == {f"code: {cause} changed"}
    assert among <= set(plan.changed) and not without & plan.rules


def test_shipped_files_count_by_their_content(moved: Clone) -> None:
    with edited(moved, {"assets/mini/tokenizer.json": ("\n", "\n\n")}):
        plan = Plan(moved)
    assert {"base", "evaluator", "metadata"} <= set(plan.changed)
    assert "file assets/mini/tokenizer.json changed" in plan.causes

"""An import only ever points down the floors of docs/architecture.md, and never in a circle."""

from __future__ import annotations

import re
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from lethe.execution import fingerprint

ROOT = Path(__file__).parents[3]
# the table of rooms in docs/architecture.md is the only list of floors
FLOORS = re.findall(r"^\| \d+ \| `([\w.]+)` \|", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE)
TOP = "__main__"


def room(module: str) -> str:
    """The row of the table that a module belongs to: the longest that its name begins with; ``__main__`` stands above all."""
    name = module.removeprefix("lethe").removeprefix(".")
    rows = [row for row in FLOORS if f"{name}.".startswith(f"{row}.")]
    return max(rows, key=len, default="" if name != TOP else TOP)


def floor(module: str) -> int:
    """The place of a module's room in the table; the package itself, which holds nothing, is below, the shell's command above."""
    return [*FLOORS, TOP].index(room(module)) if room(module) else -1


def test_every_module_stands_in_a_room() -> None:
    alone = {module for module in fingerprint.all_modules() if not room(module)} - {"lethe", "lethe.benchmarks"}
    assert not alone, f"in no room of docs/architecture.md: {sorted(alone)}"
    empty = set(FLOORS) - {room(module) for module in fingerprint.all_modules()}
    assert not empty, f"rooms of docs/architecture.md that hold nothing: {sorted(empty)}"


@pytest.mark.parametrize("module", [module for module in fingerprint.all_modules() if module != "lethe"])
def test_imports_point_down(module: str) -> None:
    upward = {other for other in fingerprint._imports(module) if floor(other) > floor(module)}
    assert not upward, f"{module} (floor {floor(module)}) imports {sorted(upward)} from above"


def test_families_and_benchmarks_know_none_of_each_other() -> None:
    """A diffusion model knows no classifier, I-CARE no Deep Unlearn, nor the other way round."""
    for one, other in (("diffusion", "classifiers"), ("benchmarks.icare", "benchmarks.deepunlearn")):
        for here, there in ((one, other), (other, one)):
            own = [module for module in fingerprint.all_modules() if f"{module}.".startswith(f"lethe.{here}.")]
            known = {
                (module, name)
                for module in own
                for name in fingerprint._imports(module)
                if f"{name}.".startswith(f"lethe.{there}.")
            }
            assert own and not known, f"{here} knows {there}: {sorted(known)}"


def test_no_circle_between_rooms() -> None:
    """Rows of the table ordered by who imports whom, and likewise the modules and folders within every folder of the package."""
    rows: dict[str, set[str]] = {}
    inside: dict[str, dict[str, set[str]]] = {}
    for module in fingerprint.all_modules():
        words = module.split(".")
        for other in fingerprint._imports(module):
            rows.setdefault(room(module), set()).update({room(other)} - {room(module)})
            others = other.split(".")
            same = next((n for n, pair in enumerate(zip(words, others, strict=False)) if pair[0] != pair[1]), 0)
            if same > 1:  # two different things of one folder
                inside.setdefault(".".join(words[:same]), {}).setdefault(words[same], set()).add(others[same])
    for graph in (rows, *inside.values()):
        list(TopologicalSorter(graph).static_order())  # a CycleError names the circle


def test_statistics_know_arrays_only() -> None:
    """Neither torch nor a file: every test and interval can be held against scipy."""
    text = "\n".join(file.read_text() for file in (fingerprint.PACKAGE / "statistics").glob("*.py"))
    imported = {match.split(".")[0] for match in re.findall(r"^ *(?:from|import) ([\w.]+)", text, re.MULTILINE)}
    assert imported <= {"numpy", "scipy", "lethe", *sys.stdlib_module_names}
    assert {
        room(other)
        for module in fingerprint.all_modules()
        if room(module) == "statistics"
        for other in fingerprint._imports(module)
    } <= {
        "statistics",
        "core",
        "",
    }
    assert not re.search(r"\bopen\(|Path", text)


def test_settings_import_no_registry() -> None:
    """A job that reads settings does not depend on the list of all methods, nor on who publishes results."""
    reached = fingerprint.closure([module for module in fingerprint.all_modules() if room(module) == "settings"])
    assert {room(module) for module in reached} <= {"settings", "io", "core", ""}
    sections = ("tasks", "bases", "generation", "scoring", "statistics", "membership", "pretraining", "classifiers")
    read = fingerprint.closure([f"lethe.settings.{name}" for name in (*sections, "read", "errors")])
    assert not read & {
        f"lethe.settings.{name}" for name in ("archive", "deepunlearn", "sections", "models", "contradictions", "load")
    }
    assert fingerprint.closure(["lethe.settings.errors"]) == {"lethe.settings.errors"}


def test_the_package_imports_snakemake_where_it_must_and_nowhere_else() -> None:
    """Everything else can be used and tested without Snakemake.

    ``lethe.execution.forked`` changes how Snakemake starts a script, ``lethe.execution.sampled`` how it looks at one,
    ``lethe.execution.producers`` how it finds the rules of a file,
    ``lethe.execution.signatures`` how it reads signatures, ``lethe.execution.asked_once`` what it asks of the file system in a run,
    ``lethe.execution.in_turn`` how it asks in a plan, ``lethe.execution.checked_once`` how it checks its plan,
    ``lethe.execution.patterns`` how it writes names of files, and ``lethe.execution.plain_files`` how it compares them.
    ``lethe why`` asks for its plan, ``lethe.workflow.asking`` reads its rules, and ``lethe.workflow.terminal`` says less than it on the
    terminal. Commands hear its errors. ``lethe.tools.site.rules_page`` writes the rules as a page, and ``lethe.tools.speed.cluster_run``
    counts what a process of it does.
    """
    importers = {
        file.name
        for file in fingerprint.PACKAGE.rglob("*.py")
        if re.search(r"(import|from) snakemake", file.read_text()) and file.parent.name != "commands"
    }
    assert importers == {
        "asked_once.py",
        "asking.py",
        "checked_once.py",
        "cluster_run.py",
        "forked.py",
        "in_turn.py",
        "patterns.py",
        "plain_files.py",
        "producers.py",
        "rules_page.py",
        "sampled.py",
        "signatures.py",
        "terminal.py",
        "why.py",
    }
    own = {
        f"lethe.execution.{file.removesuffix('.py')}"
        for file in importers
        if (fingerprint.PACKAGE / "execution" / file).is_file()
    }
    users = {module for module in fingerprint.all_modules() if module not in own and own & set(fingerprint._imports(module))}
    assert not users, "only the Snakefile imports them, or one of them another"

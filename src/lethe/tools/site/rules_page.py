"""Every rule of the workflow as a page: what it makes, from what, into which files.

Run as a program it prints the page; Snakemake reads the rules, in a process of its own, since reading them changes the process.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.io import is_callable, is_flagged, strip_wildcard_constraints
from snakemake.settings.types import OutputSettings, Quietness, ResourceSettings

INTRODUCTION = """\
# Rules

A *rule* says which files are made from which. A *target* is what you ask Snakemake for: a name from the first table, or
any file that a rule writes. `{task}` and the like stand for values that you fill in.

```
.venv/bin/snakemake -c2 tables                                       # a name
.venv/bin/snakemake -c2 results/mini/tables/unlearning_breeds.csv    # a file
```

Inputs marked *planned* depend on the configuration: `snakemake -n TARGET` lists them.

## Targets by name

| target | what you get |
| -- | -- |
"""
FORM = "No target"  # how rules that only give others their form begin
LONGEST_LIST = 12  # files of a rule that are named; some have one per statistic


def page(root: Path) -> str:
    """The page in Markdown, from the Snakefile of a checkout.

    Raises:
        subprocess.CalledProcessError: Snakemake cannot read the rules; it has said why.
    """
    done = subprocess.run(
        [sys.executable, "-m", "lethe.tools.site.rules_page"], cwd=root, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout[done.stdout.index(INTRODUCTION[:10]) :]  # a Snakefile may print


def written(rules: list[Any], root: Path) -> str:
    """The page about rules that Snakemake has read."""
    targets = [rule for rule in rules if not rule.output and not (rule.docstring or "").startswith(FORM)]
    parts = [INTRODUCTION + "".join(f"| `{rule.name}` | {_said(rule)} |\n" for rule in targets)]
    files = dict.fromkeys(rule.snakefile for rule in rules if rule.output)
    for file in files:
        name = Path(file).resolve().relative_to(root.resolve()).as_posix()
        parts.append(f"## `{name}`\n\n{_opening(Path(file))}\n")
        parts += [_rule(rule) for rule in rules if rule.snakefile == file and rule.output]
    return "\n".join(parts)


def _rule(rule: Any) -> str:
    lines = [f"### {rule.name}\n", f"{_said(rule)}\n"]
    for title, files in (("Out", rule.output), ("In", rule.input)):
        if names := _files(files):
            lines += [f"{title}:\n", *(f"- {name}" for name in names), ""]
    return "\n".join(lines)


def _said(rule: Any) -> str:
    return _escaped(" ".join((rule.docstring or "").split()))


def _files(named: Any) -> list[str]:
    """Files of a rule, each with its name in the rule where it has one."""
    places = {place: name for name, (start, end) in named._get_names() for place in range(start, end or start + 1)}
    found: list[str] = []
    for place, item in enumerate(named):
        name = f"`{places[place]}`: " if place in places else ""
        dynamic = is_callable(item) or callable(getattr(item, "_file", None)) or is_flagged(item, "unpack")
        found.append(name + ("*planned*" if dynamic else f"`{strip_wildcard_constraints(str(item))}`"))
    found = list(dict.fromkeys(found))
    return found if len(found) <= LONGEST_LIST else [*found[:LONGEST_LIST], f"and {len(found) - LONGEST_LIST} more"]


def _opening(file: Path) -> str:
    """The text with which a file of rules begins, a paragraph per line."""
    found = re.match(r'\s*("""(?:.|\n)*?""")', file.read_text("utf-8"))
    text = ast.literal_eval(found[1]) if found else ""
    return "\n\n".join(_escaped(line) for line in str(text).strip().splitlines() if line.strip())


def _escaped(text: str) -> str:
    pieces = text.replace("|", "\\|").split("`")
    pieces[::2] = [piece.replace("<", "&lt;").replace("*", "\\*") for piece in pieces[::2]]
    return "`".join(pieces)


def main() -> None:
    """Print the page about the Snakefile of this folder."""
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        opened = api.workflow(resource_settings=ResourceSettings(cores=1), snakefile=Path("Snakefile"))
        print(written(list(opened._workflow.rules), Path.cwd()))


if __name__ == "__main__":
    main()

"""The page of the documentation that describes every column: ``python -m lethe.dictionary.page`` writes docs/columns.md."""

from __future__ import annotations

from pathlib import Path

from lethe.classifiers.methods import METHODS as CLASSIFIER_METHODS
from lethe.dictionary.schema import PARTS
from lethe.dictionary.words import TERMS, methods, quantities, section
from lethe.diffusion.methods import METHODS
from lethe.io.atomic import write_text

PAGE = Path("docs/columns.md")


def page() -> str:
    """Every table and column that some world can have."""
    lines = [
        *("# Columns of every table", ""),
        "<!-- made by `python -m lethe.dictionary.page`; do not edit -->",
        "",
        "Tables lie in `results/{world}/`, most of them in its folder `tables/`. Each world has the part of this page that is",
        "about its own files, as `tables/README.md`, and for machines as `tables/datapackage.json`.",
        "[Read the tables](read-the-tables.md) asks them five questions.",
        *("", "## Words", "", TERMS),
        *("## Methods", "", *methods(METHODS.in_order(), CLASSIFIER_METHODS.in_order()), ""),
        *("## Quantities", "", "Code names of what pictures are measured by, in names of columns and as values.", ""),
        *(*quantities(), ""),
    ]
    for heading, declared in PARTS.items():
        lines += [f"## {heading}", ""]
        for table in declared:
            lines += section(table, table.columns)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    write_text(PAGE, page())

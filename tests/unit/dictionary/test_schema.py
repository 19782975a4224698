"""The data dictionary is complete, agrees with the rules, and its page is current."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lethe.core.columns import HOLE, Table
from lethe.dictionary.page import PAGE, page
from lethe.dictionary.schema import TABLES
from lethe.diffusion.metrics.specs import quantities

ROOT = Path(__file__).parents[3]
OUTPUT = re.compile(r"^ {4,8}output:\n((?: {8,}.*\n)+?)(?= {4,8}\w+:)", re.MULTILINE)
WRITTEN = re.compile(r"<results>/((?:tables/)?[\w{}]+\.(?:csv|parquet|json))\"")
NO_TABLES = ("metadata_", "similarity_", "receivers_", "emitters_", "noise_floor_", "audit_told_", "ro-crate", "verified")


def pattern(file: str) -> str:
    """A file's name without the names of its wildcards."""
    return HOLE.sub("{}", file)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.file)
def test_a_table_is_declared_without_gaps(table: Table) -> None:
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names), "a column is declared twice"
    assert all(column.meaning.strip() for column in table.columns) and table.row
    declared = {one.name for one in table.placeholders}
    assert {hole for name in names for hole in HOLE.findall(name)} == declared, (
        "placeholders that no column has, or the other way round"
    )


def test_no_two_declarations_are_of_one_file() -> None:
    found = [pattern(table.file) for table in TABLES]
    assert not {file for file in found if found.count(file) > 1}


def test_every_table_that_a_rule_writes_is_declared_and_the_other_way_round() -> None:
    rules = "\n".join(file.read_text() for file in (ROOT / "rules").rglob("*.smk")).replace("{{", "{").replace("}}", "}")
    files = [file for block in OUTPUT.findall(rules) for file in WRITTEN.findall(block)]
    written = {pattern(file) for file in files if not file.startswith(NO_TABLES)}
    declared = {pattern(table.file) for table in TABLES if table.file.startswith("tables/") or "/" not in table.file}
    assert written - {"tables/datapackage.json"} == declared


def test_every_quantity_is_explained() -> None:
    text = page()
    assert all(f"| `{name}` |" in text for name in quantities())


def test_the_page_is_current() -> None:
    assert (ROOT / PAGE).read_text() == page(), "run: python -m lethe.dictionary.page"

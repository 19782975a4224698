"""The tables of a finished run explain themselves: every column is described, the package is valid, and the page of questions gets answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from frictionless import Package
from tests.workflow.conftest import ROOT, Clone

from lethe.core.columns import table_of
from lethe.dictionary.blocks import BLOCK, run
from lethe.dictionary.schema import TABLES, Described, described, tables_in

pytestmark = pytest.mark.workflow
PACKAGE = "tables/datapackage.json"
# the smallest run has no task of cells, so its scores hold nothing that a classifier of cells sees
ELSEWHERE = {("scores/{run}.parquet", f"{{classifier}}{end}") for end in ("", "_pred", "_p", "_asked_p", "_jpeg_pred", "_jpeg_p")}
# nor one whose models are asked for some receivers alone
ELSEWHERE |= {(f"tables/{name}_{{task}}.csv", "asked") for name in ("unlearning", "similarity", "harm")}
ELSEWHERE |= {(f"{file}.parquet", "probability") for file in ("pairs_{task}", "by_method/pairs_{task}_{method}")}


@pytest.fixture(scope="module")
def world(finished: Clone) -> Path:
    return finished.folder / "results/smoke"


def every_table(world: Path) -> Iterator[Described]:
    files = {*tables_in(world), *(str(file.relative_to(world)) for file in world.rglob("*.parquet"))}
    return (described(world, file) for file in sorted(files) if not file.startswith(".work/"))


def test_every_column_of_every_table_is_described_and_nothing_is_described_that_is_not_there(world: Path) -> None:
    found = list(every_table(world))  # a column that is not described is an error that names it
    seen = {(one.table.file, one.table.column_of(column.name).name) for one in found for column in one.columns}
    there = {one.table.file for one in found}
    declared = {(table.file, column.name) for table in TABLES if table.file in there for column in table.columns}
    assert declared - seen == ELSEWHERE
    assert len(there) > 25


def test_what_no_run_makes_by_itself_says_how_it_is_asked_for(world: Path) -> None:
    there = {one.table.file for one in every_table(world)}
    untold = {table.file for table in TABLES if not table.asked} - there
    assert all("unlearncanvas" in file or file.startswith(("answers/", "membership/", "tables/membership")) for file in untold)
    made = {table_of(TABLES, f"tables/{resource.path}").file for resource in Package(str(world / PACKAGE)).resources}
    assert made and not {table.file for table in TABLES if table.asked} & made  # other tests ask for more afterwards


def test_the_package_is_valid_and_so_is_every_table(world: Path) -> None:
    package = Package(str(world / PACKAGE))
    report = package.validate()
    assert report.valid, [(task.name, task.errors[0].note) for task in report.tasks if not task.valid]
    tables = {resource.path for resource in package.resources}
    assert {"unlearning_objects.csv", "similarity_objects.csv", "harm_objects.csv", "deepunlearn_digits_mlp.csv"} <= tables
    readme = (world / "tables/README.md").read_text()
    assert all(f"`{table_of(TABLES, f'tables/{name}').file}`" in readme and f"`tables/{name}`" in readme for name in tables)


def test_the_tidy_table_holds_the_numbers_of_the_wide_one(world: Path) -> None:
    wide = pd.read_csv(world / "tables/unlearning_objects.csv").set_index("method")
    tidy = pd.read_csv(world / "tables/unlearning_tidy_objects.csv").set_index(["method", "quantity", "side"])
    assert tidy.index.is_unique and not tidy["value"].isna().any()
    for end in ("", "_low", "_high"):
        assert tidy.loc[("uce", "ssim", "others"), end.removeprefix("_") or "value"] == wide.loc["uce", f"ssim_others{end}"]
    told = tidy.loc[("distil", "judge", "emitter")]
    assert told["value"] == wide.loc["distil", "judge_emitter"] and told[["method_name", "better"]].tolist() == [
        "SPARE (FADE)",
        "lower",
    ]


FORMS = [
    r"method_name +harmed +pairs +share",
    r"^\d+ of \d+ tests hold after correction\n *method +metric +similarity",
    r"(?:^forget \w+: \w+ loses -?[\d.]+ points of CLIP score\n){3}",
    r"^\d+ pictures of \d+ receivers, \d+ seeds each$",
    r"method +accuracy +accuracy_low +accuracy_high +holds 0.5\n(?:.*(?:True|False)\n)+",
    r"name +object_pred_1 +share\n *fish +house +0.75",
]


def test_the_page_of_questions_gets_an_answer_to_each(world: Path, tmp_path: Path) -> None:
    for entry in world.iterdir():
        (tmp_path / entry.name).symlink_to(entry)
    (tmp_path / "answers").mkdir()  # of UnlearnCanvas, which the smallest run leaves out
    seen = pd.DataFrame({"name": "fish", "kind": "object", "covered": True, "object_pred_1": ["house", "house", "house", "tree"]})
    seen.to_parquet(tmp_path / "answers/canvas_esd.parquet")
    assert described(tmp_path, "answers/canvas_esd.parquet").columns
    page = (ROOT / "docs/read-the-tables.md").read_text().replace("results/mini", str(tmp_path)).replace('"breeds"', '"objects"')
    names: dict[str, Any] = {}
    printed = [run(block["code"], names) for block in BLOCK.finditer(page)]
    assert printed[0] == "" and len(printed) == len(FORMS) + 1
    for text, form in zip(printed[1:], FORMS, strict=True):
        assert re.search(form, text, re.MULTILINE), text

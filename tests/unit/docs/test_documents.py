"""Tables of claims in documents are those of docs/claims.yaml and docs/measured.csv."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

from lethe.tools import claims
from lethe.tools.claims import Row
from lethe.tools.documents import (
    BENCHMARKS,
    COLUMNS,
    MEASURED,
    OF_BENCHMARKS,
    WHAT,
    Documents,
    main,
    of_folder,
    recorded,
    updated,
)

ROOT = Path(__file__).parents[3]
OF_CODE = {"C1", "C2", "C3", "C4", "C5", "C12", "C17", "C18", *(number for number, _ in claims.BENCHMARKS.values())}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in (WHAT, MEASURED, BENCHMARKS, "README.md", "docs/claims.md", "docs/artifact.md", "docs/performance.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_documents_are_current() -> None:
    for name, tables in Documents.read(ROOT).tables().items():
        text = (ROOT / name).read_text("utf-8")
        assert updated(text, tables) == text, f"{name} is not current; run `python -m lethe.tools.documents`"


def test_every_claim_that_code_reads_is_described_and_measured() -> None:
    documents = Documents.read(ROOT)
    described = {claim.id: claim for claim in documents.claims}
    assert list(described) == [f"C{number}" for number in range(1, len(described) + 1)], "numbers in order, each once"
    assert described.keys() >= OF_CODE and set(documents.measured["id"]) >= OF_CODE
    assert set(documents.measured["verdict"]) <= set(claims.VERDICTS)
    assert all(described[number].short for number in OF_CODE), "the README has every claim that is measured"


def test_what_does_not_hold_is_shown_first(copy: Path) -> None:
    measured = pd.read_csv(copy / MEASURED, dtype=str, keep_default_na=False)
    measured.loc[(measured["id"] == "C1") & (measured["scope"] == "breeds"), ["value", "verdict"]] = ["0.5", "does not hold"]
    measured.to_csv(copy / MEASURED, index=False)
    main([], copy)
    line = next(line for line in (copy / "README.md").read_text().splitlines() if line.startswith("| `none` changes"))
    assert "breeds 0.5" in line and line.endswith("| **does not hold**: breeds; holds: objects, scenes, people |")


def test_a_row_takes_the_place_of_an_older_one() -> None:
    known = pd.DataFrame(
        [["C3", "people", "rises", "0.2", "does not hold", "", "old"], ["C3", "breeds", "rises", "0.1", "holds", "", "old"]],
        columns=COLUMNS,
    )
    new = [
        Row("C3", "people", "rises", 0.01234, "0.05", True, "how", "file"),
        Row("C1", "people", "zero", None, "0", None, "", "f"),
    ]
    found = recorded(known, new, "now")
    assert found.values.tolist() == [
        ["C3", "breeds", "rises", "0.1", "holds", "", "old"],
        ["C3", "people", "rises", "0.0123", "holds", "", "now"],
    ]


def test_a_benchmark_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    known = pd.DataFrame(
        [["plan", "39.8", "30", "no", "old"], ["same", "1", "1", "yes", "old"], ["unrun", "2", "3", "yes", "old"]],
        columns=OF_BENCHMARKS,
    )
    records = {"plan": (27.123, 30, True), "same": (1, 1, True), "new": ({"a": 0.5}, {"a": 0.3}, False)}
    for name, (value, target, holds) in records.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({"value": value, "target": target, "holds": holds}))
    assert of_folder(known, tmp_path, "now").values.tolist() == [
        ["new", "a 0.5", "a 0.3", "no", "now"],
        ["plan", "27.1", "30", "yes", "now"],
        ["same", "1", "1", "yes", "old"],
        ["unrun", "2", "3", "yes", "old"],
    ]


def test_errors_name_what_is_wrong(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="no place '<!-- claims -->'.*there are: \\['other'\\]"):
        updated("<!-- other -->\n<!-- /other -->", {"claims": ""})
    with pytest.raises(SystemExit):
        main(["--record", str(copy)], copy)
    assert "--record needs --when" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--record", str(copy), "--when", "now"], copy)
    assert "has no finished tables" in capsys.readouterr().err
    (copy / WHAT).write_text("- {id: C1, claims: x}")
    with pytest.raises(ValidationError, match="claims"):
        Documents.read(copy)

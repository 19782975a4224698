"""Tables as they are read: intervals beside values, short wide tables turned, long ones cut with a word about it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from tests.unit.answer.test_answer import Tags

from lethe.answer.jobs.table import show
from lethe.answer.kinds import KINDS
from lethe.answer.page import STATIC
from lethe.answer.readable import MOST, as_read
from lethe.workflow.start import plan_of

ROOT = Path(__file__).parents[3]


def test_an_interval_stands_beside_its_value() -> None:
    table = pd.DataFrame(
        {"method": ["uce", "esd"], "share": [0.12345, np.nan], "low": [0.1, np.nan], "high": [0.2, np.nan], "n": [72, 72]}
    )
    made = as_read(table)
    assert made.columns == ["method", "share", "n"]
    assert [cell.text for cell in made.rows[0]] == ["uce", "0.123 [0.1, 0.2]", "72"] and made.rows[0][1].number == 0.12345
    assert [cell.text for cell in made.rows[1]] == ["esd", "", "72"] and made.rows[1][1].number is None


def test_a_short_wide_table_is_read_downwards() -> None:
    made = as_read(pd.DataFrame({"method": ["uce", "esd"]} | {f"m{n}": [n, -n] for n in range(20)}))
    assert (
        made.columns == ["method", "uce", "esd"]
        and [cell.text for cell in made.rows[3]] == ["m3", "3", "-3"]
        and len(made.rows) == 20
    )


def test_what_every_row_says_is_said_once() -> None:
    made = as_read(pd.DataFrame({"dataset": "digits", "method": ["ft", "ga", "bt"], "gap": [0.1, -1e-17, 0.3], "seeds": 10}))
    assert made.same == {"dataset": "digits", "seeds": "10"} and made.columns == ["method", "gap"]
    assert [cell.text for cell in made.rows[1]] == ["ga", "0"]


def test_a_page_spells_out_methods_and_columns(tmp_path: Path) -> None:
    file = tmp_path / "deepunlearn_ranks_digits_mlp.csv"
    pd.DataFrame({"method": ["ngplus", "euk"], "metric": ["gap", "retdev"], "rank": [1.0, 2.0], "seeds": [10, 9]}).to_csv(
        file, index=False
    )
    show(file, [], tmp_path / "page.html", "deepunlearn_ranks", "digits_mlp")
    html = (tmp_path / "page.html").read_text()
    assert ">NG+</th>" in html and ">EU-k</th>" in html and 'title="mean rank; 1 is the best">rank</th>' in html


def test_a_long_table_says_what_is_left_out(tmp_path: Path) -> None:
    pd.DataFrame({"method": [f"<b>{n}" for n in range(MOST + 7)], "q": 0.5}).to_csv(
        tmp_path / "similarity_breeds.csv", index=False
    )
    show(tmp_path / "similarity_breeds.csv", [], tmp_path / "page.html", "similarity", "breeds")
    html = (tmp_path / "page.html").read_text()
    tags = Tags()
    tags.feed(html)
    assert "the file has 7 more" in html and html.count("<tr>") == MOST + 1 and "<b>0" not in html and "&lt;b&gt;0" in html
    assert not tags.open and tags.addresses == ["to_answer_demo.js", "to_answer_all.js"], (
        "scripts beside it, of an answer that may be"
    )


def test_every_kind_says_what_it_tells() -> None:
    assert all(kind.title and kind.about.endswith(".") and re.match(r"\d ", kind.chapter) for kind in KINDS.values())
    assert not re.search(r"https?://", "".join(file.read_text() for file in STATIC.iterdir()))


def test_pages_of_every_table_that_has_one() -> None:
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text()) | {
        "attacks": {"breeds": {"concepts": [3], "methods": ["uce"]}}
    }
    made = plan_of(config, (), ROOT)
    asked = made.entity_attacks.products
    assert made.pages.of_tables(asked) == ["<results>/tables/attack_breeds.html"]
    assert made.pages.of_tables(["<results>/tables/unlearncanvas_pairs_canvas.csv", "<results>/tables/claims.csv"]) == [
        "<results>/tables/unlearncanvas_pairs_canvas.html"
    ], "claims have a rule of their own"


def test_claims_are_a_page_too(tmp_path: Path) -> None:
    row = {"id": "C1", "scope": "breeds", "claim": "zero", "value": 0, "target": "0", "holds": True, "how": "h", "table": "t"}
    pd.DataFrame([row | {"doubt": "", "verdict": "holds"}]).to_csv(tmp_path / "claims.csv", index=False)
    show(tmp_path / "claims.csv", [], tmp_path / "claims.html", "claims", "all tasks")
    html = (tmp_path / "claims.html").read_text()
    assert "<h1>Claims: all tasks</h1>" in html and 'src="to_answer_all.js"' in html

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
    assert (
        ">NG+ <small>ngplus</small></th>" in html
        and ">EU-k</th>" in html
        and 'title="mean rank; 1 is the best">rank</th>' in html
    )


def test_a_metric_and_a_similarity_have_names_and_their_codes_beside_them(tmp_path: Path) -> None:
    rows = {"method": ["distil", "uce"], "metric": ["clip_diff", "ssim"], "similarity": ["weights_uce", "clip"], "q": [0.5, 0.1]}
    pd.DataFrame(rows).to_csv(tmp_path / "similarity_breeds.csv", index=False)
    show(tmp_path / "similarity_breeds.csv", [], tmp_path / "page.html", "similarity", "breeds")
    html = (tmp_path / "page.html").read_text()
    for name, code in {
        "SPARE (FADE)": "distil",
        "CLIP score, on \u2212 off": "clip_diff",
        "Weight similarity (UCE)": "weights_uce",
    }.items():
        assert f">{name} <small>{code}</small></t" in html, code
    assert ">UCE</th>" in html, "a code that says nothing more is left out"


def test_a_name_beside_its_code_is_not_shown_twice() -> None:
    made = as_read(pd.DataFrame({"method": ["uce"], "method_name": ["UCE"], "q": [1]}), {"method": str.upper})
    assert made.columns == ["method", "q"] and made.rows[0][0].text == "UCE"


def test_what_a_row_of_a_turned_table_means_stands_below_its_code(tmp_path: Path) -> None:
    columns = {
        f"{name}_{of}": [0.5] for name in ("ssim", "rmse", "clip_diff") for of in ("emitter", "others", "left_out", "noise")
    }
    columns |= {"epochs": [1], "emitters": [8]}
    pd.DataFrame({"method": ["uce"]} | columns).to_csv(tmp_path / "unlearning_breeds.csv", index=False)
    show(tmp_path / "unlearning_breeds.csv", [], tmp_path / "page.html", "unlearning", "breeds")
    html = (tmp_path / "page.html").read_text()
    assert re.search(r'<th scope="row">ssim_others<span class="means">[^<]*SSIM of on and off', html)


def test_pictures_of_others_have_pages_too(tmp_path: Path) -> None:
    made = plan_of(yaml.safe_load((ROOT / "config/config.yaml").read_text()), (), ROOT)
    tables = [f"<results>/tables/{name}.csv" for name in ("unlearncanvas_others_canvas", "pairing_breeds")]
    assert made.pages.of_tables(tables) == [file.replace(".csv", ".html") for file in tables]
    for name in ("unlearncanvas_others", "pairing"):
        pd.DataFrame({"method": ["uce"], "epochs": [1]}).to_csv(tmp_path / f"{name}_x.csv", index=False)
        show(tmp_path / f"{name}_x.csv", [], tmp_path / "page.html", name, "x")
        assert f"<h1>{KINDS[name].title}: x</h1>" in (tmp_path / "page.html").read_text()


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

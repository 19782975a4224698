"""The answer: sentences follow from the tables, also where nothing holds; the page needs no network and names no machine."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lethe.answer.contents import MethodRow, Part, checks
from lethe.answer.gates import ASKED, gate_rows
from lethe.answer.page import Contents, page, text, way_back
from lethe.answer.worst import Case, Shown, Strip, case, recognised
from lethe.benchmarks.deepunlearn.findings import findings as study_findings
from lethe.benchmarks.deepunlearn.ulira import DEFAULT
from lethe.benchmarks.icare.findings import findings
from lethe.benchmarks.icare.harm import BadCase, bad_case, harm_table, harmed_pairs, worst_pair
from lethe.benchmarks.unlearncanvas.findings import findings as canvas_findings
from lethe.core.gate import Gate
from lethe.io.gates import write_gates
from lethe.tools.claims import Row
from lethe.tools.gate_targets import SAID, target_text
from lethe.workflow.gates import gate_names

FLOOR = {"clip_diff": {"low": -1.0, "high": 1.0}, "rmse": {"low": 0.1, "high": 0.2}}


def pairs(harm: dict[str, list[float]], metric: str = "clip_diff") -> pd.DataFrame:
    """Three entities, each unlearned: the values of the six pairs of a method, row by row; an emitter itself has -50."""
    rows = []
    for method, values in harm.items():
        left = iter(values)
        for emitter in range(3):
            for receiver in range(3):
                value = -50.0 if emitter == receiver else next(left)
                rows.append({"method": method, "emitter": emitter, "receiver": receiver, "metric": metric, "value": value})
    return pd.DataFrame(rows)


def test_a_pair_beyond_the_floor_is_harmed_on_the_side_of_damage() -> None:
    found = harmed_pairs(pairs({"uce": [-2, -1, 2, 0, -1.1, np.nan]}), FLOOR, "clip_diff")
    assert found["harmed"].tolist() == [True, False, False, False, True] and found["damage"].iloc[0] == 2
    errors = harmed_pairs(pairs({"uce": [0.3, 0.2, 0.05, 0, 0.21, 0]}, "rmse"), FLOOR, "rmse")
    assert errors["harmed"].tolist() == [True, False, False, False, True, False]
    worst = worst_pair(found)
    assert worst is not None and (worst["emitter"], worst["receiver"]) == (0, 1) and worst_pair(found[~found["harmed"]]) is None


def test_shares_are_means_over_emitters_that_are_reported() -> None:
    table = harm_table(pairs({"none": [0] * 6, "uce": [-2, -2, -2, 0, 0, 0]}), FLOOR, exclude=[2])
    assert (
        table["method"].tolist() == ["none", "uce"] and table["harmed"].tolist() == [0, 3] and table["pairs"].tolist() == [4, 4]
    )
    assert table["share"].tolist() == [0.0, 0.75] and table["low"].iloc[1] <= 0.75 <= table["high"].iloc[1]


def test_a_quantity_without_a_floor_is_an_error() -> None:
    with pytest.raises(ValueError, match="no noise floor of 'ssim'; there is one of: clip_diff, rmse"):
        harmed_pairs(pairs({"uce": [0] * 6}, "ssim"), FLOOR, "ssim")


def tables(forgets: bool, harms: bool, predicts: bool) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, list[Gate]]:
    known = 0.05 if forgets else 0.9
    unlearning = pd.DataFrame({"method": ["uce", "munba"], "judge_base": 1.0, "judge_emitter": known, "others_kept": 0.9})
    for name in ("judge_emitter", "others_kept"):
        unlearning[f"{name}_low"], unlearning[f"{name}_high"] = unlearning[name] - 0.02, unlearning[name] + 0.02
    share = 0.5 if harms else 0.0
    harm = pd.DataFrame(
        {"method": ["uce", "munba"], "quantity": "clip_diff", "emitters": 8, "pairs": 72, "harmed": int(72 * share)}
    )
    harm = harm.assign(share=share, low=max(share - 0.1, 0), high=share + 0.1, by_chance=0.025)
    harm = pd.concat([harm, harm.assign(quantity="ssim", harmed=0)], ignore_index=True)
    similarity = pd.DataFrame(
        {"method": ["uce", "uce"], "metric": "judge_diff", "similarity": ["clip", "true"], "q": [0.01 if predicts else 0.4, 1e-9]}
    )
    similarity = similarity.assign(spearman=0.4, low=0.1, high=0.6)
    gates = [Gate("rises_with_true_similarity", 0.01 if predicts else 0.5, 0.05, predicts, "a test", None)]
    return unlearning, harm, similarity, gates


def test_sentences_say_the_opposite_where_the_tables_do() -> None:
    well = [finding.headline for finding in findings("breeds", *tables(True, False, True))]
    badly = [finding.headline for finding in findings("breeds", *tables(False, True, False))]
    assert well == [
        "Every method forgets.",
        "No method harms what should have stayed.",
        "The measure does not matter.",
        "A similarity known before tells who will be harmed.",
        "The more alike two things are, the more is harmed.",
    ]
    assert badly == [
        "No method forgets.",
        "Every method harms what should have stayed.",
        "How many are harmed depends on the measure.",
        "No similarity known before tells who will be harmed.",
        "Harm does not clearly follow true likeness.",
    ]
    assert not any(finding.hoped for finding in findings("breeds", *tables(False, True, False)))


def test_a_style_is_gone_only_where_the_rest_is_kept() -> None:
    rows = [("base", 0.0, 1.0, 1.0), ("uce", 0.95, 1.0, 0.9), ("esd", 0.99, 0.95, 0.5)]
    table = pd.DataFrame(rows, columns=["method", "ua", "ira", "cra"]).assign(kind="style", protocol="default", judge=1)
    for name in ("ua", "ira", "cra"):
        table[f"{name}_low"] = table[f"{name}_high"] = table[name]
    (finding,) = canvas_findings("canvas", table, "tables/x.csv")
    assert finding.headline == "1 of 2 methods forgets styles and keeps the rest." and not finding.hoped
    assert "ESD 99 % gone, 50 % kept" in finding.detail and "UCE 95 % gone" in finding.detail and "base" not in finding.detail


def test_of_many_methods_a_sentence_names_those_that_fail() -> None:
    names = ("uce", "ca", "spm", "rece", "speed", "esd")
    table = pd.DataFrame(
        {"method": names, "ua": 0.99, "ira": 1.0, "cra": [1.0] * 5 + [0.5], "kind": "style", "protocol": "default", "judge": 1}
    )
    table[[f"{name}_{end}" for name in ("ua", "ira", "cra") for end in ("low", "high")]] = float("nan")
    (finding,) = canvas_findings("canvas", table, "tables/x.csv")
    assert finding.headline == "5 of 6 methods forget styles and keep the rest."
    assert finding.detail.startswith("Not so: ESD 99 % gone, 50 % kept. Gone: ") and "UCE" not in finding.detail
    (finding,) = canvas_findings("canvas", table.assign(cra=1.0), "tables/x.csv")
    assert finding.hoped and finding.detail.startswith("Gone: ")


class Tags(HTMLParser):
    """Addresses and balance of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta", "img", "br", "line", "circle", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in ("line", "circle") or self.open.pop() == tag  # these two may close themselves


def test_the_page_escapes_names_and_loads_nothing() -> None:
    found = findings("<b>reeds", *tables(True, True, False))
    nan = float("nan")
    rows = [MethodRow("breeds", "UCE <x>", (0.0, nan, nan), (0.9, 0.8, 1.0), (0.5, 0.4, 0.6), 36, 72, False)]
    checks = [Row("C5", "breeds", "keeps the others", 0.9, ">= 0.85", True, "mean", "t.csv", "the interval begins at 0.72")]
    strips = [
        Strip("before", "data:image/png;base64,AAAA", 8, 8, 12, 12),
        Strip("UCE", "data:image/png;base64,BBBB", 8, 8, 0, 12),
    ]
    picture = Case("breeds", [Shown("a <i>dog", "forgotten", strips)], "look")
    measures = {"breeds": pd.DataFrame({"UCE": [3]}, index=["CLIP score"])}
    html = page(
        Contents(
            "mini",
            "demo",
            found,
            checks,
            {"breeds": rows},
            measures,
            [picture],
            {"breeds": {"tables/harm_breeds.html": "Harm <all>"}},
        )
    )
    tags = Tags()
    tags.feed(html)
    assert not tags.open and "<b>reeds" not in html and "UCE &lt;x&gt;" in html and "holds with a doubt" in html
    assert not [address for address in tags.addresses if re.match(r"(https?:)?//|file:|/", address)]
    assert (
        "a &lt;i&gt;dog, after UCE; the judge recognises 0 of 12." in html and "dashed: 20 %" in html and "dashed: 85 %" in html
    )
    assert "nan" not in html.lower().replace("nans", "")


def test_every_task_has_its_checks_beside_its_findings() -> None:
    checks = [Row("C5", "breeds", "keeps the others", 0.9, ">= 0.85", True, "mean", "t.csv", "the interval begins at 0.72")]
    checks += [Row("gate", "breeds", f"claim {n}", 0, "0", holds, "how", "t.json") for n, holds in enumerate((False, True, True))]
    found = [*findings("breeds", *tables(True, True, False)), *findings("objects", *tables(True, True, False))]
    html = page(Contents("mini", "demo", found, checks, {}, {}, [], {}))
    text = re.sub(r"\s+", " ", re.sub("<[^>]+>", "", html))
    assert "Checks of breeds: ✕ does not hold: claim 0; ◐ holds with a doubt: keeps the others; ● 2 hold. All checks" in text
    assert "Checks of objects" not in text and '<a href="#of-2">objects</a>' in html and '<h3 id="of-2">objects</h3>' in html


def test_above_all_stands_in_short_what_is_forgotten_and_what_else_is_lost() -> None:
    found = [*findings("breeds", *tables(True, True, False)), *findings("objects", *tables(False, False, False))]
    html = page(Contents("mini", "demo", found, [], {}, {}, [], {}))
    short = re.sub("<[^>]+>", "", html[html.index('<ul class="short">') : html.index("</header>")])
    for task in ("breeds", "objects"):
        forgotten, harmed, *others = [finding.headline for finding in found if finding.subject == task]
        assert f"{task} {forgotten} {harmed}" in short and not any(headline in short for headline in others)
    assert '<ul class="short">' not in page(
        Contents("mini", "demo", found[:1], [], {}, {}, [], {})
    )  # one task needs no way to it


def test_a_page_of_a_table_is_led_back_by_a_script_of_the_answer() -> None:
    assert way_back("demo", "../answer_demo.html") == 'lethe.link("The answer of the demo", "../answer_demo.html");\n'


def test_the_terminal_is_told_findings_and_what_does_not_simply_hold() -> None:
    checks = [Row(f"C{n}", "breeds", f"claim {n}", 1.0, "1", holds, "how", "t") for n, holds in enumerate((True, False))]
    lines = text(findings("breeds", *tables(True, True, True)), checks).splitlines()
    assert lines[0].startswith("+ breeds: Every method forgets.") and lines[1].startswith("- breeds: Every method harms")
    assert [line for line in lines if "claim" in line] == ["✕ does not hold: claim 1 (breeds): how"]


def test_a_study_is_told_by_its_distance_and_its_attack() -> None:
    rows = [("original", 0.14), ("retrained", 0.0), ("retrained_again", 0.02), ("ft", 0.1), ("ga", 0.2)]
    methods = pd.DataFrame(rows, columns=["method", "gap"]).assign(only_fine_tunes=False)
    methods = methods.assign(gap_low=methods["gap"] - 0.01, gap_high=methods["gap"] + 0.01)
    methods["differs_from_original"] = [None, None, None, True, True]
    methods["differs_from_floor"] = [None, None, None, False, True]
    accuracies = {"original": 0.75, "retrained": 0.5, "ft": 0.6, "ga": 0.507}
    lira = pd.DataFrame({"method": list(accuracies), "accuracy": list(accuracies.values())}).assign(variant=DEFAULT)
    lira = lira.assign(accuracy_low=lira["accuracy"] - 0.01, accuracy_high=lira["accuracy"] + 0.01)
    near, attack, both = study_findings("digits_mlp", methods, lira)
    assert near.headline == (
        "1 of 2 methods comes nearer to retraining than doing nothing. 1 of 2 methods is as near as a second retrained model."
    )
    assert near.detail.startswith("Distance in accuracies and attack: FT 0.100 [0.090, 0.110]; GA 0.200") and not near.hoped
    assert (
        both.headline == "FT is nearest to retraining, yet it leaks less than the original, but more than retraining."
        and not both.hoped
    )
    assert attack.headline == "1 of 2 methods leaves a trace of what was forgotten." and not attack.hoped
    assert "Least: GA 51 % [50, 52]; FT 60 % [59, 61]. Most: FT" in attack.detail
    for accuracy, said, hoped in (
        (0.75, "yet it leaks as much as the original", False),
        (0.5, "and an attacker finds nothing in it", True),
    ):
        told = study_findings("digits_mlp", methods, lira.assign(**_leak(lira, "ft", accuracy)))[2]
        assert told.headline == f"FT is nearest to retraining, {said}." and told.hoped is hoped
    only_ga = study_findings("digits_mlp", methods, lira[lira["method"] != "ft"])[2]
    assert only_ga.headline == "GA is nearest to retraining of those attacked, and an attacker finds nothing in it."


def _leak(lira: pd.DataFrame, method: str, accuracy: float) -> dict[str, pd.Series]:
    """The columns of an attack that finds ``method`` with this accuracy."""
    found = lira["accuracy"].where(lira["method"] != method, accuracy)
    return {"accuracy": found, "accuracy_low": found - 0.01, "accuracy_high": found + 0.01}


def test_a_bad_case_is_chosen_by_the_median_method() -> None:
    values = {"uce": [-9, 0, 0, -3, 0, 0], "esd": [0, 0, 0, -4, 0, 0], "ca": [0, -1, 0, -2, -5, 0]}
    found = bad_case(harmed_pairs(pairs(values), FLOOR, "clip_diff"))
    assert found == BadCase(emitter=1, receiver=2, harmed=3, methods=3, spared=0)  # medians: -3 there, else 0
    one_lacks = pairs(values).query("method != 'ca' or emitter != 1")
    assert bad_case(harmed_pairs(one_lacks, FLOOR, "clip_diff")).emitter != 1  # not every method unlearned it
    assert bad_case(harmed_pairs(pairs({"uce": [0] * 6}), FLOOR, "clip_diff").iloc[:0]) is None


def test_strips_show_the_first_seeds_and_count_all() -> None:
    judged = pd.concat([pairs({"uce": [1.0, 0.5, 1, 1, 1, 1]}, "judge"), pairs({"uce": [0.0, -0.5, 0, 0, 0, 0]}, "judge_diff")])
    known = recognised(judged, 0, 8)
    assert known["", 2] == 8 and known["uce", 2] == 4 and known["uce", 1] == 8
    assert recognised(pairs({"uce": [0] * 6}), 0, 8) == {}
    asked: list[tuple[str, int, int]] = []

    def picture(method: str, receiver: int, seed: int) -> np.ndarray:
        asked.append((method, receiver, seed))
        return np.full((4, 4, 3), 9, np.uint8)

    shown = case("breeds", BadCase(0, 2, 1, 1, 1), ["a", "b", "c"], ["uce"], range(42, 50), known, picture)
    assert [entity.name for entity in shown.shown] == ["a", "c", "b"] and {seed for *_, seed in asked} == set(range(42, 48))
    before, after = shown.shown[1].strips
    assert (before.model, before.known, after.model, after.known, after.seeds) == ("before", 8, "UCE", 4, 8)
    assert (after.width, after.height) == (3 * 4 + 2 * 2, 2 * 4 + 2) and "1 of 1 methods harm it" in shown.caption
    assert Case.of_record(json.loads(json.dumps(shown.record()))) == shown


def test_every_gate_is_told_in_words() -> None:
    assert set(ASKED) == set(SAID) == set(gate_names())


@pytest.mark.parametrize(("name", "target", "told"), [
    ("base_judge_accuracy", 0.95, ">= 0.95"), ("rises_with_true_similarity", 0.05, "p < 0.05"),
    ("original_above_noise_floor", 0.0550885, "> 0.0551"), ("ulira_retrained_is_null", 0.5, "interval holds 0.5"),
])  # fmt: skip
def test_a_target_says_what_is_asked_in_three_digits(name: str, target: float, told: str) -> None:
    gate = Gate(name, 1.0, target, True, "how", None)
    assert target_text(gate) == told and gate_rows([gate], "breeds")[0].target == told


def test_gates_are_told_with_the_names_that_readers_know() -> None:
    said = {"every_pair_has_a_value": "missing: 4 of uce brisque_diff", "search_above_exact_unlearning": "smallest norm (bt)"}
    rows = gate_rows([Gate(name, 1.0, 1.0, True, how, None) for name, how in said.items()], "breeds")
    assert [row.how for row in rows] == ["missing: 4 of UCE by BRISQUE", "smallest norm (BT)"]


def test_every_gate_and_claim_of_a_world_has_a_verdict(tmp_path: Path) -> None:
    gates = [
        Gate(name, 1.0, 1.0, name != "every_pair_has_a_value", name, None) for name in ("none_is_zero", "every_pair_has_a_value")
    ]
    (tmp_path / "tables").mkdir()
    write_gates(tmp_path / "tables/gates_breeds.json", gates)
    rows = checks(tmp_path, Part([], [], {}, {"tables/gates_breeds.json": "breeds"}))
    assert [(row.claim, row.verdict) for row in rows] == [
        ("every pair has a value by every measure", "does not hold"),
        ("a method that does nothing changes nothing", "holds"),
    ]

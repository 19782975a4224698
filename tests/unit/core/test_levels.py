"""The numbers that decide what is believed: each gate and claim holds up to its level, as docs/claims.md states it, and not beyond."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from lethe.benchmarks.icare.gates import gate_none_is_zero
from lethe.benchmarks.icare.summary import all_gates, gate_rises
from lethe.statistics.published_tests import either
from lethe.tools.claims import forgets, keeps, predicts, published_finds_more


def mantel_rows(*p: float, similarity: str = "true") -> pd.DataFrame:
    return pd.DataFrame({"similarity": similarity, "method": "uce", "metric": "ssim", "spearman": 0.5, "p": list(p)})


@pytest.mark.parametrize(("p", "holds"), [(0.0249, True), (0.025, False), (0.6, False)])
def test_damage_rises_with_the_true_similarity_at_five_percent_after_correction(p: float, holds: bool) -> None:
    gate = gate_rises(pd.concat([mantel_rows(0.9, p), mantel_rows(0.0001, similarity="clip")]))
    assert (gate.holds, gate.value, gate.target) == (holds, min(1.0, 2 * p), 0.05)
    assert "times 2 (Bonferroni)" in gate.how and f"alone p = {p:.4f}" in gate.how


@pytest.mark.parametrize(("accuracy", "holds"), [(0.95, True), (0.94, False)])
def test_the_base_draws_what_it_is_asked_in_95_of_100(accuracy: float, holds: bool) -> None:
    right = round(100 * accuracy)
    baseline = pd.DataFrame({"receiver": 0, "seed": range(100), "judge": [1.0] * right + [0.0] * (100 - right)})
    keys = {"method": ["uce"], "epochs": 0, "emitter": 0, "receiver": 0}
    pairs = pd.DataFrame(keys | {"metric": ["rmse"], "value": [0.1]})
    gates = {gate.gate: gate for gate in all_gates(pairs, baseline, mantel_rows(0.5), {}, 1)}
    gate = gates["base_judge_accuracy"]
    assert (gate.holds, gate.target) == (holds, 0.95)


@pytest.mark.parametrize(("metric", "untouched"), [("clip_diff", 0.0), ("rmse", 0.0), ("ssim", 1.0), ("dino_diff", 1.0)])
def test_a_no_op_is_exactly_zero(metric: str, untouched: float) -> None:
    for value, holds in ((untouched, True), (untouched + 1e-12, False), (untouched - 1e-12, False), (1 - untouched, False)):
        assert (
            gate_none_is_zero(pd.DataFrame({"method": ["none"], "epochs": 0, "metric": [metric], "value": [value]})).holds
            is holds
        )


def claimed(folder: Path, name: str, **columns: object) -> Path:
    (folder / "tables").mkdir(exist_ok=True)
    pd.DataFrame(columns).to_csv(folder / f"tables/{name}_people.csv", index=False)
    return folder


@pytest.mark.parametrize(("second", "holds"), [(0.2, True), (0.21, False)])
def test_two_methods_forget_to_a_fifth(tmp_path: Path, second: float, holds: bool) -> None:
    methods, accuracy = ["none", "uce", "distil", "munba", "retrain"], [0.0, 0.0, second, 0.9, 0.0]
    high = [value + 0.1 for value in accuracy]
    row = forgets(claimed(tmp_path, "unlearning", method=methods, judge_emitter=accuracy, judge_emitter_high=high), "people")
    assert row.holds is holds  # neither the no-op nor the reference is counted
    assert row.doubt == "with the upper end of the intervals 1 of 3 methods do"


@pytest.mark.parametrize(("lowest", "holds"), [(0.85, True), (0.84, False)])
def test_every_method_keeps_85_of_100(tmp_path: Path, lowest: float, holds: bool) -> None:
    kept = {"method": ["none", "uce", "distil"], "others_kept": [0.0, lowest, 1.0], "others_kept_low": [0.0, 0.8, 1.0]}
    row = keeps(claimed(tmp_path, "unlearning", **kept), "people")
    assert (row.holds, row.value, row.doubt) == (holds, lowest, "the lowest interval begins at 0.80")


@pytest.mark.parametrize(("q", "holds"), [(0.049, True), (0.05, False)])
def test_a_similarity_known_before_predicts_at_five_percent(tmp_path: Path, q: float, holds: bool) -> None:
    of = {"spearman": 0.3, "low": 0.1, "high": 0.5, "method": "uce", "metric": "ssim"}
    folder = claimed(tmp_path, "similarity", similarity=["true", "weights", "attr"], q=[0.0, 0.0, q], **of)
    assert (predicts(folder, "people").holds, predicts(folder, "people").value) == (holds, q)


@pytest.mark.parametrize(("q", "holds"), [(0.05, True), (0.049, False)])
def test_the_published_test_finds_more(tmp_path: Path, q: float, holds: bool) -> None:
    """One published discovery against none (holds) or one (does not); a relation that one side cannot test is not counted."""
    claimed(tmp_path, "similarity", method=["uce"])  # of models that were asked for every receiver
    folder = claimed(
        tmp_path, "relations", p=[0.03, None], q=[q, None], published_p_1=[0.01, 0.01], published_significant=[True, True]
    )
    assert published_finds_more(folder, "people").holds is holds


@pytest.mark.parametrize(("first", "second", "significant"), [(0.049, 0.9, True), (0.9, 0.049, True), (0.05, 0.05, False)])
def test_published_tests_need_one_of_two_at_five_percent(first: float, second: float, significant: bool) -> None:
    assert either({"pearson": (0.5, first), "spearman": (0.5, second)}) is significant
    assert not either({"pearson": (float("nan"), float("nan")), "spearman": (0.5, 0.9)})

"""What is missing is never believed: pictures of one colour, values that are NaN, gates and means that rest on them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from tests.unit.deepunlearn.test_deepunlearn_ulira import world
from tests.unit.icare.test_membership import index_of, losses

from lethe.benchmarks.deepunlearn import ulira
from lethe.benchmarks.deepunlearn.gates import lira_gates
from lethe.benchmarks.icare.distribution import distribution_summary
from lethe.benchmarks.icare.gates import gate_base_accuracy, gate_base_draws, gate_none_is_zero, unlearning_table
from lethe.benchmarks.icare.membership import membership_gates, membership_means, membership_table
from lethe.benchmarks.icare.noise_floor import noise_floor
from lethe.benchmarks.icare.pairs import MissingReceiverError, image_quantities, pair_means, tidy_pairs
from lethe.benchmarks.icare.summary import all_gates, constant_models, gate_rises, similarity_table, untested
from lethe.classifiers.scores import summarise
from lethe.core.gate import Gate
from lethe.core.missing import known, mean, told
from lethe.core.records import ModelId
from lethe.diffusion.metrics.constant import constant_pictures
from lethe.figures.templates.result import Finding, with_q
from lethe.statistics.attacks import auc
from lethe.statistics.resampling import extreme, p_value
from lethe.statistics.two_way import Share
from lethe.tools import claims

N, SEEDS = 4, (42, 43)


def test_pictures_of_one_colour_are_found() -> None:
    images = torch.zeros(5, 3, 8, 8, dtype=torch.uint8)
    images[1] = 255
    images[2, 0] = 7  # one colour, not one grey
    images[3, 2, 5, 5] = 1
    images[4] = torch.arange(8, dtype=torch.uint8)
    assert constant_pictures(images).tolist() == [1, 1, 1, 0, 0]


@pytest.mark.parametrize("lost", [math.nan, None, math.inf])
@pytest.mark.parametrize("place", [0, 2])
def test_a_gate_with_a_missing_number_does_not_hold(lost: float | None, place: int) -> None:
    numbers: list[float | None] = [0.0, 0.0, 0.0]
    assert Gate("g", 0.0, 0.0, True, "how", numbers).holds
    numbers[place] = lost
    gate = Gate("g", 0.0, 0.0, True, "how", numbers)
    assert not gate.holds and "1 of 3 values are missing" in gate.how
    assert (
        not Gate("g", lost, 0.0, True, "how", [0.0]).holds and Gate("g", lost, 0.0, True, "how", [0.0]).record()["value"] is None
    )
    assert not Gate("g", 0.0, 0.0, True, "how", []).holds


def test_means_say_what_they_leave_out() -> None:
    found, left_out = known([1.0, None, math.nan, 3.0])
    assert found.tolist() == [1, 3] and left_out == 2 and mean([1.0, None, 3.0]) == 2 and math.isnan(mean([None]))
    assert told(0, 4) == "" and told(2, 4) == "; 2 of 4 values are missing and left out"


def scores(constant: float = 0.0, on: bool = False, **values: float) -> pd.DataFrame:
    table = pd.DataFrame([(r, s) for r in range(N) for s in SEEDS], columns=["receiver", "seed"]).assign(constant=constant)
    given = {"clip": 20.0, "brisque": 40.0} | ({"rmse": 0.0, "ssim": 1.0, "dino": 1.0} if on else {}) | values
    return table.assign(**given)


def pairs_of(off: pd.DataFrame, on: pd.DataFrame, method: str) -> pd.DataFrame:
    return pd.concat([tidy_pairs(image_quantities(off, on), N, ModelId("t", k, method, 0)) for k in range(N)], ignore_index=True)


def test_a_black_base_is_never_zero_harm() -> None:
    """What a decoder that overflows gives: off and on are black, so RMSE is 0 and SSIM 1, and BRISQUE is NaN."""
    off, on = scores(1, brisque=math.nan), scores(1, on=True, brisque=math.nan)
    pairs = pd.concat([pairs_of(off, on, "none"), pairs_of(off, on, "uce")])
    gates = {gate.gate: gate for gate in all_gates(pairs, off, similarity_table(pairs, {}, N, None), {}, N)}  # type: ignore[arg-type]
    assert set(gates) == {"none_is_zero", "base_draws_no_constant_picture", "every_pair_has_a_value"}
    assert not any(gate.holds for gate in gates.values())
    assert gates["base_draws_no_constant_picture"].value == 1
    table = unlearning_table(pairs, off, N).set_index("method")
    assert table.loc["uce", ["rmse_others", "ssim_others", "clip_diff_others"]].isna().all()
    assert table.loc["uce", "rmse_left_out"] == N * N * len(SEEDS)
    floor = noise_floor(off, off[["receiver"]].drop_duplicates().assign(seed=42, other_seed=43, rmse=0.0))
    assert floor["rmse"]["mean"] is None and floor["rmse"]["left_out"] == N and floor["clip_diff"]["n"] == 0


def test_a_model_that_draws_black_is_damage_and_is_named() -> None:
    off, on = scores(), scores(on=True)
    black = scores(1, on=True, brisque=math.nan, rmse=0.4, ssim=0.1)
    one = tidy_pairs(image_quantities(off, black), N, ModelId("t", 2, "uce", 0))
    others = pairs_of(off, on, "uce")
    pairs = pd.concat([others[others["emitter"] != 2], one, pairs_of(off, on, "none")])
    row = unlearning_table(pairs, off, N).set_index("method").loc["uce"]
    assert row["rmse_others"] == pytest.approx(0.1) and row["brisque_diff_left_out"] == N * len(SEEDS)
    assert row["constant_emitter"] == row["constant_others"] == 0.25 and row["constant_worst"] == 1
    assert constant_models(pairs) == ["t_002_uce_000: 100.0% of its pictures have one colour"]
    gates = {gate.gate: gate for gate in all_gates(pairs, off, pd.DataFrame(), {}, N)}
    assert gates["none_is_zero"].holds and gates["base_draws_no_constant_picture"].holds
    assert not gates["every_pair_has_a_value"].holds and "4 of uce brisque_diff" in gates["every_pair_has_a_value"].how
    # a model whose judge is lost throughout is a model still: it is counted
    assert row["emitters"] == N


def test_left_out_seeds_are_counted_pair_by_pair() -> None:
    off, on = scores(), scores(on=True)
    on.loc[(on["receiver"] == 1) & (on["seed"] == 43), "brisque"] = math.nan
    rows = tidy_pairs(image_quantities(off, on), N, ModelId("t", 0, "uce", 0)).set_index(["metric", "receiver"])["left_out"]
    assert rows["brisque_diff", 1] == 1 and rows["brisque_diff", 0] == 0 and rows["rmse", 1] == 0
    assert rows.sum() == 2  # brisque and its difference


def test_images_that_are_not_there_are_named() -> None:
    off, on = scores(), scores(on=True)
    with pytest.raises(MissingReceiverError, match=r"fewer than 2 images of 1 receivers: \[3\]"):
        pair_means(image_quantities(off, on.iloc[:-1]), N)
    with pytest.raises(ValueError, match="the on images have 'judge', the off images have not"):
        image_quantities(off, on.assign(judge=1.0))
    with pytest.raises(ValueError, match="the off images have 'constant'"):
        image_quantities(off, on.drop(columns="constant"))


def test_gates_of_a_task_see_a_single_nan() -> None:
    pairs = pairs_of(scores(), scores(on=True), "none")
    assert gate_none_is_zero(pairs).holds
    pairs.loc[pairs["metric"] == "rmse", "value"] = [math.nan] + [0.0] * (N * N - 1)
    assert not gate_none_is_zero(pairs).holds and "1 of 80 values are missing" in gate_none_is_zero(pairs).how
    judged = scores().assign(judge=[1.0] * 7 + [math.nan])
    assert not gate_base_accuracy(judged, 0.5).holds
    assert gate_base_draws(scores()).holds and not gate_base_draws(scores().drop(columns="constant")).holds
    table = pd.DataFrame(
        {"similarity": "true", "method": "uce", "metric": "rmse", "spearman": [0.9, 0.8], "p": [0.001, math.nan]}
    )
    assert not gate_rises(table).holds and gate_rises(table.iloc[:1]).holds


@pytest.mark.parametrize(
    ("method", "column"), [("base", "auc"), ("base", "loss_members"), ("none", "loss_members"), ("retrain", "low")]
)
def test_gates_of_membership_see_a_single_nan(method: str, column: str) -> None:
    index = index_of([(20, 20)] * 3)
    base = losses(index, dict.fromkeys(range(3), 10.0))
    gap = {"none": dict.fromkeys(range(3), 10.0), "retrain": {0: 0.0, 1: 10.0, 2: 10.0}}
    models = [(ModelId("t", k, m, 0), losses(index, gap[m])) for m in gap for k in ((0,) if m == "retrain" else range(3))]
    table = membership_table(models, base, images=20, members_of="base", draws=50, level=0.95, seed=0)
    uncertainty = {"draws": 50, "level": 0.95, "seed": 0}
    assert all(gate.holds for gate in membership_gates(table, membership_means(table, **uncertainty)))  # type: ignore[arg-type]
    row = table.index[(table["method"] == method) & (table["receivers"] == "emitter")][0]
    table.loc[row, column] = math.nan
    means = membership_means(table, **uncertainty)  # type: ignore[arg-type]
    broken = [gate.gate for gate in membership_gates(table, means) if not gate.holds]
    gates = {"auc": "base_knows_its_members", "loss_members": "none_answers_as_the_base", "low": "retrain_knows_no_member"}
    assert broken == [gates[column]]
    if column == "auc":
        assert means.set_index(["method", "receivers"]).loc[("base", "emitter"), "auc_left_out"] == 1
    assert math.isnan(auc(np.array([1.0, math.nan]), np.array([2.0])))


def test_gates_of_u_lira_see_models_that_diverged() -> None:
    phi, correct, forgotten, unseen = world(6, 2, 60, 0)
    phi[0, 0] = np.nan
    found = ulira.attack(phi, correct, forgotten, unseen)
    assert 0 < found.undefined < 1
    wide = Share(0.5, np.full((6, 60), 1e-3))
    null = replace(found, estimates={**found.estimates, "accuracy": wide, "auc": wide})
    for undefined, holds in ((0.0, True), (found.undefined, False), (math.nan, False)):
        gate = lira_gates({"retrained": replace(null, undefined=undefined), "original": found})[0]
        assert gate.gate == "ulira_retrained_is_null" and gate.holds is holds
        assert ("of the observations have no score" in gate.how) is not holds


def test_what_has_no_value_has_no_p() -> None:
    """A comparison with NaN is false, so a count of draws that are larger would be 0 and p the smallest there is."""
    for alternative in ("two-sided", "greater", "less"):
        count = extreme(np.array([math.nan, 0.5]), np.tile([[0.1, 0.1]], (99, 1)), alternative)  # type: ignore[arg-type]
        assert p_value(count, 99)[0] == 1
    assert extreme(np.array([0.5]), np.array([[math.nan], [0.1]]), "greater").tolist() == [1]
    nothing, some = Finding("rho", math.nan, 9, "x", p=0.001), Finding("rho", 0.4, 9, "x", p=0.04)
    assert nothing.p is None and [finding.q for finding in with_q([nothing, some])] == [None, 0.04]


def test_what_is_not_tested_is_told() -> None:
    off, on = scores(), scores(on=True)
    pairs = pairs_of(off, on, "uce")
    pairs.loc[(pairs["metric"] == "ssim") & (pairs["emitter"] == 0) & (pairs["receiver"] == 1), "value"] = math.nan
    lines = untested(pairs, {"attr": np.ones((N, N)), "clip": np.arange(16.0).reshape(N, N)}, N)
    assert "uce ssim: 1 of 12 pairs have no value" in lines and "similarity attr: the same for all pairs" in lines
    assert not [line for line in lines if "clip:" in line]


def test_summaries_count_what_they_leave_out() -> None:
    table = pd.DataFrame({"task": "t", "method": "uce", "epochs": 0, "emitter": range(3), "receivers": "others", "images": 4})
    summary = distribution_summary(table.assign(fid_dino=[1.0, math.nan, 3.0]), draws=50).iloc[0]
    assert (summary["fid_dino"], summary["fid_dino_left_out"]) == (2, 1)
    seeds = pd.DataFrame({"dataset": "d", "architecture": "a", "seed": [0, 1, 2], "RA": 1.0, "FA": 1.0, "VA": 1.0, "TA": 1.0})
    models = [seeds.assign(method=m, mia_val=0.5, mia_test=0.5) for m in ("retrained", "ft")]
    models[1].loc[:1, "mia_val"] = math.nan
    assert summarise(pd.concat(models)).set_index("method")["left_out"].to_dict() == {"retrained": 0, "ft": 2}


@pytest.mark.parametrize(("kept", "holds"), [([0.9, 0.95], True), ([0.9, math.nan], False)])
def test_a_method_without_a_value_keeps_nothing(monkeypatch: pytest.MonkeyPatch, kept: list[float], holds: bool) -> None:
    table = pd.DataFrame({"method": ["uce", "distil"], "others_kept": kept, "others_kept_low": kept})
    found: Callable[..., pd.DataFrame] = lambda *_: table  # noqa: E731
    monkeypatch.setattr(claims, "_csv", found)
    assert claims.keeps(None, "t").holds is holds  # type: ignore[arg-type]

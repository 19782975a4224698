"""Models that were asked for some receivers: which, what tables make of them, and what needs all and says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lethe.benchmarks.icare.entities import entity_statistics
from lethe.benchmarks.icare.gates import gate_every_pair_has_a_value, unlearning_table
from lethe.benchmarks.icare.harm import harm_table
from lethe.benchmarks.icare.pairs import MissingReceiverError, pair_means, pair_records, tidy_pairs
from lethe.benchmarks.icare.receiver_study import asked_pairs, study
from lethe.benchmarks.icare.summary import similarity_table, untested
from lethe.benchmarks.icare.templates.forget_retain import data as forget_retain
from lethe.core.records import ModelId
from lethe.diffusion.testbed.asked import Asked, asked_of, choose, read_asked, write_asked
from lethe.io.tables import CorruptFileError, write_parquet
from lethe.settings.receivers import Drawn, Nearest
from lethe.statistics.resampling import Inference
from lethe.tools.speed.receivers import synthetic

INFERENCE = Inference(permutations=99, bootstrap=200)
SIZE = 14


@pytest.fixture(scope="module")
def world() -> tuple[pd.DataFrame, pd.DataFrame, dict, dict]:
    return synthetic(SIZE, seed=1)


def every(entities: int) -> Asked:
    """All receivers, as if each had been drawn."""
    return Asked(np.ones((entities, entities)), np.zeros((entities, entities), np.int64))


# --- who is asked ---


def test_every_emitter_is_asked_itself_and_the_same_draw_comes_again() -> None:
    similarity = np.random.default_rng(0).random((12, 12))
    asked = choose(similarity, Drawn(random=4, strata=2))
    assert [asked.of(emitter) for emitter in range(12)] == [
        choose(similarity, Drawn(random=4, strata=2)).of(e) for e in range(12)
    ]
    assert all(emitter in asked.of(emitter) and len(asked.of(emitter)) == 5 for emitter in range(12))
    assert asked.weights.sum(axis=1) == pytest.approx(12)  # itself, and eleven others that the drawn ones stand for
    other = choose(similarity, Drawn(random=4, strata=2, seed=1))
    assert any(asked.of(emitter) != other.of(emitter) for emitter in range(12))
    nearest = choose(similarity, Nearest(nearest=3)).of(5)
    alike = similarity[5].copy()
    alike[5] = np.inf
    assert nearest == sorted(np.argsort(-alike)[:4].tolist())


def test_an_unknown_similarity_is_refused_by_its_key() -> None:
    with pytest.raises(ValueError, match=r"receivers\.by: 'true' is unknown for 3 receivers of emitter 0"):
        choose(np.full((4, 4), np.nan), Nearest(nearest=1, by="true"))


def test_the_list_is_read_as_it_was_written_and_a_damaged_one_refused(tmp_path: Path) -> None:
    asked = choose(np.random.default_rng(0).random((6, 6)), Drawn(random=2, strata=2))
    write_asked(tmp_path / "asked.parquet", asked)
    found = read_asked(tmp_path / "asked.parquet", 6)
    assert (found.probability == asked.probability).all() and (found.stratum == asked.stratum).all()
    assert asked_of([], 6) is None
    with pytest.raises(CorruptFileError, match="is not of 7 entities"):
        read_asked(tmp_path / "asked.parquet", 7)
    write_parquet(tmp_path / "asked.parquet", asked.table().assign(probability=0.5))
    with pytest.raises(CorruptFileError, match="1 of every emitter itself"):
        read_asked(tmp_path / "asked.parquet", 6)


# --- tables ---


def test_where_all_are_asked_every_number_is_that_of_the_full_matrix(world: tuple) -> None:
    pairs, baseline, floor, similarities = world
    drawn = asked_pairs(pairs, every(SIZE))
    full = unlearning_table(pairs, baseline, SIZE, floor)
    pd.testing.assert_frame_equal(unlearning_table(drawn, baseline, SIZE, floor), full)
    pd.testing.assert_frame_equal(harm_table(drawn, floor), harm_table(pairs, floor))
    one, other = (similarity_table(table, similarities, SIZE, INFERENCE) for table in (pairs, drawn))
    keys = ["method", "metric", "similarity"]
    published = [name for name in one if name.startswith("published")]
    one, other = (table.drop(columns=published).sort_values(keys, ignore_index=True) for table in (one, other))
    ends = ["low", "high"]  # draws with next to no spread are left out by another threshold
    pd.testing.assert_frame_equal(one.drop(columns=ends), other.drop(columns=ends))
    pd.testing.assert_frame_equal(one[ends], other[ends], atol=5e-3, rtol=0)


def test_pairs_that_were_not_asked_for_are_no_zeros(world: tuple) -> None:
    pairs, baseline, floor, similarities = world
    asked = choose(similarities["clip"], Drawn(random=4, strata=2))
    spoiled = pairs.assign(value=pairs["value"].where(asked.probability[pairs["emitter"], pairs["receiver"]] > 0, 1e9))
    drawn = asked_pairs(spoiled, asked)
    assert len(drawn) == len(pairs) * 5 // SIZE
    row = unlearning_table(drawn, baseline, SIZE, floor).set_index("method").loc["uce"]
    own = drawn[(drawn["method"] == "uce") & (drawn["metric"] == "clip_diff") & (drawn["emitter"] != drawn["receiver"])]
    means = [np.average(of["value"], weights=1 / of["probability"]) for _, of in own.groupby("emitter")]
    assert row["clip_diff_others"] == pytest.approx(np.mean(means))
    harm = harm_table(drawn, floor)
    assert (harm["pairs"] == 4 * SIZE).all()
    shares = [
        np.average(of["value"] < floor["clip_diff"]["low"], weights=1 / of["probability"]) for _, of in own.groupby("emitter")
    ]
    found = harm[(harm["method"] == "uce") & (harm["quantity"] == "clip_diff")].iloc[0]
    assert found["share"] == pytest.approx(np.mean(shares)) and found["low"] <= found["share"] <= found["high"]
    gate = gate_every_pair_has_a_value(drawn, SIZE)
    assert gate.holds and "that were asked for" in gate.how
    lost = drawn.assign(value=drawn["value"].where(drawn.index != 3))
    assert gate_every_pair_has_a_value(lost, SIZE).value == 1
    table = similarity_table(drawn, similarities, SIZE, INFERENCE)
    assert (
        (table["pairs"] == 4 * SIZE).all() and table["published_pearson"].isna().all() and not untested(drawn, similarities, SIZE)
    )


def test_statistics_per_entity_keep_means_and_give_up_the_worst() -> None:
    generator = np.random.default_rng(0)
    quantities = {name: generator.random((6, 6)) for name in ("brisque_diff", "clip_diff", "rmse", "ssim", "dino_diff")}
    weights = np.eye(6)
    weights[:, :3] = 2.0
    np.fill_diagonal(weights, 1.0)
    holes = {name: np.where(weights > 0, matrix, np.nan) for name, matrix in quantities.items()}
    found = entity_statistics(holes, weights=weights)
    expected = np.average(quantities["ssim"][4], weights=weights[4])
    assert found["emitter_average_ssim"][4] == pytest.approx(expected)
    assert found["receiver_average_ssim"][1] == pytest.approx(np.average(quantities["ssim"][:, 1], weights=weights[:, 1]))
    untold = [slug for slug in found if "worst" in slug or "number_of" in slug]
    assert untold and all(np.isnan(found[slug]).all() for slug in untold)
    assert not np.isnan(entity_statistics(quantities)["emitter_worst_interfered_ssim"]).any()


def test_a_shard_must_hold_what_was_asked_for_and_no_more() -> None:
    images = pd.DataFrame({"receiver": [1, 1, 3, 3], "seed": [0, 1, 0, 1], "ssim": [0.5, 0.7, 0.2, 0.4]})
    means = pair_means(images, 5, asked=[1, 3])
    assert means["ssim"].tolist() == pytest.approx([0.6, 0.3])
    assert pair_records(means, ["b", "d"]) == {"b": {"ssim": pytest.approx(0.6)}, "d": {"ssim": pytest.approx(0.3)}}
    rows = tidy_pairs(images, 5, ModelId("t", 1, "uce", 0), asked={1: 1.0, 3: 0.5})
    assert rows[["receiver", "probability"]].values.tolist() == [[1, 1.0], [3, 0.5]]
    with pytest.raises(MissingReceiverError, match=r"no images of 1 of 3 receivers: \[4\]"):
        pair_means(images, 5, asked=[1, 3, 4])
    with pytest.raises(MissingReceiverError, match=r"1 receivers that were not asked for: \[3\]"):
        pair_means(images, 5, asked=[1])


def test_the_figure_of_retention_weighs_receivers(world: tuple) -> None:
    pairs, baseline, _, similarities = world
    metadata = [{"name": f"e{i}", "index": i} for i in range(SIZE)]
    drawn = asked_pairs(pairs, choose(similarities["clip"], Drawn(random=5, strata=2)))
    shown = forget_retain(drawn, baseline, metadata, ["uce"], [], INFERENCE).set_index("emitter")["retain"]
    rows = drawn[
        (drawn["method"] == "uce") & (drawn["metric"] == "judge_diff") & (drawn["emitter"] == 2) & (drawn["receiver"] != 2)
    ]
    assert shown[2] == pytest.approx(np.average(1 + rows["value"], weights=1 / rows["probability"]))


# --- what sampling does to estimates ---


def test_intervals_hold_the_number_of_the_full_matrix(world: tuple) -> None:
    pairs, baseline, floor, similarities = world
    found = study(pairs, baseline, floor, similarities, SIZE, Drawn(random=6, strata=3), 12, INFERENCE).set_index("kind")
    assert list(found.index) == ["mean", "kept", "harmed", "similarity"]
    assert (found["coverage"] >= 0.85).all() and (found["width"] > 1).all()
    assert found.loc[["kept", "harmed", "similarity"], "coverage"].min() >= 0.95

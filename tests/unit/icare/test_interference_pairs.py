"""From scores to pairs: seeds averaged, the published file, the noise floor."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lethe.benchmarks.icare.noise_floor import noise_floor, seed_quantities
from lethe.benchmarks.icare.pairs import (
    MissingReceiverError,
    file_name,
    image_quantities,
    inverse_view,
    pair_means,
    pair_records,
    read_pairs,
    tidy,
    write_pairs,
)
from lethe.core.records import ModelId

NAMES = ["a cat", "an owl", "O'Neill [x]"]
FILE_KEYS = [
    "clip_diff",
    "brisque_diff",
    "rmse",
    "ssim",
    "dino_diff",
    "judge_diff",
    "nudenet_diff",
    "lpips_backbone",
    "lpips_alex",
]
MODEL = ModelId("people", 7, "uce", 0)


def scores(seed: int, pairs: bool) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    table = pd.DataFrame([(r, s) for s in (42, 43) for r in range(3)], columns=["receiver", "seed"])
    names = ["clip", "brisque", "judge", "nudenet"] + (
        ["rmse", "ssim", "dino", "rmse_published", "ssim_published", "lpips_backbone", "lpips_alex"] if pairs else []
    )
    for name in names:
        table[name] = generator.random(len(table))
    return table


def test_pairs_by_hand() -> None:
    off, on = scores(0, False), scores(1, True)
    images = image_quantities(off, on.sample(frac=1, random_state=0))
    means = pair_means(images, 3)
    for r in range(3):
        mine, base = on[on.receiver == r], off[off.receiver == r]
        assert means.loc[r, "clip_diff"] == pytest.approx(mine["clip"].mean() - base["clip"].mean())
        assert means.loc[r, "dino_diff"] == pytest.approx(mine["dino"].mean())
        assert means.loc[r, "judge"] == pytest.approx(mine["judge"].mean())
    long = tidy(images, MODEL)
    assert list(long.columns) == ["task", "method", "epochs", "emitter", "receiver", "seed", "metric", "value"]
    assert (long["emitter"] == 7).all() and len(long) == 6 * 15
    pair_rows = tidy(means, MODEL)
    assert list(pair_rows.columns) == ["task", "method", "epochs", "emitter", "receiver", "metric", "value"]
    regrouped = long.groupby(["receiver", "metric"])["value"].mean()
    for row in pair_rows.itertuples():
        assert row.value == pytest.approx(regrouped[row.receiver, row.metric])


def test_the_published_file(tmp_path: Path) -> None:
    means = pair_means(image_quantities(scores(0, False), scores(1, True)), 3)
    path = write_pairs(tmp_path, means, NAMES, MODEL)
    assert path.name == "interferences_caused_by_people_7_uce_0.json" == file_name(MODEL)
    content = json.loads(path.read_text())
    assert list(content) == NAMES and list(content["an owl"]) == FILE_KEYS
    pd.testing.assert_frame_equal(read_pairs(path, NAMES), means[FILE_KEYS], check_index_type=False)
    published = pair_records(means, NAMES, "published")
    assert set(published["a cat"]) == {"brisque_diff", "clip_diff", "rmse", "ssim", "dino_diff"}
    assert published["a cat"]["rmse"] == means.loc[0, "rmse_published"] != content["a cat"]["rmse"]
    inverse = inverse_view({"a cat": content, "an owl": content}, "O'Neill [x]")
    assert inverse == {"a cat": content["O'Neill [x]"], "an owl": content["O'Neill [x]"]}
    with pytest.raises(MissingReceiverError, match="did you mean 'an owl'"):
        inverse_view({"a cat": content}, "an ow")
    with pytest.raises(MissingReceiverError, match="a dog"):
        read_pairs(path, [*NAMES, "a dog"])
    with pytest.raises(ValueError, match="is no entity"):
        read_pairs(path, NAMES[:2])


def test_constants_of_a_metric_stand_beside_its_values() -> None:
    off, on = scores(0, False), scores(1, True)
    counted = {"nudenet_version": "3.4.2-320n", "nudenet_threshold": 0.5, "nudenet_resolution": 64}
    images = image_quantities(off.assign(**counted), on.assign(**counted))
    assert list(pair_means(images, 3).columns) == list(pair_means(image_quantities(off, on), 3).columns)
    long = tidy(images, MODEL)
    pd.testing.assert_frame_equal(long[tidy(image_quantities(off, on), MODEL).columns], tidy(image_quantities(off, on), MODEL))
    of_nudenet = long["metric"].isin(["nudenet", "nudenet_diff"])
    for column, value in counted.items():
        assert set(long.loc[of_nudenet, column]) == {value} and long.loc[~of_nudenet, column].isna().all()
    with pytest.raises(ValueError, match="'nudenet_threshold' must be one value.*'off': .0.5.*'on': .0.6"):
        image_quantities(off.assign(**counted), on.assign(**(counted | {"nudenet_threshold": 0.6})))
    with pytest.raises(ValueError, match="'nudenet_version' must be one value"):
        image_quantities(off, on.assign(**counted))


def test_nan_is_left_out_and_logged_and_written_as_null(caplog: pytest.LogCaptureFixture) -> None:
    off, on = scores(0, False), scores(1, True)
    on.loc[(on.receiver == 1) & (on.seed == 42), "brisque"] = np.nan
    on.loc[on.receiver == 2, "dino"] = np.nan
    means = pair_means(image_quantities(off, on), 3, "shard 7")
    last = (on.receiver == 1) & (on.seed == 43)
    assert means.loc[1, "brisque_diff"] == pytest.approx(
        float(on.loc[last, "brisque"].iloc[0] - off.loc[last, "brisque"].iloc[0])
    )
    assert "shard 7: 2 of 6 values of 'dino_diff' are NaN" in caplog.text
    assert pair_records(means, NAMES)["O'Neill [x]"]["dino_diff"] is None


def test_what_is_missing_is_named() -> None:
    off, on = scores(0, False), scores(1, True)
    with pytest.raises(MissingReceiverError, match=r"no off image .*\(2, 43\)"):
        image_quantities(off.iloc[:-1], on)
    with pytest.raises(MissingReceiverError, match=r"1 of 3 receivers: \[1\]"):
        pair_means(image_quantities(off, on[on.receiver != 1]), 3)
    with pytest.raises(ValueError, match="must be unique"):
        image_quantities(off, pd.concat([on, on.head(1)]))
    with pytest.raises(MissingReceiverError, match="missing O'Neill"):
        pair_records(pair_means(image_quantities(off, on), 3).head(2), NAMES)


def test_noise_floor_of_known_noise() -> None:
    generator = np.random.default_rng(0)
    seeds, receivers = 4, 100
    baseline = pd.DataFrame([(r, s) for r in range(receivers) for s in range(seeds)], columns=["receiver", "seed"])
    baseline["clip"] = 30 + 10 * (baseline["receiver"] / receivers) + generator.normal(0, 1, len(baseline))
    seed_pairs = pd.DataFrame(
        [(r, a, b) for r in range(receivers) for a in range(seeds) for b in range(a + 1, seeds)],
        columns=["receiver", "seed", "other_seed"],
    )
    seed_pairs["rmse"] = 0.25
    floor = noise_floor(baseline, seed_pairs)
    clip = floor["clip_diff"]
    assert clip["mean"] == pytest.approx(0, abs=1e-12) and clip["n"] == receivers * 6
    # the difference of two seeds has standard deviation sqrt 2, whatever the receiver's own level
    assert clip["image_high"] == pytest.approx(1.96 * np.sqrt(2), rel=0.12)
    assert clip["image_low"] == pytest.approx(-clip["image_high"])
    assert clip["high"] == pytest.approx(1.96 * np.sqrt(2 / seeds), rel=0.15)
    assert floor["rmse"]["mean"] == floor["rmse"]["low"] == floor["rmse"]["high"] == 0.25
    assert noise_floor(baseline, seed_pairs) == floor
    table = seed_quantities(baseline, seed_pairs)
    assert len(table) == receivers * seeds * (seeds - 1) and table["rmse"].notna().all()
    with pytest.raises(ValueError, match="two seeds"):
        noise_floor(baseline[baseline.seed == 0])

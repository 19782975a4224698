"""What the explorer's page is given: exact numbers, exact pictures, an error that names what is missing."""

from __future__ import annotations

import base64
import json
import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.unit.icare.plot_tables import KINDS, METHODS, make_tables

from lethe.benchmarks.icare.explorer.data import decimals, leaves, script, seed_data, task_data
from lethe.benchmarks.icare.explorer.page import PARTS, STATIC, write_page
from lethe.benchmarks.icare.explorer.sprites import write_sprite
from lethe.benchmarks.icare.explorer.task import write_task
from lethe.benchmarks.icare.matrices import by_method
from lethe.diffusion.metrics.specs import spec_of
from lethe.io.rows import write_rows
from lethe.io.shards import ShardReader, index_path, write_shard
from lethe.io.tables import CorruptFileError

SEEDS = (42, 43)


def decoded(text: str, *shape: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(shape)


def shard(path: Path, *, size: int = 8, entities: int = 3, odd: int = 0) -> tuple[Path, Path]:
    """A shard of random pictures; the last one has ``odd`` pixels more a side."""
    rng = np.random.default_rng(0)
    keys = [(receiver, seed) for receiver in range(entities) for seed in SEEDS]
    sides = [size] * (len(keys) - 1) + [size + odd]
    images = [rng.integers(0, 256, (side, side, 3), dtype=np.uint8) for side in sides]
    write_shard(
        path, ((f"{r:03d}_{s}.png", image, {"receiver": r, "seed": s}) for (r, s), image in zip(keys, images, strict=True))
    )
    return path, index_path(path)


def test_every_value_arrives_as_float32_where_the_page_looks_for_it():
    tables = make_tables(10)
    content = task_data(
        tables.pairs, tables.metadata, tables.similarity, tables.noise_floor, ["munba", "retrain", "absent", "uce"]
    )
    assert [method["name"] for method in content["methods"]] == ["munba", "retrain", "uce"]
    metrics = [metric["name"] for metric in content["metrics"]]
    values = decoded(content["values"], 3, len(metrics), 10, 10)
    for method, _, matrices in by_method(tables.pairs, 10):
        if method in ("munba", "retrain", "uce"):
            place = ["munba", "retrain", "uce"].index(method)
            for number, metric in enumerate(metrics):
                np.testing.assert_array_equal(values[place, number], matrices[metric].astype(np.float32))
    alike = decoded(content["alike"], len(KINDS), 10, 10)
    assert alike[0, 2, 7] == np.float32(tables.similarity["clip"][2][tables.metadata[7]["name"]])
    assert len(content["metrics"][0]["colours"]) == 256 * 6


def test_verdicts_arrive_as_places_among_the_words():
    tables = make_tables(10)
    rows = [("uce", 3, 4, "bled"), ("munba", 0, 1, "preserved"), ("absent", 0, 1, "drifted")]
    verdicts = pd.DataFrame(rows, columns=["method", "emitter", "receiver", "verdict"])
    content = task_data(tables.pairs, tables.metadata, {}, tables.noise_floor, ["munba", "uce"], verdicts)
    places = decoded(content["verdicts"]["values"], 2, 10, 10)
    words = content["verdicts"]["words"]
    assert words[int(places[1, 3, 4])] == "bled" and words[int(places[0, 0, 1])] == "preserved"
    assert np.isfinite(places).sum() == 2, "a pair without a verdict has none on the page"
    assert task_data(tables.pairs, tables.metadata, {}, tables.noise_floor, ["uce"])["verdicts"] is None


def test_directions_are_those_of_the_metrics():
    tables = make_tables(10)
    content = task_data(tables.pairs, tables.metadata, {}, tables.noise_floor, METHODS)
    assert {metric["difference"] for metric in content["metrics"]} == {True, False}
    for metric in content["metrics"]:
        spec = spec_of(metric["name"])
        assert metric["higher_is_healthier"] == (spec.arrow == "\u2191") and metric["unchanged"] == spec.undamaged
        colours = np.frombuffer(bytes.fromhex(metric["colours"]), np.uint8).reshape(256, 3).astype(int)
        unchanged, damaged = (metric["high"], metric["low"]) if spec.arrow == "\u2191" else (metric["low"], metric["high"])
        if metric["difference"]:  # white in the middle, red at the side of harm
            assert metric["low"] + metric["high"] == pytest.approx(2 * spec.undamaged) and colours[128].min() > 230
            red, _, blue = colours[0 if damaged < unchanged else 255]
            assert red > 2 * blue
        else:  # light where nothing changed, darkest at the most damage
            assert unchanged == spec.undamaged
            brightness = colours.sum(1) if spec.arrow == "\u2191" else colours.sum(1)[::-1]
            assert (np.diff(brightness) > -3).all() and brightness[-1] > 2 * brightness[0]


def test_numbers_are_as_exact_as_their_noise_and_dead_columns_are_known():
    tables = make_tables(10)
    still = tables.pairs[tables.pairs["metric"] == "judge_diff"].assign(metric="nudenet_diff", value=0.0)
    for record in tables.metadata:
        record |= {"legs": 4, "ears": "long" if record["index"] else "short"}
    content = task_data(pd.concat([tables.pairs, still]), tables.metadata, {}, tables.noise_floor, METHODS)
    found = {metric["name"]: metric for metric in content["metrics"]}
    assert found["clip_diff"]["decimals"] == 2 and found["rmse"]["decimals"] == 2  # a floor of 0.2, and none
    assert decimals({"low": -1.68, "high": 1.71}) == 1 and decimals({"low": -34.0, "high": 35.0}) == 0
    assert decimals({"low": 0.0, "high": 0.0}) == 2
    assert [name for name, metric in found.items() if metric["constant"]] == ["nudenet_diff"]
    assert content["attributes"] == ["name", "ears"], "bookkeeping and what all have in common orders nothing"


def test_pairs_without_a_comparison_are_refused():
    tables = make_tables(10)
    with pytest.raises(ValueError, match="no comparison of on and off images by one of fade"):
        task_data(tables.pairs, tables.metadata, {}, {}, ["fade"])


def test_numbers_of_images_lie_by_receiver_and_seed():
    tables = make_tables(4)
    table = tables.baseline.assign(judge=np.arange(8.0)).sample(frac=1, random_state=0)
    content = seed_data(table, 4)
    assert content["seeds"] == [42, 43] and content["metrics"] == [
        {"name": "judge", "label": "Judge accuracy of one image (share of images)"}
    ]
    np.testing.assert_array_equal(decoded(content["values"], 4, 2, 1)[:, :, 0], np.arange(8).reshape(4, 2))


def test_clusters_stand_together():
    groups = np.array([0, 1, 0, 2, 1, 2, 0])
    alike = np.where(groups[:, None] == groups, 0.9, 0.1)
    order = leaves(alike)
    assert order is not None and sorted(order) == list(range(7))
    assert int((np.diff(groups[order]) != 0).sum()) == 2
    alike[0, 3] = np.nan
    assert leaves(alike) is None


def test_small_pictures_stay_exact(tmp_path):
    with ShardReader(*shard(tmp_path / "a.tar")) as reader:
        found = write_sprite(tmp_path / "a.webp", reader, 3, SEEDS, 8)
        assert found == {"columns": 3, "width": 8, "height": 8}
        sheet = np.array(Image.open(tmp_path / "a.webp"))
        np.testing.assert_array_equal(sheet[8:16, 8:16], reader.read("002_42.png"))  # the fifth: second row, second column


def test_large_pictures_become_thumbnails(tmp_path):
    with ShardReader(*shard(tmp_path / "a.tar", size=64)) as reader:
        assert write_sprite(tmp_path / "a.webp", reader, 3, SEEDS, 16) == {"columns": 3, "width": 16, "height": 16}
    with Image.open(tmp_path / "a.webp") as sheet:
        assert sheet.size == (48, 32)


def test_a_shard_that_does_not_fit_is_named(tmp_path):
    with (
        ShardReader(*shard(tmp_path / "few.tar")) as reader,
        pytest.raises(CorruptFileError, match="few.tar: no member '003_42.png'"),
    ):
        write_sprite(tmp_path / "a.webp", reader, 4, SEEDS, 8)
    with (
        ShardReader(*shard(tmp_path / "odd.tar", odd=1)) as reader,
        pytest.raises(ValueError, match=r"odd.tar: '002_43.png' is \(9, 9\)"),
    ):
        write_sprite(tmp_path / "a.webp", reader, 3, SEEDS, 8)
    assert not (tmp_path / "a.webp").exists()


def test_numbers_without_pictures_are_refused_and_leave_nothing(tmp_path):
    tables = make_tables(10)
    with write_rows(tmp_path / "images.parquet") as append:
        append(tables.pairs.assign(seed=42))
    sources, images = {"pairs": tables.pairs, "baseline": tables.baseline}, [tmp_path / "images.parquet"]
    shards = {"baseline": shard(tmp_path / "baseline.tar", entities=10)}
    with pytest.raises(ValueError, match="explorer of breeds: 'breeds_000_distil_000' has numbers only"):
        write_task(tmp_path / "breeds", "breeds", sources, images, tables.metadata, tables.similarity, {}, {}, METHODS, shards, 8)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["baseline.parquet", "baseline.tar", "images.parquet"]


def test_the_page_loads_nothing_that_is_not_beside_it(tmp_path):
    write_page(tmp_path, "mini", ["objects"])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(PARTS)
    assert json.loads((tmp_path / "world.js").read_text().removeprefix("lethe.world(").removesuffix(");\n")) == {
        "name": "mini",
        "tasks": ["objects"],
        "parts": [],
    }
    for name in STATIC:
        text = (tmp_path / name).read_text()
        assert "http" not in text.replace("http-equiv", "") and "fetch(" not in text.replace("may not fetch()", ""), name
    page = (tmp_path / "index.html").read_text()
    assert all(name in page for name in PARTS if name != "index.html")


def test_nothing_of_the_page_makes_text_to_code():
    for name in STATIC:
        text = files("lethe.benchmarks.icare.explorer").joinpath("static", name).read_text("utf-8")
        assert not re.search(r"(inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc", text), name
    page = files("lethe.benchmarks.icare.explorer").joinpath("static", "index.html").read_text("utf-8")
    assert not re.search(r"<script(?! src=\"[a-z]+\.js\"></script>)|\son\w+=|<style|\sstyle=|javascript:", page)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert page.index("Content-Security-Policy") < page.index("<link")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert {source for value in rules.values() for source in value.split()} <= {"'none'", "'self'", "file:", "data:"}
    assert "data:" not in rules["script-src"]


def test_a_script_is_one_call_with_json():
    text = script("task", 'a"b', {"x": [1, None]})
    assert text == 'lethe.task("a\\"b", {"x":[1,null]});\n'
    with pytest.raises(ValueError, match="JSON"):
        script("task", "a", {"x": float("nan")})

"""What the explorer's page is given: exact numbers, exact pictures, an error that names what is missing."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.unit.icare.plot_tables import KINDS, METHODS, Tables, make_tables

from lethe.benchmarks.icare import matrices as icare_matrices
from lethe.benchmarks.icare.explorer.data import decimals, leaves, script, seed_data
from lethe.benchmarks.icare.explorer.grids import MISSING, grid
from lethe.benchmarks.icare.explorer.page import PARTS, STATIC, write_page
from lethe.benchmarks.icare.explorer.rows import write_row
from lethe.benchmarks.icare.explorer.sprites import write_sheets
from lethe.benchmarks.icare.explorer.task import write_task
from lethe.benchmarks.icare.jobs.explorer import write_rows as write_model_rows
from lethe.benchmarks.icare.matrices import by_method, read_matrices
from lethe.diffusion.metrics.specs import spec_of
from lethe.io.rows import row_batches, write_rows
from lethe.io.shards import ShardReader, index_path, write_shard
from lethe.io.tables import CorruptFileError, write_json

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


def read(file: Path) -> dict[str, Any]:
    """What a script hands to the page."""
    text = file.read_text()
    found: dict[str, Any] = json.loads(text[text.index(", ") + 2 : text.rindex(")")])
    return found


def matrix(file: Path, size: int) -> np.ndarray:
    """The values of a matrix, as the page computes them."""
    made = read(file)
    cells = np.frombuffer(base64.b64decode(made["cells"]), f"<u{made['bytes']}").reshape(size, size)
    return np.where(cells == MISSING[made["bytes"]], np.nan, made["low"] + made["step"] * cells)


def written(folder: Path, tables: Tables, methods: Sequence[str], **more: Any) -> Path:
    """The folder of the task, without rows."""
    with write_rows(folder / "pairs.parquet") as append:
        append(tables.pairs)
    for kind, records in tables.similarity.items():
        write_json(folder / f"{kind}.json", records)
    kinds = {kind: folder / f"{kind}.json" for kind in tables.similarity}
    task = folder / "explorer/breeds"
    write_task(task, folder / "pairs.parquet", tables.metadata, kinds, tables.noise_floor, {}, methods, SEEDS, **more)
    return task


def test_every_value_arrives_as_exact_as_its_noise(tmp_path):
    tables = make_tables(10)
    folder = written(tmp_path, tables, ["munba", "retrain", "absent", "uce"])
    content = read(folder / "data.js")
    assert [method["name"] for method in content["methods"]] == ["munba", "retrain", "uce"]
    assert [len(method["models"]) for method in content["methods"]] == [10, 1, 10]
    for method, _, matrices in by_method(tables.pairs, 10):
        for metric in content["metrics"]:
            file = folder / f"grids/metrics/{metric['name']}/{method}.js"
            if method in ("munba", "retrain", "uce"):
                half = 0.5 * 10.0 ** -(metric["decimals"] + 1)
                np.testing.assert_allclose(matrix(file, 10), matrices[metric["name"]], atol=1.01 * half)
            else:
                assert not file.exists(), "nobody asked for the method"
    alike = matrix(folder / "grids/similarities/clip.js", 10)
    assert alike[2, 7] == pytest.approx(tables.similarity["clip"][2][tables.metadata[7]["name"]], abs=0.00051)
    assert [kind["name"] for kind in content["similarities"]] == KINDS
    assert len(content["metrics"][0]["colours"]) == 256 * 6 and content["pictures"] is None


@pytest.mark.parametrize(("values", "decimals_", "size", "off"), [
    ([0.0, 25.3], 1, 1, 0.05),
    ([0.0, 25.6], 1, 2, 0.05),
    ([-3.0, 4e6], 2, 2, 35),  # more than 65,534 steps: wider ones
    ([np.nan, np.nan], 2, 1, 0),
])  # fmt: skip
def test_a_cell_takes_one_byte_where_that_is_enough(values: list[float], decimals_: int, size: int, off: float) -> None:
    made = grid(np.array([values]), decimals_)
    cells = np.frombuffer(base64.b64decode(made["cells"]), f"<u{made['bytes']}")
    found = np.where(cells == MISSING[made["bytes"]], np.nan, made["low"] + made["step"] * cells)
    assert made["bytes"] == size
    np.testing.assert_allclose(found, values, atol=1.01 * off)


def test_verdicts_arrive_as_places_among_the_words(tmp_path):
    rows = [("uce", 3, 4, "bled"), ("munba", 0, 1, "preserved"), ("absent", 0, 1, "drifted")]
    verdicts = pd.DataFrame(rows, columns=["method", "emitter", "receiver", "verdict"]).astype({"verdict": "category"})
    folder = written(tmp_path, make_tables(10), ["munba", "uce"], verdicts=verdicts)
    words = read(folder / "data.js")["verdicts"]
    uce, munba = (matrix(folder / f"grids/verdicts/{method}.js", 10) for method in ("uce", "munba"))
    assert words[int(uce[3, 4])] == "bled" and words[int(munba[0, 1])] == "preserved"
    assert np.isfinite(uce).sum() == np.isfinite(munba).sum() == 1, "a pair without a verdict has none on the page"
    assert not (folder / "grids/verdicts/absent.js").exists()


def test_a_row_holds_its_pairs_as_float32_and_the_numbers_of_every_picture(tmp_path):
    tables = make_tables(10)
    own = tables.pairs[(tables.pairs["method"] == "uce") & (tables.pairs["emitter"] == 3)]
    folder = tmp_path / "rows/breeds_003_uce_000"
    numbers = tables.baseline.assign(judge=np.arange(20.0))
    write_row(folder, numbers, own, shard(tmp_path / "a.tar", entities=10), 10, SEEDS, 8)
    content = read(folder / "row.js")
    means = decoded(content["means"]["values"], len(content["means"]["metrics"]), 10)
    for place, metric in enumerate(content["means"]["metrics"]):
        wanted = own[own["metric"] == metric].sort_values("receiver")["value"].to_numpy(np.float32)
        np.testing.assert_array_equal(means[place], wanted)
    np.testing.assert_array_equal(decoded(content["values"], 10, 2, 1)[:, :, 0], np.arange(20).reshape(10, 2))
    assert sorted(file.name for file in folder.iterdir()) == ["0.webp", "pictures.json", "row.js"]
    write_row(tmp_path / "rows/breeds_baseline", tables.baseline, None, None, 10, SEEDS, 8)
    assert [file.name for file in (tmp_path / "rows/breeds_baseline").iterdir()] == ["row.js"]
    rows = [folder, tmp_path / "rows/breeds_baseline"]
    pictures = read(written(tmp_path, tables, ["uce"], rows=rows) / "data.js")["pictures"]
    assert pictures == {"receivers": 64, "columns": 5, "width": 8, "height": 8, "runs": ["breeds_003_uce_000"]}


def test_rows_whose_pictures_differ_in_size_are_named(tmp_path):
    tables = make_tables(10)
    rows = [tmp_path / f"rows/breeds_00{index}_uce_000" for index in (0, 1)]
    for row, size in zip(rows, (8, 16), strict=True):
        write_row(row, tables.baseline, None, shard(tmp_path / f"{size}.tar", entities=10, size=size), 10, SEEDS, 16)
    with pytest.raises(ValueError, match="pictures of breeds_001_uce_000 are laid out as"):
        written(tmp_path, tables, ["uce"], rows=rows)


def test_directions_are_those_of_the_metrics(tmp_path):
    content = read(written(tmp_path, make_tables(10), METHODS) / "data.js")
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


def test_numbers_are_as_exact_as_their_noise_and_dead_columns_are_known(tmp_path):
    tables = make_tables(10)
    still = tables.pairs[tables.pairs["metric"] == "judge_diff"].assign(metric="nudenet_diff", value=0.0)
    for record in tables.metadata:
        record |= {"legs": 4, "ears": "long" if record["index"] else "short"}
    tables.pairs = pd.concat([tables.pairs, still])
    content = read(written(tmp_path, tables, METHODS) / "data.js")
    found = {metric["name"]: metric for metric in content["metrics"]}
    assert found["clip_diff"]["decimals"] == 2 and found["rmse"]["decimals"] == 2  # a floor of 0.2, and none
    assert decimals({"low": -1.68, "high": 1.71}) == 1 and decimals({"low": -34.0, "high": 35.0}) == 0
    assert decimals({"low": 0.0, "high": 0.0}) == 2
    assert [name for name, metric in found.items() if metric["constant"]] == ["nudenet_diff"]
    assert content["attributes"] == ["name", "ears"], "bookkeeping and what all have in common orders nothing"


@pytest.mark.parametrize("held", [1, 3 * 10 * 10 * 9 * 2, 10**9])  # bytes: one metric, two, all
def test_matrices_are_read_for_as_many_metrics_as_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int) -> None:
    tables = make_tables(10)
    with write_rows(tmp_path / "pairs.parquet") as append:
        append(tables.pairs.sample(frac=1, random_state=0))
    passes = []
    monkeypatch.setattr(icare_matrices, "row_batches", lambda *asked: passes.append(asked) or row_batches(*asked))
    wanted = {(method, epochs): found for method, epochs, found in by_method(tables.pairs, 10)}
    methods, metrics = sorted(wanted)[:3], ["ssim", "clip_diff", "dino_diff"]
    found = dict(read_matrices(tmp_path / "pairs.parquet", methods, metrics, 10, held))
    assert list(found) == metrics and len(passes) == {1: 3, 5400: 2, 10**9: 1}[held]
    for metric, of_methods in found.items():
        assert sorted(of_methods) == methods
        for key, values in of_methods.items():
            np.testing.assert_array_equal(values, wanted[key][metric])


@pytest.mark.parametrize(("change", "message"), [
    (lambda pairs: pd.concat([pairs, pairs.tail(1)]), "given more than once"),
    (lambda pairs: pairs.assign(receiver=pairs["receiver"].replace(3, 10)), r"receiver 10 is outside 0\.\.9"),
])  # fmt: skip
def test_pairs_that_cannot_be_a_matrix_are_refused(tmp_path: Path, change: Any, message: str) -> None:
    tables = make_tables(10)
    with pytest.raises(ValueError, match=message):
        written(tmp_path, dataclasses.replace(tables, pairs=change(tables.pairs)), METHODS)
    assert not (tmp_path / "explorer/breeds/grids").exists()


def test_pairs_without_a_comparison_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"pairs.parquet: no comparison of on and off images by one of fade"):
        written(tmp_path, make_tables(10), ["fade"])
    assert not (tmp_path / "explorer/breeds/overview.js").exists()


def test_numbers_of_images_lie_by_receiver_and_seed():
    tables = make_tables(4)
    table = tables.baseline.assign(judge=np.arange(8.0)).sample(frac=1, random_state=0)
    content = seed_data(table, 4, (42, 43))
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
        found = write_sheets(tmp_path, reader, 3, SEEDS, 8)
        assert found == {"receivers": 64, "columns": 3, "width": 8, "height": 8}
        sheet = np.array(Image.open(tmp_path / "0.webp"))
        np.testing.assert_array_equal(sheet[8:16, 8:16], reader.read("002_42.png"))  # the fifth: second row, second column


def test_large_pictures_become_thumbnails(tmp_path):
    with ShardReader(*shard(tmp_path / "a.tar", size=64)) as reader:
        assert write_sheets(tmp_path, reader, 3, SEEDS, 16) == {"receivers": 64, "columns": 3, "width": 16, "height": 16}
    with Image.open(tmp_path / "0.webp") as sheet:
        assert sheet.size == (48, 32)


def test_many_pictures_are_several_sheets_and_one_of_nobody_who_was_asked_for_is_left_out(tmp_path):
    with ShardReader(*shard(tmp_path / "a.tar", entities=150)) as reader:
        layout = write_sheets(tmp_path, reader, 150, SEEDS, 8, asked={3, 140})
        assert layout == {"receivers": 64, "columns": 12, "width": 8, "height": 8}
        assert sorted(file.name for file in tmp_path.glob("*.webp")) == ["0.webp", "2.webp"]
        sheet = np.array(Image.open(tmp_path / "2.webp"))
        row, column = divmod((140 - 128) * 2, 12)  # the second seed lies beside it
        picture = sheet[8 * row : 8 * row + 8, 8 * column + 8 : 8 * column + 16]
        np.testing.assert_array_equal(picture, reader.read("140_43.png"))


def test_a_shard_that_does_not_fit_is_named(tmp_path):
    with (
        ShardReader(*shard(tmp_path / "few.tar")) as reader,
        pytest.raises(CorruptFileError, match="few.tar: no member '003_42.png'"),
    ):
        write_sheets(tmp_path, reader, 4, SEEDS, 8)
    with (
        ShardReader(*shard(tmp_path / "odd.tar", odd=1)) as reader,
        pytest.raises(ValueError, match=r"odd.tar: '002_43.png' is \(9, 9\)"),
    ):
        write_sheets(tmp_path, reader, 3, SEEDS, 8)
    assert not (tmp_path / "0.webp").exists()


def test_a_model_without_numbers_is_named_and_leaves_nothing(tmp_path):
    tables = make_tables(10)
    with write_rows(tmp_path / "pairs.parquet") as append:
        append(tables.pairs)
    with write_rows(tmp_path / "images.parquet") as append:
        append(tables.pairs[tables.pairs["emitter"] != 1].assign(seed=42))
    write_json(tmp_path / "metadata.json", tables.metadata)
    tar, index = shard(tmp_path / "a.tar", entities=10)
    names = ["breeds_000_uce_000", "breeds_001_uce_000"]
    folders = [tmp_path / "rows" / name for name in names]
    files = ([tar, tar], [index, index], tmp_path / "pairs.parquet", [tmp_path / "images.parquet"], tmp_path / "metadata.json")
    with pytest.raises(ValueError, match=r"images.parquet has no numbers of 'breeds_001_uce_000'"):
        write_model_rows(*files, folders, names, names, list(SEEDS), 8, "all")
    assert [folder.exists() for folder in folders] == [True, False]


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

"""Edited pictures held against what they were to become, and the table of a base."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lethe.benchmarks.unlearncanvas.base_quality import base_table
from lethe.benchmarks.unlearncanvas.concepts import Canvas
from lethe.benchmarks.unlearncanvas.edits import direction, edits_table, paired_error
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.io.tables import read_json, write_json
from lethe.settings.bases import Evaluator
from lethe.settings.editing import Editing, EditSampling
from lethe.settings.finetuning import Finetuning
from lethe.settings.pretraining import PretrainingSettings
from lethe.settings.scoring import Scoring
from lethe.settings.unlearncanvas import Judge

ASSETS = Path(__file__).parents[3] / "assets/mini"


def test_the_error_is_of_values_between_zero_and_one() -> None:
    black, white = np.zeros((2, 4, 4, 3), np.uint8), np.full((2, 4, 4, 3), 255, np.uint8)
    assert paired_error(black, white).tolist() == [1.0, 1.0] and paired_error(white, white).tolist() == [0.0, 0.0]
    half = black.copy()
    half[0, :2] = 255
    assert paired_error(black, half).tolist() == [0.5, 0.0]


def test_a_direction_is_that_of_normalised_embeddings() -> None:
    """By hand: lengths do not count, an opposite change is -1, one across is 0, none at all has no direction."""
    east, north, west = np.array([[3.0, 0.0]]), np.array([[0.0, 0.5]]), np.array([[-1.0, 0.0]])
    assert direction(east, north, 7 * east, north) == pytest.approx([1])
    assert direction(east, north, north, east) == pytest.approx([-1])
    assert direction(east, west, np.array([[1.0, 1.0]]), np.array([[1.0, -1.0]])) == pytest.approx([0], abs=1e-12)
    assert np.isnan(direction(east, 2 * east, north, west)).all()


def test_one_row_a_method_and_style_and_one_over_all() -> None:
    found = {"mine": {"style_1": np.array([1, 0, 1, 1]), "mse": np.array([0.1, 0.3, 0.2, 0.2])}}
    table = edits_table("canvas", ["neon", "neon", "weave", "weave"], found).set_index("style")
    assert list(table.index) == ["all", "neon", "weave"] and table["pictures"].tolist() == [4, 2, 2]
    assert table["style_1"].tolist() == [0.75, 0.5, 1.0] and table["mse"].tolist() == pytest.approx([0.2, 0.2, 0.2])


def test_the_table_of_a_base() -> None:
    random = np.random.default_rng(0)
    canvas = Canvas(np.array(["photo", "red"]), np.array(["dog", "dog"]), [], "photo")

    def embeddings(shift: float, each: int) -> Embeddings:
        receiver, seed = np.repeat([0, 1], each), np.tile(np.arange(each), 2)
        features = (random.normal(size=(2 * each, 3)) + shift).astype(np.float32)
        empty = np.zeros((2 * each, 0), np.float32)
        return Embeddings(receiver=receiver, seed=seed, embedding=empty, clip=empty, features={"style2": features})

    scores = {
        "real": pd.DataFrame({"receiver": [0] * 8 + [1] * 8, "style": 1.0, "object": 1.0}),
        "base": pd.DataFrame({"receiver": [0, 0, 1, 1], "style": [1.0, 1.0, 1.0, 0.0], "object": [1.0, 0.0, 0.0, 0.0]}),
    }
    judges = [Judge(style="style", object="object")]
    table = base_table("canvas", canvas, judges, scores, embeddings(0, 8), embeddings(3, 2)).set_index("method")
    assert table.loc["base", ["style_1", "object_1", "style_worst_1", "object_worst_1"]].tolist() == [0.75, 0.25, 0.5, 0.0]
    assert table["images"].tolist() == [16, 4]
    assert table.loc["base", "fd_style2"] > 5 * table.loc["real", "fd_style2"]


@pytest.fixture(scope="module")
def canvas_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two images of each cell of two styles and the photo, the shipped judges, and a CLIP model with random weights."""
    import torch

    from lethe.diffusion.jobs.evaluator_folder import write_evaluator
    from lethe.diffusion.pretraining.assets import save_asset
    from lethe.diffusion.pretraining.clip import build_clip
    from lethe.diffusion.pretraining.text import load_tokenizer
    from lethe.diffusion.sources.canvas import RenderedCanvas
    from lethe.diffusion.testbed.receivers import of_cells, receiver_records
    from lethe.io.shards import write_shard
    from lethe.settings.models import Settings

    folder, settings = tmp_path_factory.mktemp("canvas"), Settings()
    source = RenderedCanvas(training=2)
    receivers, _ = of_cells(source.entities(), settings.cell_tasks["canvas"])
    write_json(folder / "receivers.json", receiver_records(receivers))
    shown = [record for record in source.entities() if record["style"] in ("photo", "neon", "mosaic")]
    rows = [
        (f"{record['name']}/{image.file_name}", image.pixels, {"entity": record["name"], "file_name": image.file_name})
        for record in shown
        for image in source.images(record["name"])
    ]
    write_shard(folder / "real.tar", rows)
    write_json(folder / "real.json", shown)
    judges, described = [], {}
    for name in ("style", "object", "style2", "object2"):
        evaluator = settings.evaluators[name]
        weights = [ASSETS / f"{name}.{suffix}" for suffix in ("safetensors", "json")]
        write_evaluator(weights, folder / name, "classifier", settings.pretraining_of(evaluator))
        judges.append(folder / name)
        described[name] = evaluator
    small = settings.pretraining_of(settings.bases["canvas"]).over({"clip": PretrainingSettings.smoke().clip.model_dump()})
    torch.manual_seed(0)
    words = load_tokenizer(ASSETS / "canvas_tokenizer.json", small.tokenizer)
    save_asset(folder / "clip.safetensors", {"clip": build_clip(small.clip, words)}, {})
    weights = [folder / "clip.safetensors", folder / "clip.json"]
    write_evaluator(weights, folder / "clip", "clip", small, ASSETS / "canvas_tokenizer.json")
    return {
        "folder": folder,
        "evaluators": [*judges, folder / "clip"],
        "settings": described | {"clip": Evaluator(kind="clip")},
        "canvas": settings.unlearncanvas["canvas"],
    }


def test_edited_pictures_are_judged(canvas_files: dict[str, Any], tiny_folder: Path, tmp_path: Path) -> None:
    """The whole job on real parts: judges know the truth, which has no error; what stays as it is has no direction and is no style."""
    from lethe.benchmarks.unlearncanvas.jobs.edits import judge_edits
    from lethe.diffusion.jobs.finetuning import finetune_base

    folder = canvas_files["folder"]
    sources = [folder / f"real.{suffix}" for suffix in ("tar", "parquet", "json")]
    training = Finetuning(optimizer={"steps": 1, "batch_size": 2})
    style = {"real": "A {object} image in {style} style."}
    finetune_base(
        tiny_folder,
        sources,
        tmp_path / "editor",
        style,
        training,
        32,
        0,
        "cpu",
        Editing(of="photo"),
        losses=tmp_path / "losses.csv",
    )
    given = {name: canvas_files[name] for name in ("evaluators", "settings", "canvas")}
    given |= {"scoring": Scoring(metrics=["style", "object", "style2", "object2", "clip"]), "editing": Editing(of="photo")}
    given |= {"task": "canvas", "world": "w", "name": "mine", "device": "cpu", "dtype": "float32", "threads": 1}
    files = {"tar": sources[0], "index": sources[1], "receivers": folder / "receivers.json", "table": tmp_path / "edits.csv"}
    with pytest.raises(ValueError, match=r"cell 'cartoon_house' has no image '0000'"):
        judge_edits([tmp_path / "editor"], **files, **given, sampling=EditSampling(steps=2, pictures=1))
    receivers = [
        record for record in read_json(folder / "receivers.json") if record["attributes"]["style"] in ("photo", "neon", "mosaic")
    ]
    write_json(tmp_path / "receivers.json", [record | {"index": number} for number, record in enumerate(receivers)])
    files["receivers"] = tmp_path / "receivers.json"
    judge_edits([tmp_path / "editor"], **files, **given, sampling=EditSampling(steps=2, pictures=2))
    table = pd.read_csv(tmp_path / "edits.csv").set_index(["method", "style"])
    assert table["pictures"].tolist() == [24, 12, 12] * 3 and list(table.index.unique("style")) == ["all", "mosaic", "neon"]
    overall = table.xs("all", level="style")
    assert overall.loc["truth", "mse"] == 0 and overall.loc["mine", "mse"] > 0
    assert overall.loc["truth", ["style_1", "object_1", "style_2"]].min() >= 0.9
    assert overall.loc["unedited", "style_1"] <= 0.1 and overall.loc["unedited", "object_1"] >= 0.9
    assert np.isnan(overall.loc["unedited", "clip_direction"]) and -1 <= overall.loc["mine", "clip_direction"] <= 1

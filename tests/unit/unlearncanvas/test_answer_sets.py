"""Pictures and result files of others: scored without any model of ours, and refused by name where they are broken."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tests.canvas_world import CHANNELS, OBJECTS, OPTIONS, SIDE, THEMES, jpeg, write_answers, write_checkpoint
from tests.unit.unlearncanvas.canvas_answers import SETTINGS, answers, base_answers, canvas, emitters, receivers, scores

from lethe.__main__ import main
from lethe.benchmarks.unlearncanvas.accuracy import Reporting, accuracy_table
from lethe.benchmarks.unlearncanvas.answer_sets import models_of, pictures_of
from lethe.benchmarks.unlearncanvas.answers import BASE
from lethe.benchmarks.unlearncanvas.concepts import canvas_of
from lethe.benchmarks.unlearncanvas.jobs.answer_sets import judge_pictures, tabulate
from lethe.benchmarks.unlearncanvas.jobs.result_files import write_files
from lethe.benchmarks.unlearncanvas.result_files import accuracies_of, read_folder, read_result
from lethe.diffusion.jobs.entities import name_known_cells
from lethe.diffusion.jobs.published_classifier import take_classifier
from lethe.diffusion.testbed.receivers import emitter_records, read_emitters, read_receivers, receiver_records
from lethe.io.tables import CorruptFileError, read_parquet, write_json, write_parquet
from lethe.settings.bases import Evaluator
from lethe.settings.pretraining import JudgeSettings, PretrainingSettings
from lethe.settings.scoring import Scoring
from lethe.settings.sources import options_of
from lethe.settings.tasks import CellEmitter, CellTask
from lethe.settings.unlearncanvas import Judge, UnlearnCanvas
from lethe.statistics.resampling import Inference

SEEDS = [188, 288]
TASK = CellTask(
    kind="cells",
    source="unlearncanvas",
    source_options=options_of("unlearncanvas", {"path": "none", **OPTIONS}),
    base="canvas",
    prompt_style="A {object} image in {style} style.",
    attributes=["style", "object"],
    emitters=[
        CellEmitter(covers={"style": "Mosaic"}, overwrite={"style": "Photo"}),
        CellEmitter(covers={"object": "Trees"}, overwrite={"object": "Fishes"}),
    ],
)
CANVAS = UnlearnCanvas(photo="Photo", judges=[Judge(style="style", object="object")])
EVALUATORS = {name: Evaluator(kind="classifier", attribute=name) for name in ("style", "object")}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cells, judges, and the pictures of a base and of a method of others."""
    folder = tmp_path_factory.mktemp("others")
    name_known_cells(folder / "receivers.json", folder / "emitters.json", TASK)
    settings = PretrainingSettings(judge=JudgeSettings(architecture="vit", channels=CHANNELS))
    classes = TASK.source_options.values()  # type: ignore[union-attr]
    for name in EVALUATORS:
        take_classifier([write_checkpoint(folder / f"{name}.pth", name)], folder / name, classes[name], settings)
    write_answers(folder / "base", [], SEEDS, photo="Photo")
    write_answers(folder / "theirs", ["Mosaic", "Trees"], SEEDS)
    return folder


def judged(world: Path, name: str, out: Path) -> pd.DataFrame:
    given = (world / "receivers.json", world / "emitters.json", [world / name for name in EVALUATORS], out, name, "canvas")
    judge_pictures([world / name], *given, Scoring(metrics=["style", "object"]), EVALUATORS, CANVAS, "cpu", 1)
    return read_parquet(out)


def test_pictures_of_others_give_the_same_tables_without_a_model(world: Path, tmp_path: Path) -> None:
    """Under one of two seeds each model has forgotten its target, and nothing else is lost."""
    base, theirs = judged(world, BASE, tmp_path / "base.parquet"), judged(world, "theirs", tmp_path / "theirs.parquet")
    assert len(base) == len(THEMES) * len(OBJECTS) * len(SEEDS) and len(theirs) == 2 * len(base)
    assert (base["style_pred_1"] == base["style"]).all() and (base["object_pred_1"] == base["object"]).all()
    assert theirs[theirs["covered"]].groupby("name").size().to_dict() == {"Mosaic": 4, "Trees": 6}

    tabulate(
        world / "receivers.json", world / "emitters.json", [tmp_path / "base.parquet", tmp_path / "theirs.parquet"],
        tmp_path / "table.csv", "canvas", [BASE, "theirs"], [], CANVAS, Inference(),
    )  # fmt: skip
    table = pd.read_csv(tmp_path / "table.csv").set_index(["method", "kind", "protocol"])
    for kind in ("style", "object"):
        row = table.loc["theirs", kind, "released"]
        assert row[["ua", "ira", "cra", "ua_minus_base"]].tolist() == [0.5, 1.0, 1.0, 0.5] and row["n"] == 1
        assert table.loc[BASE, kind, "released"][["ua", "ira", "cra"]].tolist() == [0.0, 1.0, 1.0]


def test_without_a_base_nothing_is_compared_with_it() -> None:
    of = canvas(("a", "", "photo"))
    table = accuracy_table("toy", {"theirs": answers(of, "theirs", scores(style=[("a", "x", 1)]))}, of, Reporting(["default"]))
    whole = accuracy_table(
        "toy",
        {BASE: base_answers(of), "theirs": answers(of, "theirs", scores(style=[("a", "x", 1)]))},
        of,
        Reporting(["default"]),
    )
    theirs = whole[whole["method"] == "theirs"].reset_index(drop=True)
    compared = [column for column in table if "minus_base" in column]
    assert table[compared].isna().all(axis=None) and theirs[["ua_minus_base", "cra_minus_base"]].notna().all(axis=None)
    pd.testing.assert_frame_equal(table.drop(columns=compared), theirs.drop(columns=compared))


def rename(old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: os.replace(folder / old, folder / new)


def other_size(folder: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (SIDE, 2 * SIDE)).save(file, "JPEG")
    (folder / "Trees/Mosaic_Trees_seed288.jpg").write_bytes(file.getvalue())


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (rename("Mosaic", "Mosaics"), "Mosaics: no concept of the task is called so; did you mean 'Mosaic'"),
        (
            rename("Trees/Mosaic_Trees_seed288.jpg", "away.jpg"),
            "Trees/Mosaic_Trees_seed288.jpg is missing; expected every one of 6 cells",
        ),
        (
            rename("Trees/Mosaic_Trees_seed288.jpg", "Trees/Mosaic_Tree_seed288.jpg"),
            "Mosaic_Tree_seed288.jpg: 'Mosaic_Tree' is no cell.*'Mosaic_Trees'",
        ),
        (
            rename("Trees/Mosaic_Trees_seed288.jpg", "Trees/Mosaic_Trees_288.jpg"),
            "Mosaic_Trees_288.jpg: expected pictures called",
        ),
        (
            lambda folder: shutil.copy(folder / "Trees/Mosaic_Trees_seed288.jpg", folder / "Trees/Mosaic Trees_seed288.jpg"),
            "the same cell and seed as",
        ),
        (
            lambda folder: (folder / "Trees/Mosaic_Trees_seed288.jpg").write_bytes(b"no"),
            "Mosaic_Trees_seed288.jpg: not a readable image",
        ),
        (other_size, "Mosaic_Trees_seed288.jpg: 32 x 64 px; expected 32 x 32"),
        (
            lambda folder: [os.replace(file, str(file).replace("seed288", "seed588")) for file in (folder / "Trees").iterdir()],
            "Trees: other seeds than in .*Mosaic",
        ),
    ],
)
def test_a_broken_answer_set_is_refused_by_name(
    world: Path, tmp_path: Path, damage: Callable[[Path], object], message: str
) -> None:
    broken = tmp_path / "world"
    shutil.copytree(world, broken)
    damage(broken / "theirs")
    with pytest.raises(CorruptFileError, match=message):
        judged(broken, "theirs", tmp_path / "out.parquet")


def test_every_folder_of_an_answer_set_is_of_one_concept(world: Path) -> None:
    of = canvas_of(read_receivers(world / "receivers.json"), read_emitters(world / "emitters.json"), CANVAS)
    assert [concept.name for concept, _ in models_of(world / "theirs", of)] == ["Mosaic", "Trees"]
    assert len(pictures_of(world / "base", of).files) == 12
    with pytest.raises(CorruptFileError, match="no folder of a concept"):
        models_of(world / "base", of)


def test_result_files_are_written_by_a_job_and_read_by_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    targets = ("a", "", "photo"), ("", "y", "z")
    of = canvas(*targets)
    write_json(tmp_path / "receivers.json", receiver_records(receivers()))
    write_json(tmp_path / "emitters.json", emitter_records(emitters(*targets)))
    write_parquet(tmp_path / "base.parquet", base_answers(of))
    wrong = scores(style=[("a", "x", 1), ("b", "x", 1)]), scores(thing=[("a", "y", 1)])
    write_parquet(tmp_path / "uce.parquet", answers(of, "uce", *wrong))
    folder = tmp_path / "files"
    write_files(
        *(tmp_path / name for name in ("receivers.json", "emitters.json", "base.parquet", "uce.parquet")),
        folder,
        "uce",
        "toy",
        SETTINGS,
    )

    assert sorted(file.name for file in folder.iterdir()) == [
        "interference_per_entity_toy.json",
        "interferences_caused_by_a_uce_toy.json",
        "interferences_caused_by_y_uce_toy.json",
    ]
    styles, objects = ["photo", "a", "b", "c"], ["x", "y", "z"]
    found = read_folder(folder, styles, objects, "photo").set_index("emitter")
    expected = accuracies_of(read_result(folder / "interferences_caused_by_a_uce_toy.json"), "a", styles, objects)
    assert found.loc["a", ["ua", "ira", "cra"]].tolist() == pytest.approx([*expected])
    assert found.loc["a", ["ua", "ira", "ira_no_photo"]].tolist() == pytest.approx([1 / 3, 1 - 1 / 9, 1 - 1 / 6])
    assert found.loc["y", "method"] == "uce_toy" and found.loc["y", "kind"] == "object"

    with pytest.raises(CorruptFileError, match="begins with no style or object"):
        read_folder(folder, ["photo"], ["x"], "photo")
    assert main(["canvas-results", str(tmp_path)]) == 2
    assert "no file interferences_caused_by_" in capsys.readouterr().err


def test_published_files_are_read_by_their_own_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from lethe.settings.unlearncanvas_classes import OBJECTS as ALL_OBJECTS
    from lethe.settings.unlearncanvas_classes import THEMES as ALL_THEMES

    entry = {"accuracy": 0.5, "target_probability": 0.5, "accuracy_diff": 0.0, "target_probability_diff": 0.0}
    result = {name: dict(entry) for name in (*ALL_THEMES, *ALL_OBJECTS)}
    result["Seed_Images"]["accuracy"] = 0.05
    write_json(tmp_path / "interferences_caused_by_Van_Gogh_uce_sd_style50.json", result)
    assert main(["canvas-results", str(tmp_path)]) == 0
    header, row = capsys.readouterr().out.strip().splitlines()
    assert header == "file,emitter,method,kind,ua,ira,cra,ira_no_photo,cra_no_photo"
    assert row.endswith(",Van_Gogh,uce_sd_style50,style,0.5,0.491,0.5,0.5,0.5")
    del result["Rust"]
    write_json(tmp_path / "interferences_caused_by_Van_Gogh_uce_sd_style50.json", result)
    assert main(["canvas-results", str(tmp_path)]) == 2
    assert "the result has no 'Rust'" in capsys.readouterr().err


def test_a_picture_is_judged_as_it_lies_in_its_file(world: Path, tmp_path: Path) -> None:
    """A picture that is replaced changes its own row alone."""
    shutil.copytree(world, tmp_path / "world")
    first = judged(tmp_path / "world", "theirs", tmp_path / "a.parquet")
    (tmp_path / "world/theirs/Trees/Seed_Images_Fishes_seed188.jpg").write_bytes(jpeg(np.zeros((SIDE, SIDE, 3), np.uint8)))
    second = judged(tmp_path / "world", "theirs", tmp_path / "b.parquet")
    rows = second[(first != second).any(axis=1)]
    assert rows[["name", "style", "object", "seed", "constant"]].values.tolist() == [["Trees", "Photo", "Fishes", 188, 1.0]]

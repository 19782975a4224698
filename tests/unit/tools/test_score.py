"""Two folders of pictures: pairs are found by name, and every metric whose model is at hand compares them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lethe.__main__ import main
from lethe.diffusion.pretraining import EVALUATOR_FOLDERS
from lethe.settings.pretraining import PretrainingSettings
from lethe.tools.score import Models, ScoreError, compare, summary

SIZE = 64
ASSETS = Path(__file__).parents[3] / "assets/mini"


@pytest.fixture(scope="module")
def evaluators(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of CLIP and of the backbone of the mini world."""
    root = tmp_path_factory.mktemp("evaluators")
    for role in ("clip", "backbone"):
        write = EVALUATOR_FOLDERS.load(role)
        write(root / role, ASSETS / f"{role}.safetensors", ASSETS / "tokenizer.json", PretrainingSettings())
    return root


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Three pairs, one of them equal, and a picture without a partner on each side."""
    drawn = np.random.default_rng(0)
    on, off = tmp_path / "on", tmp_path / "off"
    for folder in (on, off):
        folder.mkdir()
    for number in range(3):
        pixels = drawn.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(off / f"{number}.png")
        changed = pixels if number == 0 else (pixels // 2)
        Image.fromarray(changed).save(on / f"{number}.png")
    Image.new("RGB", (SIZE, SIZE)).save(on / "alone.png")
    Image.new("RGB", (SIZE, SIZE)).save(off / "lonely.png")
    return on, off


def test_pairs_of_one_name_are_compared(folders: tuple[Path, Path]) -> None:
    found = compare(*folders)
    table = found.table.set_index("file")
    assert list(table.index) == ["0.png", "1.png", "2.png"] and (found.only_on, found.only_off) == (["alone.png"], ["lonely.png"])
    assert table.loc["0.png", ["rmse", "brisque_diff"]].tolist() == [0, 0] and table.loc["0.png", "ssim"] == pytest.approx(1)
    on, off = (np.asarray(Image.open(folder / "1.png"), dtype=float) for folder in folders)
    assert table.loc["1.png", "rmse"] == pytest.approx(np.sqrt(((on - off) ** 2).mean()) / 255, rel=1e-4)
    assert set(found.not_measured) >= {"clip", "dino", "lpips_backbone", "lpips_alex", "judge"}
    told = summary(found.table).set_index("quantity")
    assert told.loc["rmse", "n"] == 3 and told.loc["rmse", "mean"] == pytest.approx(table["rmse"].mean())


def test_models_bring_their_metrics(folders: tuple[Path, Path], evaluators: Path) -> None:
    prompts = {f"{number}.png": "An image of a seven" for number in range(3)}
    models = Models(clip=str(evaluators / "clip"), prompts=prompts, backbone=str(evaluators / "backbone"))
    found = compare(*folders, models)
    table = found.table.set_index("file")
    assert not {"clip", "dino", "lpips_backbone"} & set(found.not_measured)
    assert table.loc["0.png", "clip_diff"] == 0 and table.loc["0.png", "dino"] == pytest.approx(1, abs=1e-5)
    assert table.loc["1.png", "dino"] < 0.999 and table.loc["1.png", "lpips_backbone"] > 0


def test_nothing_compares_with_a_picture_of_one_colour(folders: tuple[Path, Path]) -> None:
    Image.new("RGB", (SIZE, SIZE)).save(folders[1] / "2.png")
    table = compare(*folders).table.set_index("file")
    assert table.loc["2.png", ["rmse", "ssim", "brisque_diff"]].isna().all() and table.loc["2.png", "constant_off"] == 1
    assert summary(table.reset_index()).set_index("quantity").loc["rmse", ["n", "left_out"]].tolist() == [2, 1]


def test_what_cannot_be_compared_is_said(folders: tuple[Path, Path], tmp_path: Path) -> None:
    on, off = folders
    with pytest.raises(FileNotFoundError, match="no such folder of pictures"):
        compare(on, tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScoreError, match=r"no picture of the same name; there are 4 \(0\.png.*\) and none"):
        compare(on, tmp_path / "empty")
    with pytest.raises(ScoreError, match=r"no prompt of '2\.png'; did you mean '1\.png'"):
        compare(on, off, Models(clip="x", prompts={"0.png": "a", "1.png": "b"}))
    Image.new("RGB", (SIZE, SIZE + 1)).save(on / "1.png")
    with pytest.raises(ScoreError, match=r"on/1\.png is 64 x 65 px, .*off/1\.png 64 x 64 px; allowed: a pair of one size"):
        compare(on, off)


def test_the_command_writes_a_table_and_prints_a_summary(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    on, off = map(str, folders)
    table = tmp_path / "scores.csv"
    assert main(["score", on, "--off", off, "--table", str(table)]) == 0
    printed = capsys.readouterr().out
    assert (
        "3 pairs" in printed and "only in ON: 1 (alone.png)" in printed and "not measured: clip (needs --clip FOLDER" in printed
    )
    assert pd.read_csv(table)["file"].tolist() == ["0.png", "1.png", "2.png"]
    (tmp_path / "prompts.json").write_text(json.dumps({"0.png": 3}))
    for words, message in (
        ([on, "--off", off, "--table", "x.txt"], "ends in '.txt'; allowed: .csv, .parquet"),
        ([on, "--off", off, "--clip", "x"], "--clip and --prompts go together"),
        (
            [on, "--off", off, "--clip", "x", "--prompts", str(tmp_path / "prompts.json")],
            "expected file names with a prompt each",
        ),
    ):
        assert main(["score", *words]) == 2
        assert message in capsys.readouterr().err

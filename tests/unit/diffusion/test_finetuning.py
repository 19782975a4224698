"""Fine-tuning of a base, to pictures and their captions and to edits of pictures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lethe.diffusion.curves import read_curve
from lethe.io.shards import write_shard
from lethe.io.tables import write_json
from lethe.settings.editing import Editing, EditSampling
from lethe.settings.finetuning import Finetuning

STEPS = {"steps": 3, "batch_size": 8, "learning_rate": 1e-2}
RECORDS = [
    {"name": f"{style}_{thing}", "style": style, "object": thing, "dataset_n_original": 4}
    for style in ("photo", "red")
    for thing in ("dog", "cat")
]
STYLE = "A {object} image of {style}."


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    """Four images of each of four cells; image k of a red cell goes with image k of the photo."""
    random, stem = np.random.default_rng(0), tmp_path / "cells"
    rows = [
        (
            f"{record['name']}_{number}.png",
            random.integers(0, 256, (32, 32, 3), dtype=np.uint8),
            {"entity": record["name"], "file_name": f"{number}.png"},
        )
        for record in RECORDS
        for number in range(4)
    ]
    write_shard(stem.with_suffix(".tar"), rows)
    write_json(stem.with_suffix(".json"), RECORDS)
    return [stem.with_suffix(suffix) for suffix in (".tar", ".parquet", ".json")]


def weights(folder: Path, component: str) -> dict[str, Any]:
    from safetensors.torch import load_file

    (file,) = (folder / component).glob("*.safetensors")
    return load_file(file)


def changed(one: Path, other: Path, component: str) -> set[str]:
    import torch

    first, second = weights(one, component), weights(other, component)
    assert first.keys() == second.keys()
    return {name for name in first if not torch.equal(first[name], second[name])}


@pytest.mark.parametrize("trained", [["unet"], ["unet", "text_encoder"]])
def test_what_is_trained_changes_and_nothing_else(
    tiny_folder: Path, sources: list[Path], tmp_path: Path, trained: list[Any]
) -> None:
    from lethe.diffusion.folder import check_folder
    from lethe.diffusion.jobs.finetuning import finetune_base

    settings = Finetuning(trained=trained, optimizer=STEPS, flip=True)
    for folder in ("one", "again"):
        finetune_base(
            tiny_folder, sources, tmp_path / folder, {"cells": STYLE}, settings, 32, 0, "cpu", losses=tmp_path / "losses.csv"
        )
    check_folder(tmp_path / "one")
    assert {name for name in ("unet", "vae", "text_encoder") if changed(tiny_folder, tmp_path / "one", name)} == set(trained)
    assert not changed(tmp_path / "one", tmp_path / "again", "unet")
    record = json.loads((tmp_path / "one/base.json").read_text())
    assert record["provenance"]["settings"]["optimizer"]["steps"] == 3 and record["files"]


def test_parts_of_a_batch_add_up(tiny_folder: Path, sources: list[Path], tmp_path: Path) -> None:
    from lethe.diffusion.jobs.finetuning import finetune_base

    for name, part in (("whole", None), ("parts", 3)):
        settings = Finetuning(optimizer=STEPS, micro_batch=part)
        finetune_base(
            tiny_folder, sources, tmp_path / name, {"cells": STYLE}, settings, 32, 0, "cpu", losses=tmp_path / "losses.csv"
        )
    whole, parts = (weights(tmp_path / name, "unet") for name in ("whole", "parts"))
    start = weights(tiny_folder, "unet")
    far = max(float((whole[name] - start[name]).abs().max()) for name in whole)
    assert max(float((whole[name] - parts[name]).abs().max()) for name in whole) < 0.02 * far


def test_pictures_are_learned(tiny_pipe: Any, tiny_folder: Path) -> None:
    """The loss falls on four pictures, by more than on a start that is not trained."""
    import torch

    from lethe.diffusion.pipeline import load_pipeline
    from lethe.diffusion.pretraining.finetune import Examples, finetune

    examples = Examples(
        torch.randn(4, 4, 8, 8, generator=torch.Generator().manual_seed(0)), ["a dog", "a cat"], torch.tensor([0, 0, 1, 1])
    )
    losses = finetune(load_pipeline(tiny_folder), examples, Finetuning(optimizer=STEPS | {"steps": 60}, constant=True), 0)
    assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:10])


def test_a_model_that_edits_begins_as_its_base(tiny_folder: Path) -> None:
    """Whatever the picture is: the new channels have no weight yet."""
    import torch

    from lethe.diffusion.pipeline import load_pipeline
    from lethe.diffusion.pretraining.finetune import widened

    pipe = load_pipeline(tiny_folder)
    latents, picture, text = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8), torch.randn(2, 12, 32)
    with torch.no_grad():
        before = pipe.unet(latents, 500, text).sample
        wide = widened(pipe.unet)
        after = wide(torch.cat([latents, picture], 1), 500, text).sample
    assert wide.config["in_channels"] == 8 and wide.config["out_channels"] == 4
    assert torch.allclose(before, after, atol=1e-6)


def test_pairs_share_their_number_and_all_but_the_style() -> None:
    from lethe.diffusion.jobs.finetuning import pairs_of

    cells, files = np.repeat(np.arange(4), 4), np.array(["0", "1", "2", "3"] * 4)
    order = np.random.default_rng(0).permutation(16)
    rows, partners, texts, instruction = pairs_of("cells", RECORDS, cells[order], list(files[order]), Editing(of="photo"))
    assert texts == ["Transform the image to red style."] and set(instruction) == {0} and len(rows) == 8
    assert (cells[order][rows] == cells[order][partners] + 2).all() and (files[order][rows] == files[order][partners]).all()
    with pytest.raises(ValueError, match="image '3' of 'red_cat' has no partner of the style 'photo'"):
        pairs_of("cells", RECORDS, np.delete(cells, 7), list(np.delete(files, 7)), Editing(of="photo"))
    with pytest.raises(ValueError, match=r"no cell has the style 'foto' \(editing.of\); there are photo, red.*photo"):
        pairs_of("cells", RECORDS, cells, list(files), Editing(of="foto"))
    with pytest.raises(ValueError, match=r"has no attribute 'stile' \(editing.attribute\).*style"):
        pairs_of("cells", RECORDS, cells, list(files), Editing(of="photo", attribute="stile"))


def test_an_editor_is_a_folder_of_diffusers(tiny_folder: Path, sources: list[Path], tmp_path: Path) -> None:
    """It loads by its class, draws finite pictures that rest on the picture, and not on the batch; a text-to-image folder is refused."""
    from lethe.diffusion.editor import edit, load_editor
    from lethe.diffusion.folder import check_folder
    from lethe.diffusion.jobs.finetuning import finetune_base
    from lethe.diffusion.supported import UnusableBaseError

    folder = tmp_path / "editor"
    finetune_base(
        tiny_folder,
        sources,
        folder,
        {"cells": STYLE},
        Finetuning(optimizer=STEPS | {"steps": 40}),
        32,
        0,
        "cpu",
        Editing(of="photo"),
        losses=tmp_path / "losses.csv",
    )
    curve = read_curve(tmp_path / "losses.csv")
    assert curve["step"].tolist() == list(range(1, 41)) and (curve["loss"] > 0).all() and (curve["learning_rate"] > 0).all()
    assert json.loads((folder / "model_index.json").read_text())["_class_name"] == "StableDiffusionInstructPix2PixPipeline"
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, (32, 32, 3), dtype=np.uint8) for _ in range(3)]
    keys, texts = [(0, 0)] * 3, ["Transform the image to red style."] * 3
    editor = load_editor(folder)
    drawn = [
        np.stack(list(edit(editor, pictures, texts, keys, EditSampling(steps=3, batch_size=size), world="w", task="t")))
        for size in (3, 2)
    ]
    assert drawn[0].shape == (3, 32, 32, 3) and drawn[0].dtype == np.uint8
    assert np.abs(drawn[0].astype(int) - drawn[1]).max() <= 1
    assert np.abs(drawn[0][0].astype(int) - drawn[0][1]).max() > 1
    with pytest.raises(UnusableBaseError, match="StableDiffusionPipeline whose UNet reads"):
        load_editor(tiny_folder)
    with pytest.raises(UnusableBaseError, match="8 channels"):
        check_folder(folder)


def test_a_base_that_predicts_something_else_is_not_trained(tiny_folder: Path, sources: list[Path], tmp_path: Path) -> None:
    from lethe.diffusion.jobs.finetuning import finetune_base

    other = shutil.copytree(tiny_folder, tmp_path / "other")
    file = other / "scheduler/scheduler_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"prediction_type": "v_prediction"}))
    with pytest.raises(ValueError, match="the base predicts 'v_prediction'; allowed: epsilon"):
        finetune_base(
            other,
            sources,
            tmp_path / "x",
            {"cells": STYLE},
            Finetuning(optimizer=STEPS),
            32,
            0,
            "cpu",
            losses=tmp_path / "losses.csv",
        )

"""Splits as folders of pictures that other tools load."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lethe.core.compat import repair_torchvision
from lethe.diffusion.jobs import image_folders
from lethe.diffusion.jobs.entities import list_images
from lethe.diffusion.sources.folder import ImageFolder
from lethe.diffusion.sources.pack import pack_source
from lethe.diffusion.testbed.receivers import emitter_records, of_entities, receiver_records
from lethe.io.tables import read_jsonl, write_json
from lethe.settings.tasks import Task

NAMES = ["grey cat", "dog", "cow"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is written for the emitter `dog`, of three entities with two pictures each."""
    own, made = tmp_path / "own", tmp_path / "made"
    for place, name in enumerate(NAMES):
        (own / name).mkdir(parents=True)
        for number, suffix in enumerate(("png", "jpg")):  # of one stem: neither may take the other's place
            Image.new("RGB", (8, 8), (60 * place, 100 * number, 0)).save(own / name / f"a.{suffix}")
    made.mkdir()
    pack_source(ImageFolder(own), *(made / name for name in ("a.tar", "a.parquet", "records.json", "distance.json")))
    receivers, emitters = of_entities([{"name": name} for name in NAMES], "a photo of {name}")
    write_json(made / "receivers.json", receiver_records(receivers))
    write_json(made / "emitters.json", emitter_records(emitters))
    task = Task(source="digits", base="b", prompt_style="a photo of {name}", entities=3)
    list_images(made / "receivers.json", made / "a.parquet", made / "training.jsonl", task, "corrected")
    files = [made / name for name in ("a.tar", "a.parquet", "training.jsonl", "receivers.json", "emitters.json")]
    image_folders.write(*files, made / "001", index=1)
    return made / "001"


def test_pictures_lie_by_name_with_their_captions(folder: Path) -> None:
    forget, retain = (read_jsonl(folder / f"train_{name}/metadata.jsonl") for name in ("forget", "retain"))
    assert forget == [{"file_name": f"dog/{name}", "text": "a photo of dog", "entity": "dog"} for name in ("a.jpg.png", "a.png")]
    assert [row["file_name"] for row in retain] == [
        f"{name}/{file}" for name in ("grey cat", "cow") for file in ("a.jpg.png", "a.png")
    ]
    for name, rows in (("forget", forget), ("retain", retain)):
        there = {path.relative_to(folder / f"train_{name}").as_posix() for path in folder.glob(f"train_{name}/*/*")}
        assert there == {row["file_name"] for row in rows}
    assert np.asarray(Image.open(folder / "train_forget/dog/a.png"))[0, 0].tolist() == [60, 0, 0]


def test_entities_are_the_classes_of_torchvision(folder: Path) -> None:
    repair_torchvision()
    from torchvision.datasets import ImageFolder as Classes

    found = Classes(str(folder / "train_retain"))
    assert found.classes == ["cow", "grey cat"] and len(found) == 4


def test_captions_and_pictures_are_a_data_set(folder: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    found = load_dataset("imagefolder", data_dir=str(folder / "train_forget"), cache_dir=str(tmp_path / "cache"))["train"]
    assert [(row["text"], row["entity"], row["image"].size) for row in found] == [("a photo of dog", "dog", (8, 8))] * 2

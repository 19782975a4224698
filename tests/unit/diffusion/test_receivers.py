"""Receivers and emitters: entities cover themselves, cells are covered by their values; what cannot be is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lethe.core.registry import UnknownNameError
from lethe.diffusion.metrics.base import Classifier, MetricContext, ScoringBatch
from lethe.diffusion.metrics.scoring import build_metrics
from lethe.diffusion.pretraining.data import TaskImages, grouped
from lethe.diffusion.testbed.distinct import check_prompts
from lethe.diffusion.testbed.names import prompt, prompt_name, prompt_of
from lethe.diffusion.testbed.receivers import (
    Emitter,
    emitter_records,
    of_cells,
    of_entities,
    read_emitters,
    read_receivers,
    receiver_records,
)
from lethe.diffusion.testbed.schema import MetadataError
from lethe.io.tables import CorruptFileError, write_json
from lethe.settings.tasks import CellTask

COLOURS, SHAPES = ("red", "sky_blue"), ("disc", "box", "bar")
RECORDS: list[dict[str, Any]] = [
    {"name": f"{colour}-{shape}", "dataset_n_original": 4, "colour": colour, "shape": shape}
    for colour in COLOURS
    for shape in SHAPES
]


def task(*emitters: dict[str, Any]) -> CellTask:
    return CellTask.model_validate(
        {
            "kind": "cells",
            "source": "digits",
            "base": "b",
            "prompt_style": "a {colour} {shape}",
            "attributes": ["colour", "shape"],
            "emitters": list(emitters),
        }
    )


def test_an_entity_is_asked_for_and_covers_itself() -> None:
    names = ["akita dog", "zebra"]
    receivers, emitters = of_entities([{"name": name} for name in names], "thing", "a cat")
    assert [(r.index, r.name, r.text, r.prompt) for r in receivers] == [
        (index, name, prompt_name("thing", name), prompt("thing", name)) for index, name in enumerate(names)
    ]
    assert emitters[1] == Emitter(1, "a zebra", (1,), ("An image of a zebra",), {1: "a cat"})
    assert receivers[0].caption("published") == "akita dog" and receivers[0].caption("corrected") == "An image of an akita dog"


def test_an_emitter_covers_every_cell_with_its_value() -> None:
    """By hand: cells are numbered by the source, colours first; a covered cell is overwritten by its counterpart."""
    receivers, (blue, box, pair) = of_cells(
        RECORDS,
        task(
            {"covers": {"colour": "sky_blue"}, "overwrite": {"colour": "red"}},
            {"covers": {"shape": "box"}},
            {"covers": {"colour": "red", "shape": "bar"}, "overwrite": {"shape": "disc"}},
        ),
    )
    assert [r.prompt for r in receivers][2:4] == ["a red bar", "a sky blue disc"]  # an underscore is a blank
    assert blue.covers == (3, 4, 5) and blue.texts[1] == "a sky blue box" and blue.overwrite[4] == "a red box"
    assert box.covers == (1, 4) and box.overwrite == {1: "", 4: ""} and box.name == "box"
    assert pair.covers == (2,) and pair.overwrite == {2: "a red disc"}
    check_prompts(receivers, [blue, box, pair])


@pytest.mark.parametrize(
    ("emitter", "records", "message"),
    [
        ({"covers": {"colour": "rot"}}, RECORDS, "emitters.0.covers.colour: no cell has 'rot'; there are: red, sky_blue"),
        ({"covers": {"colour": "sky_blu"}}, RECORDS, "did you mean 'sky_blue'"),
        ({"covers": {"colour": "red"}}, RECORDS[:3], "covers 3 of 3 cells; allowed: at least one, and not all"),
        ({"covers": {"colour": "red", "shape": "box"}}, [RECORDS[0], RECORDS[4]], "covers 0 of 2 cells"),
        (
            {"covers": {"colour": "red"}},
            [*RECORDS[:3], {"name": "x", "dataset_n_original": 1, "color": "red"}],
            "cell 'x' has no 'colour'",
        ),
        ({"covers": {"colour": "red"}, "overwrite": {"colour": "  "}}, RECORDS, "holds no word"),
    ],
)
def test_what_covers_nothing_or_everything_is_refused(emitter: dict[str, Any], records: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        of_cells(records, task(emitter))


def test_cells_with_one_prompt_are_refused() -> None:
    twice = [*RECORDS, {**RECORDS[0], "name": "again"}]
    with pytest.raises(MetadataError, match="'red-disc' and 'again' have one prompt, 'a red disc'"):
        check_prompts(*of_cells(twice, task({"covers": {"colour": "red"}})))


@given(st.permutations(range(6)))
def test_what_is_written_is_read(order: list[int]) -> None:
    import tempfile

    told = of_cells([RECORDS[place] for place in order], task({"covers": {"shape": "bar"}, "overwrite": {"shape": "box"}}))
    with tempfile.TemporaryDirectory() as folder:
        write_json(Path(folder, "r.json"), receiver_records(told[0]))
        write_json(Path(folder, "e.json"), emitter_records(told[1]))
        assert (read_receivers(Path(folder, "r.json")), read_emitters(Path(folder, "e.json"))) == told


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"covers": [2, 1]}, r"covers \[2, 1\]; allowed: different receivers, rising"),
        ({"texts": []}, "has 0 texts"),
        ({"index": 3}, "'index' of record 0 is 3"),
        ({"more": 1}, "record 0 has not the fields 'covers', 'index'"),
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    (record,) = emitter_records([Emitter(0, "x", (1, 2), ("a", "b"), {1: "", 2: ""})])
    write_json(tmp_path / "emitters_x.json", [record | change])
    with pytest.raises(CorruptFileError, match=f"emitters_x.json: .*{message}"):
        read_emitters(tmp_path / "emitters_x.json")


def test_a_prompt_names_columns_that_there_are() -> None:
    assert prompt_of("thing", {"name": "akita"}) == "An image of an akita"
    with pytest.raises(UnknownNameError, match=r"unknown column of a prompt 'color'; known: colour.*did you mean 'colour'"):
        prompt_of("a {color} thing", {"colour": "red"})


def test_a_classifier_of_an_attribute_is_a_metric_of_its_name() -> None:
    """Images are solid: their first value is the class that the classifier sees."""
    receivers, _ = of_cells(RECORDS, task({"covers": {"shape": "bar"}}))
    classes = ["t/red", "t/sky_blue"]
    classifier = Classifier(
        lambda images: torch.nn.functional.one_hot(images[:, 0, 0, 0].long(), 2).float(),
        classes,
        [f"t/{receiver.value('colour')}" for receiver in receivers],
    )
    (metric,) = build_metrics(["colour"], MetricContext(classifiers={"colour": classifier}, threads=1))
    images = torch.zeros(4, 3, 8, 8, dtype=torch.uint8)
    images[2:] = 1
    seen = metric.score(ScoringBatch(images, torch.tensor([0, 3, 2, 5]).numpy(), ["x"] * 4))
    assert metric.about.name == "colour" and seen["colour"].tolist() == [1, 0, 0, 1]
    with pytest.raises(KeyError, match="has no attribute 'color'"):
        receivers[0].value("color")


def test_images_are_grouped_by_an_attribute() -> None:
    images = TaskImages(
        "t", [r["name"] for r in RECORDS], ["c"] * 6, [0.0] * 6, torch.zeros(6, 3, 8, 8), torch.arange(6), records=RECORDS
    )
    found = grouped(images, "shape")
    assert found.names == list(SHAPES) and found.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert grouped(images, "name") is images
    with pytest.raises(ValueError, match="t: 'red-disc' has no 'color'"):
        grouped(images, "color")

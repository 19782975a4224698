"""What is fine alone and not together is refused when the configuration is read; bounds, lists and columns are known before a run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.settings.test_settings import merged

from lethe.diffusion.sources import SOURCES
from lethe.settings.columns import KNOWN
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings
from lethe.settings.paths import check_exists
from lethe.workflow.configuration import load_configuration

METRICS = ["clip", "brisque", "rmse", "ssim", "dino"]
OWN = {"source": "folder", "source_options": {"path": "./own"}, "base": "people", "prompt_style": "thing"}
OWN |= {"balance": ["kind", "size"], "attributes": ["kind"]}
COMMIT = "0" * 40
PRETRAINED = {"source": "pretrained", "path": "ViT-B-16", "weights": "openai"}


TUNED = {"source": "finetuned", "start": "canvas"}


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ({"methods": ["uce", "uce"]}, "methods: 'uce' is given twice"),
        ({"generation": {"seeds": [42, 42]}}, "generation.seeds: 42 is given twice"),
        ({"tasks": {"people": {"attributes": ["hpi", "hpi"]}}}, "tasks.people.attributes: 'hpi' is given twice"),
        ({"tasks": {"people": {"balance": ["hpi_bin", "hpi_bin"]}}}, "tasks.people.balance: 'hpi_bin' is given twice"),
        ({"tasks": {"people": {"tuning_emitters": [2, 2]}}}, "tasks.people.tuning_emitters: 2 is given twice"),
        ({"similarity": {"kinds": []}}, "similarity.kinds: List should have at least 1 item"),
        ({"demo_tasks": []}, "demo_tasks: List should have at least 1 item"),
        ({"statistics": {"alpha": 0.999}}, "statistics.alpha: .*less than or equal to 0.2"),
        ({"statistics": {"alpha": 0.001, "permutations": 99}}, "statistics.alpha: 0.001 is below the smallest p-value"),
        ({"generation": {"guidance": math.inf}}, "generation.guidance: .*finite number"),
        ({"generation": {"guidance": 1e18}}, "generation.guidance: .*less than or equal to"),
        ({"generation": {"batch_size": True}}, "generation.batch_size: .*valid integer, got True"),
        ({"generation": {"steps": "8"}}, "generation.steps: .*valid integer, got '8'"),
        ({"tasks": None}, "tasks: .*got None"),
        ({"generation": None}, "generation: .*got None"),
        ({"scoring": {"membership": {"timesteps": [-5]}}}, "scoring.membership.timesteps.0: .*greater than or equal to 0"),
        ({"scoring": {"membership": {"timesteps": [1000]}}}, "scoring.membership.timesteps: 1000 is no step .* 0 to 999"),
        ({"world": "bench"}, "world: 'bench' is taken"),
        ({"publish": {"huggingface": "../x"}}, "publish.huggingface: '../x' is not of the form owner/name"),
        (
            {"tasks": {"people": {"tuning_emitters": list(range(10))}}},
            "tasks.people.tuning_emitters: 10 of 10 entities leave no mean",
        ),
        ({"tasks": {"people": {"emitters": [1, 12]}}}, "tasks.people.emitters: 12 is not an index of 10 entities"),
        (
            {"tasks": {"people": {"emitters": [1, 2, 3]}}},
            "tasks.people.tuning_emitters: 7 is not unlearned; .* `emitters`: 1, 2, 3",
        ),
        (
            {"tasks": {"people": {"emitters": [2], "tuning_emitters": [2], "retrain_emitters": []}}},
            "tasks.people.tuning_emitters: 1 of 1 entities leave no mean",
        ),
        ({"tasks": {"people": {"emitters": []}}}, "tasks.people.emitters: List should have at least 1 item"),
        ({"tasks": {"people": {"balance": ["hpi"]}}}, "tasks.people.balance: 1 attributes: hpi; allowed: two, or none"),
        (
            {"tasks": {"people": {"prompt_style": "persn"}}},
            "tasks.people.prompt_style: 'persn' is unknown.*did you mean 'person'",
        ),
        ({"tasks": {"people": {"prompt_style": "a photo of {nam}"}}}, "prompt_style: .* holds {nam}; .*did you mean 'name'"),
        ({"tasks": {"people": {"prompt_style": "a photo {name!r}"}}}, "prompt_style: .* holds a format"),
        ({"tasks": {"people": {"prompt_style": "a photo of }"}}}, "prompt_style: .* is no template"),
        (
            {"evaluators": {"judge": {"kind": "zero_shot", "source": "train"}}},
            "evaluators.judge: `source` is 'train'; it goes with",
        ),
        (
            {"evaluators": {"seen": {"kind": "zero_shot", "tasks": ["canvas"]}}},
            "evaluators.seen.tasks: 'canvas' is a task of cells",
        ),
        ({"tasks": {"people": {"entities": 20}}}, "tasks.people.entities: 20, but the source 'rendered_people' has 12"),
        ({"tasks": {"people": {"priority": "fame"}}}, "tasks.people.priority: 'fame' is no column .*there are: name, "),
        ({"tasks": {"people": {"balance": ["hpi_bin", "gendre"]}}}, "tasks.people.balance: 'gendre' .*did you mean 'gender'"),
        ({"tasks": {"people": {"rules": [{"column": "hpy"}]}}}, "tasks.people.rules.0.column: 'hpy' .*did you mean 'hpi'"),
        ({"tasks": {"mine": OWN}}, "evaluators.judge.source: the shipped judge knows .* not those of task 'mine'.*judge: null"),
        ({"tasks": {"people": {"retrain_emitters": [4]}}}, "tasks.people.retrain_emitters: 4, but shipped .*source: train"),
        ({"bases": {"mine": {"source": "prebuilt"}}}, "bases.mine.source: no base 'mine' is shipped"),
        (
            {"bases": {"people": {"source": "pretrained", "path": "a/../b/c", "revision": COMMIT}}},
            "bases.people: `revision` goes with",
        ),
        (
            {"bases": {"people": {"source": "pretrained", "path": "/x/a.ckpt"}}},
            "bases.people: `path` '/x/a.ckpt' .* needs `config`",
        ),
        (
            {"bases": {"people": {"source": "pretrained", "path": "/x/folder", "averaged": True}}},
            "bases.people: `config` and `averaged` go with a CompVis file",
        ),
        ({"bases": {"people": {"source": "finetuned"}}}, "bases.people: `start` goes with source: finetuned"),
        (
            {"bases": {"people": {"editing": {"of": "photo"}}}},
            "bases.people: `finetuning` and `editing` go with source: finetuned",
        ),
        ({"bases": {"people": {"source": "finetuned", "start": "peple"}}}, "bases.people.start: 'peple' .*did you mean 'people'"),
        ({"bases": {"people": {"source": "finetuned", "start": "people"}}}, "bases.people.start: people starts from people"),
        ({"bases": {"more": {"source": "finetuned", "start": "people"}}}, "bases.more: no task has the base 'more'"),
        ({"bases": {"people": TUNED}}, "tasks.people.retrain_emitters: a finetuned base cannot be retrained"),
        ({"bases": {"people": TUNED | {"editing": {"of": "photo"}}}}, "tasks.people.base: 'people' edits pictures"),
        (
            {
                "bases": {
                    "edit": TUNED | {"editing": {"of": "photo"}, "like": "canvas"},
                    "more": TUNED | {"start": "edit", "like": "canvas"},
                }
            },
            "bases.more.start: 'edit' edits pictures",
        ),
        (
            {"bases": {"edit": TUNED | {"like": "canvas", "editing": {"of": "photo", "instruction": "to {style}"}}}},
            "bases.edit.editing.instruction: 'to {style}'; allowed: text with {} once",
        ),
        ({"unlearncanvas": {"canvas": {"editor": "canvas"}}}, "unlearncanvas.canvas.editor: 'canvas' is no base with `editing`"),
        ({"evaluators": {"clip": PRETRAINED}}, "evaluators.clip: 'ViT-B-16' is fetched .* needs `revision`"),
        (
            {"evaluators": {"clip": PRETRAINED | {"weights": "", "revision": COMMIT}}},
            "evaluators.clip.weights: ''; an open_clip model",
        ),
        (
            {"evaluators": {"judge": {**PRETRAINED, "revision": COMMIT}}},
            "evaluators.judge: `weights` and `revision` do not go with a class",
        ),
        (
            {"evaluators": {"judge": {"source": "pretrained", "path": "data/judge.pth"}}},
            "evaluators.judge.source: 'name' of task 'objects' has no published classes; allowed: prebuilt, train, or a task whose source",
        ),
        (
            {"evaluators": {"style": {"source": "pretrained", "path": "data/style50.pth"}}},
            "evaluators.style.pretraining.judge.architecture: 'convnet'; a published classifier is a vit",
        ),
        (
            {"evaluators": {"judge": {"start": "a.safetensors"}}},
            "evaluators.judge: `start` goes with a classifier and source: train",
        ),
        (
            {"evaluators": {"style": {"source": "train", "pretraining": {"judge": {"architecture": "vit", "channels": [96]}}}}},
            "evaluators.style.pretraining.*judge.channels: 96; the width of a vit is a multiple of 64",
        ),
        ({"evaluators": {"clip": None}}, "evaluators.clip: is missing"),
        ({"pretraining": {"backbone": {"heads": 5}}}, "pretraining.backbone: `width` is 96; 96 is not a multiple of `heads`, 5"),
        ({"pretraining": {"vae": {"norm_num_groups": 7}}}, "pretraining.vae: `block_out_channels` .*16 is not a multiple of"),
        (
            {"pretraining": {"clip": {"patch_size": 5}}},
            "pretraining.clip: `image_size` is 32; 32 is not a multiple of `patch_size`",
        ),
        ({"pretraining": {"base": {"unet": {"sample_size": 4}}}}, "pretraining: base.unet.sample_size: 4, but 3 blocks"),
        ({"deepunlearn": {"search": {"finalists": 31}}}, "deepunlearn.search: `finalists` is 31, but there are 30 `trials`"),
        ({"tasks": {"people": {"overwrite_prompt": "a\0b"}}}, r"overwrite_prompt: 'a\\x00b' holds the control character U\+0000"),
        (
            {"keep_images": "latents", "generation": {"compile_decoder": True}},
            "generation.compile_decoder: true, but keep_images: latents leaves decoding to readers; allowed: false",
        ),
        ({1: 2}, "configuration: a key must be text, got 1"),
    ],
)
def test_a_contradiction_is_named_with_its_key(overlay: dict[Any, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_configuration(merged(overlay))


def test_what_is_asked_for_as_a_remedy_is_accepted() -> None:
    own = {"tasks": {"mine": OWN}, "evaluators": {"judge": None}, "scoring": {"metrics": METRICS}}
    assert "mine" in load_configuration(merged(own)).tasks
    trained = {"tasks": {"mine": OWN}, "evaluators": {"judge": {"source": "train"}}}
    assert "mine" in load_configuration(merged(trained)).tasks


def test_numbers_as_users_write_them() -> None:
    settings = load_configuration(
        merged({"statistics": {"alpha": "1e-2"}, "generation": {"guidance": 4}, "archive": {"record": 18649818}})
    )
    assert (settings.statistics.alpha, settings.generation.guidance, settings.archive.record) == (0.01, 4.0, "18649818")


def test_what_holds_itself_or_nearly_everything_is_one_message() -> None:
    endless: dict[str, Any] = {}
    endless["tasks"] = endless
    with pytest.raises(SettingsError, match="levels deep, or a value that holds itself"):
        load_configuration(endless)
    bomb: Any = ["x"] * 10
    for _ in range(9):
        bomb = [bomb] * 10
    with pytest.raises(SettingsError, match="methods.*more than 100000 values"):
        load_configuration({"methods": bomb})


def numbers(schema: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every number of a JSON schema."""
    if isinstance(schema, dict):
        if schema.get("type") in ("integer", "number"):
            yield place, schema
        for key, entry in schema.items():
            if key not in ("default", "enum"):
                yield from numbers(entry, f"{place}.{key}")
    elif isinstance(schema, list):
        for entry in schema:
            yield from numbers(entry, place)


def test_every_number_has_bounds() -> None:
    found = dict(numbers(Settings.model_json_schema()))
    assert len(found) > 80
    open_ended = [
        place
        for place, schema in found.items()
        if "enum" not in schema
        and not ({"maximum", "exclusiveMaximum"} & set(schema) and {"minimum", "exclusiveMinimum"} & set(schema))
    ]
    assert [place for place in open_ended if ".Filter." not in place] == []  # whose values are a table's


@pytest.mark.parametrize("source", [name for name, known in KNOWN.items() if known.entities])
def test_columns_known_before_reading_are_those_of_the_source(source: str) -> None:
    found = SOURCES.load(source)()
    records, known = found.entities(), KNOWN[source]
    assert len(records) == known.entities
    assert all(set(record) == {"name", "dataset_n_original", *known.columns} for record in records)
    assert math.isfinite(found.attribute_distance(records[0]["name"], records[1]["name"])) == known.distance


def test_a_path_that_does_not_exist_is_named_with_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "portraits").mkdir()
    check_exists("key", str(tmp_path / "portraits"))
    for path in ("portrait", "portrait/below"):
        with pytest.raises(SettingsError, match=f"key: '.*{path}' does not exist; there is no 'portrait' in .*'portraits'"):
            check_exists("key", str(tmp_path / path))

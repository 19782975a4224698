"""What an audit refuses when it is planned, each with the key, the value and what is allowed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.tiny_pipeline import IMAGE, make_tiny_pipeline, shared_tiny_pipeline

from lethe.planning.targets import Values
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings
from lethe.workflow.configuration import load_configuration
from lethe.workflow.plan import Plan

ROOT = Path(__file__).parents[3]
DOG = "northern brackel dog"
GIVEN: dict[str, Any] = {"model": "breeds", "forget": DOG, "keep": ["ulver terrier dog"], "prompt": "An image of a {concept}"}


def audited(**changes: Any) -> Settings:
    """The world of an audit of the mini world's breeds, with some keys changed; None leaves one out."""
    section = {key: value for key, value in (GIVEN | changes).items() if value is not None}
    return load_configuration(Settings().model_dump(mode="json") | {"audit": section})


def plan_of(**changes: Any) -> Plan:
    return Plan(audited(**changes), {}, ROOT)


def refused(message: str, **changes: Any) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)):
        audited(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": None}, "audit.model: Field required"),
        ({"forget": []}, "audit.forget: Value should have at least 1 item"),
        ({"keep": []}, "audit.keep: Value should have at least 1 item"),
        ({"keeps": ["a cat"]}, "audit.keeps: unknown key 'keeps'; allowed here:"),
        ({"forget": [DOG, "Northern  Brackel_dog"]}, "audit.forget: 'Northern  Brackel_dog' is in audit.forget too"),
        ({"keep": ["a cat", DOG.upper()]}, f"audit.keep: '{DOG.upper()}' is in audit.forget too ('{DOG}')"),
        ({"watch": ["ulver terrier dog"]}, "audit.watch: 'ulver terrier dog' is in audit.keep too"),
        ({"keep": None, "watch": ["a cat"]}, "audit.watch goes with audit.keep"),
        ({"keep": "nowhere.txt"}, "audit.keep: 'nowhere.txt' does not exist"),
        ({"prompt": "An image of a dog"}, "audit.prompt: 'An image of a dog' must hold {concept} once"),
        ({"prompt": "{concept} by {artist}"}, "audit.prompt: '{concept} by {artist}' is no template"),
        ({"methods": ["ucee"]}, "audit.methods: 'ucee' is unknown; allowed:"),
        ({"methods": ["retrain"]}, "audit.methods: 'retrain' trains a base anew"),
        ({"methods": ["uce", "distil"]}, "audit.methods: 'distil' looks at pictures; give audit.images"),
        ({"methods": ["distil"], "images": "nowhere"}, "audit.images: 'nowhere' does not exist"),
        ({"model": "./nowhere"}, "audit.model: 'nowhere' does not exist; there is no 'nowhere'"),
        (
            {"model": "breds"},
            "'breds' is no folder here, no hub id owner/name and no base of the configuration; bases: objects, breeds",
        ),
        ({"model": "somebody/model"}, "needs audit.revision, a commit of 40 digits"),
        ({"model": "somebody/model", "revision": "0" * 40}, "audit.size: 'somebody/model' is on the hub"),
        ({"model": "./folder", "revision": "0" * 40}, "audit.revision goes with a hub id owner/name; audit.model is './folder'"),
        (
            {"metrics": ["clip"], "keep": ["a cat"]},
            "audit.metrics: 'clip' cannot be measured: the shipped evaluator 'clip' does not know",
        ),
        ({"unlearned": "./nowhere"}, "audit.unlearned: 'nowhere' does not exist"),
        (
            {"unlearned": ".", "forget": [DOG, "brackel mastiff dog"]},
            "audit.unlearned: one model, but audit.forget names 2 concepts",
        ),
    ],
)
def test_a_fault_of_the_section(changes: dict[str, Any], message: str) -> None:
    refused(message, **changes)


def test_a_text_that_is_no_mapping_is_refused_with_an_example() -> None:
    with pytest.raises(SettingsError, match="is no mapping as YAML reads it; a value that holds braces"):
        load_configuration(Settings().model_dump(mode="json") | {"audit": "{model: breeds, prompt: a {concept}}"})


@pytest.mark.parametrize(
    ("text", "message"), [("# nothing\n\n", "names 0 concepts; allowed: 1 to 500"), ("a\x00b\n", "is 'a\\x00b'")]
)
def test_a_file_of_what_is_kept_must_name_something(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "keep.txt").write_text(text)
    refused(message, keep=str(tmp_path / "keep.txt"))


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "keep.txt").write_bytes(b"\xff\xfe\x00")
    refused("keep.txt: no text in UTF-8", keep=str(tmp_path / "keep.txt"))


def test_a_file_is_read_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "keep.txt").write_text("# breeds\nulver terrier dog\n\n  ostrel hound dog\n")
    made = plan_of(keep=str(tmp_path / "keep.txt"))
    assert made.audit.asked.keep == ["ulver terrier dog", "ostrel hound dog"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"forget": "northern brackle dog"},
            "audit.forget: the model's tokenizer does not know 'brackle' of 'An image of a northern brackle dog'; did you mean",
        ),
        (
            {"keep": ["Monet style"]},
            "audit.keep: the model's tokenizer does not know 'Monet', 'style' of 'An image of a Monet style'",
        ),
        ({"prompt": "A painting of a {concept}"}, "audit.prompt: the model's tokenizer does not know 'painting'"),
    ],
)
def test_words_that_a_mini_base_does_not_know(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)):
        plan_of(**changes).audit.given(Values(task="audit"))


def test_without_an_audit_the_target_says_what_to_give() -> None:
    made = Plan(load_configuration(Settings().model_dump(mode="json")), {}, ROOT)
    with pytest.raises(SettingsError, match="audit: nothing is configured to be audited; for example --config 'audit="):
        made.audit.products()


# --- folders ---


def inpainting(folder: Path) -> None:
    change(folder / "model_index.json", _class_name="StableDiffusionInpaintPipeline")


def xl(folder: Path) -> None:
    change(folder / "model_index.json", _class_name="StableDiffusionXLPipeline")


def without_weights(folder: Path) -> None:
    next((folder / "unet").glob("*.safetensors")).unlink()


def cut_off(folder: Path) -> None:
    file = next((folder / "vae").glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:-100])


def without_size(folder: Path) -> None:
    change(folder / "unet/config.json", sample_size=[8, 16])


def change(file: Path, **values: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (inpainting, "a StableDiffusionInpaintPipeline (its UNet reads a mask"),
        (xl, "is not a complete Stable Diffusion folder; missing: text_encoder_2/config.json"),
        (without_weights, "is not a complete Stable Diffusion folder; missing: unet/*.safetensors"),
        (cut_off, "vae/"),
        (without_size, "sample_size is [8, 16]; give audit.size"),
    ],
)
def test_a_folder_that_cannot_work(tmp_path: Path, fault: Callable[[Path], None], message: str) -> None:
    shutil.copytree(shared_tiny_pipeline(), tmp_path / "mine")
    fault(tmp_path / "mine")
    with pytest.raises(SettingsError, match=f"audit.model: .*{re.escape(message)}"):
        audited(model=str(tmp_path / "mine"))


def test_a_folder_draws_what_its_configuration_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its own size, unless another is given; a folder without a slash is one all the same, but for names of bases."""
    make_tiny_pipeline(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    settings = audited(model="mine", forget="dog", keep=["cat"], prompt="An image of a {concept}")
    assert settings.bases["model"].path == "./mine" and settings.generation_of("audit").size == IMAGE
    assert audited(model="mine", size=64).generation_of("audit").size == 64
    assert plan_of(model="mine").audit.called(Values()) == "mine"


@pytest.mark.parametrize("profile", ["mini", "paper", "sd15"])
@pytest.mark.parametrize("method", ["uce", "rece", "speed"])
def test_what_is_kept_is_held_and_nothing_else_takes_the_place(method: str, profile: str) -> None:
    """Whatever the benchmarks of a profile put in the place of what they forget, it is none of an audit's concepts."""
    config = Settings().model_dump(mode="json") | {"audit": GIVEN | {"methods": [method]}, "hyperparameters": profile}
    given = Plan(load_configuration(config), {}, ROOT).models.method("audit", method).parameters
    assert given["preserve"] == "others" and not given["guide"]


def test_evaluators_that_do_not_know_the_pictures_are_left_out() -> None:
    made = plan_of()
    assert made.settings.metrics_of("audit") == ["clip", "rmse", "ssim", "dino", "lpips_backbone"]
    assert made.audit.unmeasured(Values()) == []
    larger = plan_of(size=64)
    assert larger.settings.metrics_of("audit") == ["rmse", "ssim"] and not larger.settings.evaluators
    assert [reason.partition(":")[0] for reason in larger.audit.unmeasured(Values())] == [
        "CLIP score",
        "DINO similarity of before and after and LPIPS of before and after in the backbone",
    ]
    with pytest.raises(
        SettingsError,
        match="'dino' cannot be measured: the shipped evaluator 'backbone' knows pictures of 32 px, the model draws 64",
    ):
        audited(size=64, metrics=["dino"])


def test_pictures_are_needed_of_what_is_forgotten_and_of_what_is_kept(tmp_path: Path) -> None:
    from PIL import Image

    def show(name: str) -> None:
        (tmp_path / name).mkdir()
        Image.new("RGB", (32, 32), (200, 100, 0)).save(tmp_path / name / "1.png")

    asked = {"methods": ["distil"], "images": str(tmp_path)}
    refused(f"audit.images: {tmp_path} has no folder of pictures '{DOG}'", **asked)
    show(DOG)
    refused("has pictures of what is forgotten alone", **asked)
    show("ulver terrier dog")
    assert audited(**asked).methods == ["none", "distil"]
    refused("audit.images: pictures go with a list of what is kept", keep=None, **asked)

"""Bases from a CompVis file, and bases that are fine-tuned: what the plan tells their rules, and what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings
from lethe.workflow.configuration import load_configuration
from lethe.workflow.plan import Plan

ROOT = Path(__file__).parents[3]


class Named(SimpleNamespace):
    """Wildcards by name."""

    def items(self) -> Any:
        return vars(self).items()


def plan(bases: dict[str, Any], task: dict[str, Any] | None = None, canvas: dict[str, Any] | None = None) -> Plan:
    values = Settings().model_dump(mode="json")
    values["bases"] |= bases
    values["tasks"]["canvas"] |= task or {}
    values["unlearncanvas"]["canvas"] |= {"attack": None, **(canvas or {})}
    return Plan(load_configuration(values), {}, ROOT)


def test_a_fine_tuned_base_starts_from_another_one() -> None:
    tuned = {"source": "finetuned", "start": "canvas_held_out"}
    edit = {"source": "finetuned", "start": "canvas", "like": "tuned", "editing": {"of": "photo"}}
    made = plan({"tuned": tuned, "edit": edit}, {"base": "tuned", "retrain_emitters": []}, {"editor": "edit"})
    assert made.finetuned.names == ["tuned", "edit"] and "tuned" not in made.bases.trained
    asked, editing = Named(base="tuned"), Named(base="edit")
    assert made.finetuned.start(asked) == "<results>/base/canvas_held_out"
    assert made.bases.sources(asked) == made.bases.sources(editing) and "<results>/sources/canvas.tar" in made.bases.sources(
        asked
    )
    assert made.finetuned.editing(asked) is None and made.finetuned.editing(editing)["of"] == "photo"
    assert made.finetuned.size(asked) == 32 and made.finetuned.memory(asked) >= made.memory("latents")
    task = Named(task="canvas")
    assert made.bases.of_task(task) == "<results>/base/tuned" and made.bases.tokenizer(task)[0].endswith("canvas_tokenizer.json")
    assert made.edits.tasks == ["canvas"] and made.edits.editor(task) == ["<results>/base/edit"]
    assert not [file for file in made.bases.all_parts if "tuned" in file or "edit" in file]
    assert plan({}).edits.tasks == [] and plan({}).edits.editor(task) == []


def test_a_base_trained_like_a_shipped_one_shares_its_autoencoder() -> None:
    """So that the overlay of the whole sequence trains one base and no other part; where all is trained, so are the parts."""
    of_canvas = Settings().bases["canvas"].model_dump(mode="json")
    without = of_canvas | {"source": "train", "like": "canvas", "exclude": ["canvas/mosaic_fish"]}
    asked, shipped, trained = Named(base="without"), str(ROOT / "assets/mini"), "<results>/parts"
    bases = plan({"without": without}).bases
    assert bases.parts(asked) == {
        "vae": [f"{shipped}/canvas_vae.safetensors", f"{shipped}/canvas_vae.json"],
        "weights": [f"{trained}/base_without.safetensors", f"{trained}/base_without.json"],
        "tokenizer": f"{shipped}/canvas_tokenizer.json",
    }
    assert bases.vae_of(asked) == bases.parts(asked)["vae"] and bases.tokenizer_of(asked) == bases.parts(asked)["tokenizer"]
    assert bases.judges_of(asked) == [
        f"{shipped}/{j}.{s}" for j in ("style", "object", "style2", "object2") for s in ("safetensors", "json")
    ]
    own = plan({"without": without | {"vae": "own_vae"}}).bases
    assert own.vae_of(asked) == [f"{trained}/own_vae.safetensors", f"{trained}/own_vae.json"]
    every = {name: base.model_dump(mode="json") | {"source": "train"} for name, base in Settings().bases.items()}
    assert plan(every | {"without": without}).bases.vae_of(asked)[0] == f"{trained}/canvas_vae.safetensors"


def test_a_base_from_one_file(tiny_folder: Path, tmp_path: Path) -> None:
    from lethe.diffusion.checkpoints import to_checkpoint

    file, config = tmp_path / "model.safetensors", shutil.copytree(tiny_folder, tmp_path / "config")
    to_checkpoint(tiny_folder, file)
    for weights in config.rglob("*.safetensors"):
        weights.unlink()
    base = {"source": "pretrained", "path": str(file), "config": str(config)}
    made, asked = plan({"mine": base}), Named(base="mine")
    assert made.bases.local == ["mine"] and made.bases.given(asked) == []
    own = made.bases.own_folder(asked)
    assert own[0] == str(file) and {f"{config}/unet/config.json", f"{config}/tokenizer/tokenizer.json"} < set(own)
    assert made.bases.prediction("mine") == "epsilon"
    with pytest.raises(SettingsError, match=r"bases\.mine\.config: .*does not exist"):
        plan({"mine": base | {"config": str(tmp_path / "cnfig")}}).bases.given(asked)
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(SettingsError, match=r"bases\.mine\.path: .*model\.safetensors: \d+ bytes, of \d+"):
        made.bases.given(asked)
    file.unlink()
    with pytest.raises(SettingsError, match=r"bases\.mine\.path: .*does not exist"):
        made.bases.given(asked)


def on_objects(path: Path, **given: Any) -> Plan:
    """The plan of a world whose task `objects` unlearns the base in a folder."""
    values = Settings().model_dump(mode="json")
    values["bases"]["mine"] = {"source": "pretrained", "path": str(path)}
    values["tasks"]["objects"] |= {"base": "mine", "retrain_emitters": []}
    values["methods"] = ["none", "uce", "esd", "distil"]
    values["scoring"]["membership"] = {"members": "unlearning"}
    return Plan(load_configuration(values | given), {}, ROOT)


def test_what_xl_is_refused_for(tiny_xl_folder: Path) -> None:
    made, task = on_objects(tiny_xl_folder), Named(task="objects", base="mine")
    assert made.bases.given(task) == [] and made.bases.pipeline("mine") == "StableDiffusionXLPipeline"
    for method in ("none", "uce", "esd", "distil"):
        assert made.bases.for_method(Named(task="objects", method=method)) == "<results>/base/mine"
    able = "methods for this base: distil, distil_module, distil_weight, esd, esd_noised, noise, none, sham, uce"
    for method in ("ca", "hirm", "rece", "seot", "spm"):
        with pytest.raises(
            SettingsError, match=rf"tasks\.objects\.base: 'mine': it is a StableDiffusionXLPipeline.*'{method}' .*; {able}"
        ):
            made.bases.for_method(Named(task="objects", method=method))
    with pytest.raises(
        SettingsError, match=r"similarity\.kinds: 'act' .*'mine' .*StableDiffusionXLPipeline; allowed: clip, attr, dino, true"
    ):
        made.bases.for_similarities(task)
    similar = on_objects(tiny_xl_folder, similarity={"kinds": ["clip", "true"]})
    assert similar.bases.for_similarities(task) == "<results>/base/mine"
    assert "StableDiffusionXLPipeline" in made.bases.no_membership("objects")
    tuned = plan(
        {
            "mine": {"source": "pretrained", "path": str(tiny_xl_folder)},
            "tuned": {"source": "finetuned", "start": "mine", "like": "canvas"},
        }
    )
    with pytest.raises(SettingsError, match=r"bases\.tuned\.start: the base 'mine' is a StableDiffusionXLPipeline"):
        tuned.finetuned.start(Named(base="tuned"))
    assert tuned.bases.pipeline("tuned") == "StableDiffusionXLPipeline"


def test_what_a_base_that_predicts_v_is_refused_for(tiny_folder: Path, tmp_path: Path) -> None:
    own = shutil.copytree(tiny_folder, tmp_path / "own")
    scheduler = own / "scheduler/scheduler_config.json"
    scheduler.write_text(scheduler.read_text().replace('"epsilon"', '"v_prediction"'))
    made, task = on_objects(own), Named(task="objects", base="mine")
    for method in ("ca", "esd", "distil", "munba", "sa", "spm"):
        assert made.bases.for_method(Named(task="objects", method=method)) == "<results>/base/mine"
    with pytest.raises(
        SettingsError, match=r"tasks\.objects\.base: 'mine': its prediction_type is 'v_prediction'.*'munba_published'"
    ):
        made.bases.for_method(Named(task="objects", method="munba_published"))
    assert made.bases.for_similarities(task) == "<results>/base/mine"
    assert "'v_prediction'" in made.bases.no_membership("objects")


def test_a_base_of_the_hub_is_known_by_the_cache(tiny_xl_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the files that describe it, before a weight is fetched; without them nothing is known."""
    commit = "0" * 39 + "1"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    values = Settings().model_dump(mode="json")
    values["bases"]["mine"] = {"source": "pretrained", "path": "somebody/anything", "revision": commit}
    values["tasks"]["objects"] |= {"base": "mine", "retrain_emitters": []}
    bases, asked = Plan(load_configuration(values), {}, ROOT).bases, Named(task="objects", method="spm")
    assert bases.for_method(asked) == "<results>/base/mine" and bases.pipeline("mine") == bases.prediction("mine") == ""
    kept = tmp_path / "models--somebody--anything/snapshots" / commit
    kept.mkdir(parents=True)
    index = shutil.copy(tiny_xl_folder / "model_index.json", kept)
    with pytest.raises(SettingsError, match=r"tasks\.objects\.base: 'mine': it is a StableDiffusionXLPipeline"):
        bases.for_method(asked)
    Path(index).write_text('{"_class_name": "FluxPipeline"}')
    with pytest.raises(
        SettingsError, match=r"bases\.mine\.path: .*a FluxPipeline \(two text encoders, a transformer and flow matching\)"
    ):
        bases.for_method(asked)


def test_xl_describes_no_compvis_file(tiny_folder: Path, tiny_xl_folder: Path, tmp_path: Path) -> None:
    from lethe.diffusion.checkpoints import to_checkpoint

    to_checkpoint(tiny_folder, tmp_path / "model.safetensors")
    base = {"source": "pretrained", "path": str(tmp_path / "model.safetensors"), "config": str(tiny_xl_folder)}
    with pytest.raises(
        SettingsError, match=r"a StableDiffusionXLPipeline; allowed: the StableDiffusionPipeline of a Stable Diffusion v1"
    ):
        plan({"mine": base}).bases.given(Named(base="mine"))

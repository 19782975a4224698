"""Models that others made in a plan: files decide which emitters have one, and what cannot be used is refused before any job."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image
from safetensors.numpy import save_file
from snakemake.utils import update_config

from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings
from lethe.workflow.configuration import load_configuration
from lethe.workflow.plan import Plan

ROOT = Path(__file__).parents[3]
MODULE = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"  # of the mini world's bases, 64 x 64


class Named(SimpleNamespace):
    """Wildcards by name."""

    def items(self) -> Any:
        return vars(self).items()


def configured(external: dict[str, Any], task: str = "objects", **changes: Any) -> dict[str, Any]:
    values = Settings().model_dump(mode="json") | {"external": external} | changes
    values["tasks"][task]["methods"] = list(dict.fromkeys(["none", "uce", *external]))
    values["unlearncanvas"]["canvas"] |= {"attack": None, "sequence": None, "pairs": None, "demo": []}
    return values


def plan(external: dict[str, Any], task: str = "objects", **changes: Any) -> Plan:
    return Plan(load_configuration(configured(external, task, **changes)), {}, ROOT)


def write_lora(folder: Path, module: str = MODULE, width: int = 64) -> None:
    folder.mkdir(parents=True)
    factors = {"A": np.zeros((2, width), np.float32), "B": np.zeros((64, 2), np.float32)}
    save_file({f"{module}.lora_{ab}.weight": value for ab, value in factors.items()}, folder / "pytorch_lora_weights.safetensors")


def asked(plan: Plan, kind: str = "models", task: str = "objects") -> tuple[list[str], Named]:
    """Names of rules of models of others, and the wildcards of the first."""
    having = plan.externals.is_converted if kind == "models" else plan.externals.is_pictures
    shapes = plan.models.shapes(kind, having=having)
    model = plan.models.of(task, ["theirs"])[0]
    alone = shapes[0].units == ("",)
    batch = f"{model.index:03d}" if alone else f"{model.index:03d}"[:-1]
    named = Named(task=task, method="theirs", batch=batch, epochs=f"{model.epochs:03d}")
    return [shape.name("external") for shape in shapes], named


def files(plan: Plan, kind: str = "models", task: str = "objects") -> list[str]:
    having = plan.externals.is_converted if kind == "models" else plan.externals.is_pictures
    shape = plan.models.shapes(kind, having=having)[0]
    return plan.external_files.examined(plan.models.in_batch(shape))(asked(plan, kind, task)[1])


def test_files_decide_which_emitters_have_a_model(tmp_path: Path) -> None:
    for index in (3, 7):
        write_lora(tmp_path / f"objects_{index:03d}")
    made = plan({"theirs": {"kind": "lora", "path": f"{tmp_path}/{{task}}_{{index}}", "epochs": 100}})
    assert made.models.names("objects", ["theirs"]) == ["objects_003_theirs_100", "objects_007_theirs_100"]
    assert asked(made)[0] == ["external_1"] and files(made) == [f"{tmp_path}/objects_003/pytorch_lora_weights.safetensors"]
    ours = made.models.shapes("models", having=made.models.runs_here)
    assert not any(re.match(shape.task, "objects_003_theirs_100") for shape in ours)  # nobody here unlearns it
    drawn = made.models.shapes("images", having=made.externals.has_model)
    assert sum(bool(re.match(shape.task, "objects_003_theirs_100")) for shape in drawn) == 1
    named = Named(task="objects", method="theirs", epochs="100", batch="003")
    assert made.job("lethe.diffusion.jobs.generate:generate")(named) == made.job("lethe.diffusion.jobs.generate:generate")(
        Named(task="objects", method="none", epochs="000", batch="003")
    ), "no code of a method goes into its jobs"
    assert "<results>/models/objects_003_theirs_100/delta.safetensors" in made.archive.bundles["models_objects_theirs"].files


def test_a_model_of_every_emitter_shares_jobs(tmp_path: Path) -> None:
    for index in range(10):
        write_lora(tmp_path / f"{index:03d}")
    made = plan({"theirs": {"kind": "lora", "path": f"{tmp_path}/{{index}}"}})
    assert asked(made)[0] == ["external"] and len(files(made)) == 10


def test_names_stand_for_emitters_where_they_are_known(tmp_path: Path) -> None:
    write_lora(tmp_path / "neon")
    entry = {"kind": "lora", "path": f"{tmp_path}/{{target}}"}
    cells = plan({"theirs": entry}, "canvas")
    assert cells.models.names("canvas", ["theirs"]) == ["canvas_001_theirs_000"]
    assert files(cells, task="canvas") == [f"{tmp_path}/neon/pytorch_lora_weights.safetensors"]  # its base is stored in 8 bits
    with pytest.raises(SettingsError, match=r"what \{target\} stands for in task 'objects' is known only when it has run"):
        plan({"theirs": entry}).models.of("objects")
    named = plan({"theirs": entry | {"targets": {"neon": 4}}})
    assert named.models.names("objects", ["theirs"]) == ["objects_004_theirs_000"]


def test_models_of_the_published_corpus_are_found_by_the_names_in_their_folders(tmp_path: Path) -> None:
    write_lora(tmp_path / "models/people_Jackie_Chan_distil_400")
    entry = {"kind": "lora", "path": f"{tmp_path}/models/{{task}}_{{target}}_distil_400", "epochs": 400}
    config = Settings().model_dump(mode="json")
    update_config(config, yaml.safe_load((ROOT / "config/paper.yaml").read_text()))
    update_config(config, {"external": {"theirs": entry}, "methods": ["none", "theirs"]})
    made = Plan(load_configuration(config), {}, ROOT)
    assert made.models.names("people", ["theirs"]) == ["people_066_theirs_400"]


def test_pictures_alone_have_no_model(tmp_path: Path) -> None:
    folder = tmp_path / "003"
    folder.mkdir()
    entry = {"kind": "images", "path": f"{tmp_path}/{{index}}"}
    made = plan({"theirs": entry}, generation=Settings().generation.model_dump(mode="json") | {"seeds": [1, 2]})
    with pytest.raises(SettingsError, match=r"external\.theirs: .*003: '000_1\.png' is missing, 20 of 20 pictures"):
        files(made, "images")
    for receiver in range(10):
        for seed in (1, 2):
            Image.new("RGB", (32, 32)).save(folder / f"{receiver:03d}_{seed}.png")
    assert files(made, "images") == [str(folder)]
    assert made.models.shapes("models", having=made.externals.is_converted) == []
    drawn = made.models.shapes("images", having=made.externals.has_model)
    assert not any(re.match(shape.task, "objects_003_theirs_000") for shape in drawn)
    task = Named(task="objects")
    assert "objects_003_theirs_000" in made.models.of_wildcards(task)
    assert not any("theirs" in name for name in made.models.as_deltas(task))
    assert "models_objects_theirs" not in made.archive.bundles and "images_objects_theirs" in made.archive.bundles
    assert "theirs" not in made.exports.methods and "theirs" in made.models.runnable


def broken(folder: Path) -> None:
    write_lora(folder, module=MODULE.replace("to_k", "to_kk"))


@pytest.mark.parametrize(
    ("write", "entry", "message"),
    [
        (lambda folder: None, {}, r"external\.theirs\.path: no file of any emitter; looked for e\.g\. '.*/000'"),
        (lambda folder: None, {"emitters": [3]}, r"external\.theirs\.path: '.*/003' does not exist; there is no '003' in"),
        (broken, {}, r"external\.theirs: .*'unet\..*to_kk\.lora_A\.weight' is of no module of the base .*did you mean 'unet\."),
        (lambda folder: write_lora(folder, width=63), {}, r"change a weight of 64 x 63; that of .*to_k' is \(64, 64\)"),
        (write_lora, {"kind": "partial"}, r"is no parameter of the base; a LoRA\? then kind: lora"),
        (write_lora, {"kind": "pipeline"}, r"no model_index\.json in it; allowed: a folder as diffusers writes it"),
        (lambda folder: folder.mkdir(), {}, r"safetensors files there: none; allowed: one"),
    ],
)
def test_what_cannot_be_used_is_refused_by_the_plan(tmp_path: Path, write: Any, entry: dict[str, Any], message: str) -> None:
    write(tmp_path / "003")
    made = {"theirs": {"kind": "lora", "path": f"{tmp_path}/{{index}}"} | entry}
    with pytest.raises(SettingsError, match=message):
        files(plan(made))


SD3 = '{"_class_name": "StableDiffusion3Pipeline"}'


def test_another_architecture_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "003").mkdir()
    (tmp_path / "003/model_index.json").write_text(SD3)
    with pytest.raises(SettingsError, match=r"external\.theirs: .*003: a StableDiffusion3Pipeline"):
        files(plan({"theirs": {"kind": "pipeline", "path": f"{tmp_path}/{{index}}"}}))


LORA = {"kind": "lora", "path": "m/{index}"}


@pytest.mark.parametrize(
    ("external", "message"),
    [
        ({"uce": LORA}, r"external\.uce: 'uce' is a method of Lethe; allowed: another name, e\.g\. uce_authors"),
        ({"theirs": LORA | {"kind": "loar"}}, r"external\.theirs\.kind: .*did you mean 'lora'"),
        ({"theirs": LORA | {"path": "m/{indx}"}}, r"external\.theirs\.path: path: 'indx' is unknown; .*did you mean 'index'"),
        ({"theirs": LORA | {"path": "m"}}, r"holds neither \{index\} nor \{target\}, so it is one model"),
        (
            {"theirs": LORA | {"emitters": [10]}},
            r"external\.theirs\.emitters: 10 is no emitter of task 'objects'; allowed: 0 to 9",
        ),
        ({"theirs": LORA | {"targets": {"a": 1}}}, r"targets: `path` is 'm/\{index\}'; allowed: with \{target\} in it"),
        ({"theirs": LORA | {"kind": "partial", "scale": -1}}, r"scale: -1 goes with kind: lora"),
        ({"theirs": LORA | {"pattern": "{seed}.png"}}, r"lacks \{receiver\}, so pictures would share a file"),
        ({"theirs": {"kind": "lora", "path": "m/{target}", "targets": {"a": 1, "b": 1}}}, "name an emitter twice"),
        ({"their_2": LORA}, r"external\.their_2"),
    ],
)
def test_settings_that_mean_nothing_are_refused(external: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_configuration(configured(external))


def test_a_method_of_others_is_named_and_runs_nowhere_else() -> None:
    values = configured({"theirs": LORA})
    values["tasks"]["objects"]["methods"] = ["none"]
    with pytest.raises(SettingsError, match=r"external\.theirs: no task runs it; add 'theirs' to `methods`"):
        load_configuration(values)
    values = configured(
        {"theirs": LORA | {"kind": "images"}}, similarity=Settings().similarity.model_dump() | {"weights": ["theirs"]}
    )
    with pytest.raises(SettingsError, match=r"similarity\.weights: 'theirs' has pictures alone"):
        load_configuration(values)
    values = configured({"theirs": LORA}, "canvas")
    values["unlearncanvas"]["canvas"]["pairs"] = {"methods": ["theirs"]}
    with pytest.raises(
        SettingsError, match=r"unlearncanvas\.canvas\.pairs\.methods: 'theirs' cannot be run, others made its models"
    ):
        load_configuration(values)


def test_a_world_without_models_of_others_has_no_such_rules() -> None:
    mini = Plan(Settings(), {}, ROOT)
    for having in (mini.externals.is_converted, mini.externals.is_pictures):
        assert mini.models.shapes("models", having=having) == mini.models.shapes("images", having=having) == []

"""Exported models: plain diffusers draws the same pictures without Lethe, and the card is one that the Hub reads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard

from lethe.archive.model_card import BaseOf, Cost, model_card
from lethe.archive.model_cost import cost_of_concept, cost_of_entity
from lethe.diffusion.delta import Delta, DenseDelta, LoraDelta, NoneDelta, SuppressEotDelta, TextMapDelta, applied
from lethe.diffusion.exported import ExportError, Form, write_model
from lethe.diffusion.external.convert import delta_of
from lethe.diffusion.pipeline import Pipeline, load_pipeline

# An interpreter that reads no .pth file, so that an editable install of lethe is not there either. Where torchvision does not fit torch,
# diffusers must not find it; a name that is None in sys.modules is one that is not installed.
PLAIN = """
import sys
sys.path += {site!r}
sys.modules["torchvision"] = None
import importlib.util
assert importlib.util.find_spec("lethe") is None, "lethe can be imported"
import numpy, torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file
torch.use_deterministic_algorithms(True)
for kind, base, folder, file, out in {jobs!r}:
    pipe = StableDiffusionPipeline.from_pretrained(folder if kind == "pipeline" else base, safety_checker=None)
    if kind == "lora":
        pipe.load_lora_weights(folder, weight_name=file)
    if kind == "partial":
        assert not pipe.unet.load_state_dict(load_file(folder + "/" + file), strict=False).unexpected_keys
    pipe.set_progress_bar_config(disable=True)
    drawn = pipe({prompt!r}, num_inference_steps=3, height=32, width=32, output_type="np", generator=torch.Generator().manual_seed(0))
    numpy.save(out, drawn.images[0])
assert not [name for name in sys.modules if name.split(".")[0] == "lethe"]
"""
PROMPT = "a photo of the digit seven"


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return 0.3 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def deltas(pipe: Pipeline) -> dict[str, Delta]:
    module = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"
    name, value = next((n, p) for n, p in pipe.text_encoder.named_parameters() if n.endswith("token_embedding.weight"))
    return {
        "lora": LoraDelta({module: (random(2, 32), random(16, 2, seed=1))}),
        "text_map": TextMapDelta(random(2, 32), random(2, 32, seed=1), 0.9),
        "dense": DenseDelta({"unet.conv_in.bias": random(16)}),
        "text": DenseDelta({f"text_encoder.{name}": value.detach() + random(*value.shape)}),
    }


@pytest.fixture(scope="module")
def exported(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Delta, Form, Path]]:
    """Kind of delta -> itself, the form in which it was exported, and the folder."""
    root, found = tmp_path_factory.mktemp("exported"), {}
    for kind, delta in deltas(load_pipeline(tiny_folder)).items():
        folder = root / kind
        folder.mkdir()
        found[kind] = delta, write_model(load_pipeline(tiny_folder), delta, folder, f"objects_003_{kind}_000", kind), folder
    return found


def test_the_form_fits_what_was_changed(exported: dict[str, tuple[Delta, Form, Path]]) -> None:
    kinds = {kind: form.kind for kind, (_, form, _) in exported.items()}
    assert kinds == {"lora": "lora", "text_map": "partial", "dense": "partial", "text": "pipeline"}
    assert exported["dense"][1].file == "dense_sd_weights.safetensors"
    assert all((folder / form.file).is_file() for _, form, folder in exported.values())


def test_plain_diffusers_draws_the_same_pictures(
    exported: dict[str, tuple[Delta, Form, Path]], tiny_folder: Path, tmp_path: Path
) -> None:
    """Measured: at most 1/255, the last bit of a picture; the base itself is farther away."""
    jobs = [
        (form.kind, str(tiny_folder), str(at), form.file, f"{tmp_path}/{kind}.npy") for kind, (_, form, at) in exported.items()
    ]
    site = [place for place in sys.path if place.endswith("site-packages")]
    code = PLAIN.format(site=site, jobs=jobs, prompt=PROMPT)
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    pipe = load_pipeline(tiny_folder)
    for kind, (delta, _, _) in exported.items():
        with applied(pipe, delta):
            ours = drawn(pipe)
        theirs = np.load(tmp_path / f"{kind}.npy")
        assert np.abs(ours - theirs).max() <= 1 / 255, kind
        assert np.abs(drawn(pipe) - theirs).max() > 2 / 255, f"{kind}: not told from the base"


def drawn(pipe: Any) -> np.ndarray:
    generator = torch.Generator().manual_seed(0)
    found = pipe(PROMPT, num_inference_steps=3, height=32, width=32, output_type="np", generator=generator)
    return found.images[0]


def test_what_is_exported_comes_back(exported: dict[str, tuple[Delta, Form, Path]], tiny_folder: Path) -> None:
    """As a model of others: a LoRA and whole weights to the last bit, a map of the text as the weights that it makes."""
    pipe = load_pipeline(tiny_folder)
    for kind, (delta, form, folder) in exported.items():
        back = delta_of(form.kind, folder, pipe, tiny_folder)
        if kind != "text_map":
            assert back.digest == delta.digest, kind
        with applied(pipe, delta):
            wanted = [value.detach().clone() for value in pipe.unet.parameters()]
        with applied(pipe, back):
            assert all(torch.equal(value, other) for value, other in zip(wanted, pipe.unet.parameters(), strict=True)), kind


@pytest.mark.parametrize(
    ("delta", "message"),
    [
        (
            SuppressEotDelta((torch.tensor([3]),)),
            r"m: a 'suppress_eot' delta acts while a picture is drawn, so no weights are the model",
        ),
        (NoneDelta(), "m: changes nothing, it is the base"),
    ],
)
def test_what_has_no_weights_is_refused_by_name(delta: Delta, message: str, tiny_pipe: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=message):
        write_model(tiny_pipe, delta, tmp_path, "m", "seot")
    assert list(tmp_path.iterdir()) == []


RECORD = {
    "model": "objects_003_uce_000",
    "emitter": {"index": 3, "name": "a three", "prompt": "An image of a three"},
    "method": "uce",
    "hyperparameters": {"erase_scale": 1.0},
    "seed": 0,
    "seconds": 1.25,
    "kind": "text_map",
    "torch": "2.13.0",
}
ABOUT = {"title": "UCE", "paper": "arXiv 2308.14761"}
HUB = BaseOf("sd", "CompVis/stable-diffusion-v1-4", "0" * 40, "creativeml-openrail-m", "ab" * 32)
COST = Cost(["quantity", "forgotten"], [["RMSE ↓", "0.1"]], "What it is.")


@pytest.mark.parametrize(
    "form", [Form("lora", "pytorch_lora_weights.safetensors"), Form("partial", "uce_sd_weights.safetensors")]
)
def test_the_card_is_one_that_the_hub_reads(form: Form) -> None:
    card = ModelCard(model_card(RECORD, ABOUT, HUB, form, COST, "mini", pictures=True))
    head = card.data.to_dict()
    assert head["license"] == "creativeml-openrail-m" and head["base_model"] == "CompVis/stable-diffusion-v1-4"
    assert (
        head["library_name"] == "diffusers" and head["pipeline_tag"] == "text-to-image" and "machine-unlearning" in head["tags"]
    )
    assert ("lora" in head["tags"]) == (form.kind == "lora")
    for told in (
        "forget **a three**",
        "`An image of a three`",
        "arXiv 2308.14761",
        "| erase_scale | `1.0` |",
        "RMSE ↓",
        form.file,
    ):
        assert told in card.text
    assert "![" in card.text and "before_after.png" in card.text


def test_the_code_of_a_card_runs(exported: dict[str, tuple[Delta, Form, Path]], tiny_folder: Path) -> None:
    """As it stands there, with the places filled in."""
    for _, form, folder in exported.values():
        base = BaseOf("mine", "", "", "unknown", "cd" * 32)
        text = model_card(
            RECORD | {"emitter": RECORD["emitter"] | {"prompt": PROMPT}}, ABOUT, base, form, None, "mini", pictures=False
        )
        code = text.partition("```python\n")[2].partition("```")[0]
        code = code.replace("path/of/the/base", str(tiny_folder)).replace("path/of/this/folder", str(folder))
        code = code.replace(f"pipe({PROMPT!r}).images[0].show()", "")
        exec(compile(code, "README.md", "exec"), {})
        assert "Not measured" in text and "Nobody told its licence" in text


def test_what_a_model_cost_is_read_from_the_tables(tmp_path: Path) -> None:
    other = {
        "one": {"rmse": 0.1, "clip_diff": -3.0},
        "two": {"rmse": 0.3, "clip_diff": 1.0},
        "six_7": {"rmse": None, "clip_diff": 0.0},
    }
    (tmp_path / "i.json").write_text(json.dumps({"three": {"rmse": 0.5, "clip_diff": -50.0}, **other}))
    (tmp_path / "f.json").write_text(json.dumps({"rmse": {"low": 0.2, "high": 0.25}}))
    rows = cost_of_entity(tmp_path / "i.json", tmp_path / "f.json", "three").rows
    assert [row[1:] for row in rows] == [
        ["0.5", "0.2", "0.3 (two)", "0.2 to 0.25"],
        ["-50", "-0.6667", "-3 (one)", "not measured"],
    ]
    base = {"method": "base", "concept": 0, "ua_1": 0.0, "ira_1": 1.0, "cra_1": 1.0}
    found = cost_of_concept([base, base | {"method": "uce", "ua_1": 0.9, "ira_1": 0.8}], "uce", 0)
    assert found is not None and found.rows == [["base", "0", "1", "1"], ["uce", "0.9", "0.8", "1"]]
    assert cost_of_concept([base], "uce", 0) is None

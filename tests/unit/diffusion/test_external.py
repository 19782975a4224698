"""Models that others made: every form of file means what diffusers makes of it, and what does not fit is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file
from torch import Tensor

from lethe.diffusion.delta import DenseDelta, LoraDelta, applied
from lethe.diffusion.external.convert import delta_of
from lethe.diffusion.external.files import LORA_FILE, check_model, folder_shapes, weights_of
from lethe.diffusion.external.names import ExternalError
from lethe.diffusion.pipeline import Pipeline, load_pipeline
from lethe.io.tables import CorruptFileError

SELF = "mid_block.attentions.0.transformer_blocks.0.attn1"
CROSS = "down_blocks.0.attentions.0.transformer_blocks.0.attn2"
MODULES = {f"{SELF}.to_q": (32, 32), f"{CROSS}.to_k": (16, 32), f"{SELF}.to_out.0": (32, 32)}  # (out, in)
TEXT = [f"text_model.encoder.layers.1.self_attn.{name}" for name in ("q_proj", "out_proj")]
Tensors = dict[str, Tensor]


def factors(rank: int = 2) -> dict[str, tuple[Tensor, Tensor]]:
    drawn = torch.Generator().manual_seed(0)
    shapes = {**{f"unet.{name}": shape for name, shape in MODULES.items()}, **{f"text_encoder.{name}": (32, 32) for name in TEXT}}
    return {
        name: (torch.randn(rank, shape[1], generator=drawn), torch.randn(shape[0], rank, generator=drawn))
        for name, shape in shapes.items()
    }


def of_diffusers(alpha: float | None = None) -> tuple[Tensors, dict[str, str]]:
    found = {
        f"{name}.lora_{ab}.weight": tensor for name, pair in factors().items() for ab, tensor in zip("AB", pair, strict=True)
    }
    if alpha is None:
        return found, {"format": "pt"}
    told = {f"{part}.{key}": value for part in ("unet", "text_encoder") for key, value in (("r", 2), ("lora_alpha", alpha))}
    listed = {f"{part}.target_modules": ["to_q", "to_k", "to_out.0", "q_proj", "out_proj"] for part in ("unet", "text_encoder")}
    return found, {"format": "pt", "lora_adapter_metadata": json.dumps(told | listed)}


def of_kohya(alpha: float | None) -> tuple[Tensors, dict[str, str]]:
    found: Tensors = {}
    for name, (down, up) in factors().items():
        component, _, module = name.partition(".")
        flat = ("lora_unet_" if component == "unet" else "lora_te_") + module.replace(".", "_")
        found |= {f"{flat}.lora_down.weight": down, f"{flat}.lora_up.weight": up}
        if alpha is not None:
            found[f"{flat}.alpha"] = torch.tensor(alpha)
    return found, {}


def of_old_diffusers() -> tuple[Tensors, dict[str, str]]:
    found: Tensors = {}
    for name, (down, up) in factors().items():
        place = f"{name}.lora_linear_layer"
        if name.startswith("unet."):
            parent, _, layer = name.replace("to_out.0", "to_out").rpartition(".")
            place = f"{parent}.processor.{layer}_lora"
        found |= {f"{place}.down.weight": down, f"{place}.up.weight": up}
    return found, {}


LORAS: dict[str, Callable[[], tuple[Tensors, dict[str, str]]]] = {
    "diffusers": of_diffusers,
    "diffusers, alpha in its header": lambda: of_diffusers(6.0),
    "diffusers of old": of_old_diffusers,
    "kohya": lambda: of_kohya(1.0),
    "kohya, no alpha": lambda: of_kohya(None),
}


def weights(pipe: object) -> Tensors:
    parts = [("unet", pipe.unet), ("text_encoder", pipe.text_encoder)]  # type: ignore[attr-defined]
    return {
        f"{part}.{name}".replace("text_model.", ""): value.detach().clone()
        for part, of in parts
        for name, value in of.named_parameters()
    }


def changed(pipe: Pipeline, delta: object) -> Tensors:
    with applied(pipe, delta):  # type: ignore[arg-type]
        return weights(pipe)


@pytest.mark.parametrize("form", LORAS)
def test_a_lora_means_what_diffusers_makes_of_it(form: str, tiny_pipe: Pipeline, tiny_folder: Path, tmp_path: Path) -> None:
    tensors, header = LORAS[form]()
    save_file(tensors, tmp_path / LORA_FILE, metadata=header)
    ours = changed(tiny_pipe, delta_of("lora", tmp_path, tiny_pipe, tiny_folder))
    oracle = StableDiffusionPipeline.from_pretrained(tiny_folder, safety_checker=None)
    oracle.load_lora_weights(tmp_path, weight_name=LORA_FILE)
    oracle.fuse_lora()
    oracle.unload_lora_weights()
    theirs, base = weights(oracle), weights(tiny_pipe)
    moved = [name for name in theirs if not torch.equal(theirs[name], base[name])]
    assert len(moved) == 5
    for name, value in theirs.items():
        assert torch.allclose(ours[name], value, atol=1e-5), name


def test_a_scale_of_minus_one_inverts(tiny_pipe: Pipeline, tiny_folder: Path, tmp_path: Path) -> None:
    save_file(of_kohya(1.0)[0], tmp_path / "theirs.safetensors")
    base = weights(tiny_pipe)
    forward, backward = (changed(tiny_pipe, delta_of("lora", tmp_path, tiny_pipe, tiny_folder, scale)) for scale in (1.0, -1.0))
    for name, value in base.items():
        assert torch.allclose(forward[name] - value, value - backward[name], atol=1e-5)
    assert not torch.equal(forward[f"unet.{SELF}.to_q.weight"], base[f"unet.{SELF}.to_q.weight"])


@pytest.mark.parametrize("prefix", ["", "unet."])
def test_partial_weights_replace_and_what_is_the_base_is_left_out(
    prefix: str, tiny_pipe: Pipeline, tiny_folder: Path, tmp_path: Path
) -> None:
    base = dict(tiny_pipe.unet.named_parameters())
    key, bias = f"{CROSS}.to_k.weight", "conv_in.bias"
    new = base[key].detach() + 0.25
    save_file({prefix + key: new, prefix + bias: base[bias].detach().half()}, tmp_path / "uce_sd_weights.safetensors")
    delta = delta_of("partial", tmp_path / "uce_sd_weights.safetensors", tiny_pipe, tiny_folder)
    assert isinstance(delta, DenseDelta) and list(delta.values) == [f"unet.{key}"]
    assert torch.equal(delta.values[f"unet.{key}"], new)


def test_a_folder_is_the_weights_that_differ(tiny_pipe: Pipeline, tiny_folder: Path, tmp_path: Path) -> None:
    other = StableDiffusionPipeline.from_pretrained(tiny_folder, safety_checker=None)
    with torch.no_grad():
        other.unet.conv_in.bias += 0.5
        other.text_encoder.get_parameter(next(iter(dict(other.text_encoder.named_parameters())))).mul_(1.5)
    other.save_pretrained(tmp_path / "theirs")
    delta = delta_of("pipeline", tmp_path / "theirs", tiny_pipe, tiny_folder)
    assert {name.split(".")[0] for name in delta.tensors()} == {"unet", "text_encoder"} and len(delta.tensors()) == 2
    expected, found = weights(other), changed(tiny_pipe, delta)
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_a_folder_in_half_precision_differs_only_where_it_was_changed(tiny_folder: Path, tmp_path: Path) -> None:
    half = StableDiffusionPipeline.from_pretrained(tiny_folder, safety_checker=None).to(dtype=torch.float16)
    with torch.no_grad():
        half.unet.conv_out.bias += 1
    half.save_pretrained(tmp_path / "theirs")
    delta = delta_of("pipeline", tmp_path / "theirs", load_pipeline(tiny_folder), tiny_folder)
    assert list(delta.tensors()) == ["unet.conv_out.bias"]


def test_another_autoencoder_is_refused(tiny_pipe: Pipeline, tiny_folder: Path, tmp_path: Path) -> None:
    other = StableDiffusionPipeline.from_pretrained(tiny_folder, safety_checker=None)
    with torch.no_grad():
        other.vae.decoder.conv_in.bias += 1
        other.unet.conv_in.bias += 1
    other.save_pretrained(tmp_path / "theirs")
    with pytest.raises(
        ExternalError, match=r"'vae\.decoder\.conv_in\.bias' is not the base's; allowed: changes of UNet and text"
    ):
        delta_of("pipeline", tmp_path / "theirs", tiny_pipe, tiny_folder)


def lora_with(changes: Tensors, without: str = "\0") -> Tensors:
    found = of_diffusers()[0] | changes
    return {name: value for name, value in found.items() if without not in name}


KEY = f"unet.{SELF}.to_q.lora_A.weight"
REFUSED = [
    ("lora", lora_with({}, without="to_q.lora_B"), rf"'{KEY}' has no up factor beside it"),
    (
        "lora",
        lora_with({KEY.replace("mid_block", "mid_blok"): torch.zeros(2, 32)}),
        r"of no module of the base .*did you mean 'unet\.mid_block",
    ),
    ("lora", lora_with({KEY: torch.zeros(2, 31)}), rf"'{KEY}' and .* change a weight of 32 x 31; that of .* is \(32, 32\)"),
    ("lora", lora_with({KEY: torch.zeros(3, 32)}), r"allowed: \(rank, in\) and \(out, rank\)"),
    ("lora", lora_with({KEY: torch.full((2, 32), float("nan"))}), rf"'{KEY}' holds NaN or infinity"),
    ("lora", lora_with({KEY: torch.zeros(2, 32, dtype=torch.int64)}), r"is I64; allowed are F64, F32, F16, BF16"),
    ("lora", lora_with({KEY.replace("lora_A", "hada_w1_a"): torch.zeros(2, 32)}), "is of LoHa; allowed: LoRA"),
    ("lora", lora_with({"text_encoder_2.text_model.x.lora_A.weight": torch.zeros(2, 32)}), "belongs to Stable Diffusion XL"),
    ("lora", {"conv_in.bias": torch.zeros(16)}, "no key of a LoRA; .*; whole weights\\? then kind: partial"),
    ("partial", lora_with({}), "is no parameter of the base; a LoRA\\? then kind: lora"),
    (
        "partial",
        {"conv_im.bias": torch.zeros(16)},
        r"'conv_im\.bias' is no parameter of the base; did you mean 'unet\.conv_in\.bias'",
    ),
    ("partial", {"conv_in.bias": torch.zeros(15)}, r"'conv_in\.bias' is \(15,\), the base's 'unet\.conv_in\.bias' \(16,\)"),
    ("partial", {"conv_in.bias": torch.full((16,), float("inf"))}, r"'conv_in\.bias' holds NaN or infinity"),
    ("partial", {"model.diffusion_model.out.2.bias": torch.zeros(4)}, "a name of CompVis; .*lethe convert"),
    ("partial", {}, "holds no weight of UNet or text encoder"),
]


@pytest.mark.parametrize(("kind", "tensors", "message"), REFUSED)
def test_what_does_not_fit_is_refused_by_name(
    kind, tensors: Tensors, message: str, tiny_pipe: Pipeline, tiny_folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "theirs.safetensors"
    save_file(tensors, file)
    with pytest.raises(ExternalError, match=message) as caught:
        if "NaN" in message:  # values are read by the job
            delta_of(kind, file, tiny_pipe, tiny_folder)
        else:  # names and shapes are seen by the plan already
            check_model(kind, file, folder_shapes(tiny_folder))
    assert str(file) in str(caught.value)


def test_the_base_itself_is_no_model_of_others(tiny_pipe: Pipeline, tiny_folder: Path, tmp_path: Path) -> None:
    save_file({"conv_in.bias": tiny_pipe.unet.conv_in.bias.detach().clone()}, tmp_path / "same.safetensors")
    with pytest.raises(ExternalError, match="no weight differs from the base's; is it the base itself"):
        delta_of("partial", tmp_path, tiny_pipe, tiny_folder)


def test_which_file_of_a_folder_is_meant(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        weights_of(tmp_path / "absent")
    (tmp_path / "esd.pt").write_bytes(b"")
    with pytest.raises(ExternalError, match=r"none \(esd\.pt is a pickle\); allowed: one"):
        weights_of(tmp_path)
    with pytest.raises(ExternalError, match="a pickle, which could run code and is not read"):
        weights_of(tmp_path / "esd.pt")
    for name in ("a", "b"):
        save_file({}, tmp_path / f"{name}.safetensors")
    with pytest.raises(ExternalError, match=r"a\.safetensors, b\.safetensors; allowed: one"):
        weights_of(tmp_path)
    save_file({}, tmp_path / LORA_FILE)
    assert weights_of(tmp_path).name == LORA_FILE


def test_a_file_that_was_cut_off_is_seen_by_the_plan(tmp_path: Path, tiny_folder: Path) -> None:
    save_file(of_diffusers()[0], tmp_path / LORA_FILE)
    whole = (tmp_path / LORA_FILE).read_bytes()
    (tmp_path / LORA_FILE).write_bytes(whole[:-10])
    with pytest.raises(CorruptFileError, match="of .* that its header promises"):
        check_model("lora", tmp_path, folder_shapes(tiny_folder))


def test_a_lora_keeps_the_factors_of_its_file(tiny_pipe: Pipeline, tiny_folder: Path, tmp_path: Path) -> None:
    """So that a model of Lethe that comes back is the same to the last bit."""
    save_file(of_diffusers()[0], tmp_path / LORA_FILE)
    delta = delta_of("lora", tmp_path, tiny_pipe, tiny_folder)
    assert isinstance(delta, LoraDelta)
    down, up = factors()[f"unet.{CROSS}.to_k"]
    assert all(torch.equal(a, b) for a, b in zip(delta.factors[f"unet.{CROSS}.to_k"], (down, up), strict=True))

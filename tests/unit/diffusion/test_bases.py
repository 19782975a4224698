"""A base that cannot be unlearned is refused before it is used: by its files where they tell, else when it is taken in."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lethe.diffusion.folder import at_hand, check_folder
from lethe.diffusion.methods import METHODS
from lethe.diffusion.methods.on_bases import reason_against
from lethe.diffusion.supported import PIPELINE, PIPELINE_XL, UnusableBaseError, check_sampling, pipeline_of, prediction_of
from lethe.io.tables import CorruptFileError

UNET = "unet/diffusion_pytorch_model.safetensors"
VAE = "vae/diffusion_pytorch_model.safetensors"
TEXT = "text_encoder/model.safetensors"


@pytest.fixture
def xl(tiny_xl_folder: Path, tmp_path: Path) -> Path:
    """A copy of the tiny pipeline of XL that a test may spoil."""
    return shutil.copytree(tiny_xl_folder, tmp_path / "own")


@pytest.fixture
def base(tiny_folder: Path, tmp_path: Path) -> Path:
    """A copy of the tiny pipeline that a test may spoil."""
    return shutil.copytree(tiny_folder, tmp_path / "own")


def edit(file: Path, **values: Any) -> None:
    """Set keys of a JSON file; ``...`` removes one."""
    config = json.loads(file.read_text()) | values
    file.write_text(json.dumps({key: value for key, value in config.items() if value is not ...}))


def spoil(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(file)
    change(tensors)
    save_file(tensors, file, metadata={"format": "pt"})


def split(file: Path, parts: int) -> None:
    """A weight file as diffusers and transformers write one that is too large: in parts, with an index."""
    from safetensors.torch import load_file, save_file

    tensors, stem, place = load_file(file), file.name.removesuffix(".safetensors"), {}
    for part in range(parts):
        name = f"{stem}-{part + 1:05d}-of-{parts:05d}.safetensors"
        held = sorted(tensors)[part::parts]
        save_file({key: tensors[key] for key in held}, file.with_name(name), metadata={"format": "pt"})
        place |= dict.fromkeys(held, name)
    index = {"metadata": {"total_size": sum(t.numel() * t.element_size() for t in tensors.values())}, "weight_map": place}
    file.with_name(f"{stem}.safetensors.index.json").write_text(json.dumps(index))
    file.unlink()


def test_a_plan_can_ask_without_torch(tiny_folder: Path) -> None:
    code = (
        "import sys\nfrom lethe.diffusion.folder import check_folder\nfrom lethe.diffusion.supported import check_sampling\n"
        f"check_folder({str(tiny_folder)!r})\ncheck_sampling({str(tiny_folder)!r}, 'pndm', 32)\n"
        "assert not {'torch', 'diffusers', 'transformers', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("StableDiffusionXLInpaintPipeline", "a mask beside the latents"),
        ("StableDiffusionXLImg2ImgPipeline", "refines pictures"),
        ("StableDiffusionInpaintPipeline", "9 channels"),
        ("FluxPipeline", "flow matching"),
        ("AnythingElsePipeline", "a base must be a StableDiffusionPipeline"),
        (["custom", "MyPipeline"], "MyPipeline.*a base must be"),
        (None, "a base must be"),
    ],
)
def test_another_pipeline_is_refused_by_its_class(base: Path, name: Any, reason: str) -> None:
    edit(base / "model_index.json", _class_name=name)
    shutil.rmtree(base / "unet")  # a pipeline without a UNet is not one that lacks files
    with pytest.raises(UnusableBaseError, match=reason):
        check_folder(base)


@pytest.mark.parametrize(
    ("file", "values", "said"),
    [
        ("model_index.json", {"text_encoder_2": ["transformers", "CLIPTextModel"]}, r"component 'text_encoder_2' .*not used"),
        ("model_index.json", {"text_encoder": ["transformers", "CLIPTextModelWithProjection"]}, "allowed: CLIPTextModel"),
        ("model_index.json", {"unet": ["diffusers", "UNet2DModel"]}, "allowed: UNet2DConditionModel"),
        ("unet/config.json", {"in_channels": 9}, r"in_channels is 9 \(an inpainting model\?\), but .*latent_channels is 4"),
        ("unet/config.json", {"out_channels": 8}, "out_channels is 8"),
        ("unet/config.json", {"addition_embed_type": "text_time"}, "addition_embed_type is 'text_time'.*must be null"),
        ("unet/config.json", {"class_embed_type": "timestep"}, "class_embed_type is 'timestep'"),
        ("unet/config.json", {"num_class_embeds": 10}, "num_class_embeds is 10"),
        ("unet/config.json", {"encoder_hid_dim": 64}, "encoder_hid_dim is 64"),
        ("unet/config.json", {"time_cond_proj_dim": 256}, "time_cond_proj_dim is 256, so each pass wants the guidance scale"),
        ("unet/config.json", {"cross_attention_dim": 48}, "cross_attention_dim is 48, but .*hidden_size is 32"),
        ("unet/config.json", {"down_block_types": ["DownBlock2D", "DownBlock2D"]}, "read no text"),
        ("unet/config.json", {"_class_name": "UNet2DModel"}, "_class_name is 'UNet2DModel'"),
        ("unet/config.json", {"quantization_config": {"bits": 4}}, "must not be quantised"),
        ("vae/config.json", {"latent_channels": 16}, "latent_channels is 16"),
        ("vae/config.json", {"_class_name": "AutoencoderTiny"}, "allowed: AutoencoderKL"),
        ("vae/config.json", {"shift_factor": 0.1159}, "shift_factor is 0.1159"),
        ("vae/config.json", {"scaling_factor": 0}, "scaling_factor is 0"),
        ("text_encoder/config.json", {"hidden_size": 64}, "hidden_size is 64"),
        ("text_encoder/config.json", {"architectures": ["CLIPModel"]}, r"architectures is \['CLIPModel'\]"),
        ("tokenizer/tokenizer_config.json", {"model_max_length": 77}, "model_max_length is 77; allowed: 2 to the 12 positions"),
        ("tokenizer/tokenizer_config.json", {"model_max_length": ...}, "model_max_length is None"),
        ("scheduler/scheduler_config.json", {"prediction_type": "flow_prediction"}, "allowed: epsilon, v_prediction"),
        ("scheduler/scheduler_config.json", {"beta_start": ...}, "beta_start is missing"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_is_allowed(base: Path, file: str, values: Any, said: str) -> None:
    edit(base / file, **values)
    with pytest.raises(UnusableBaseError, match=rf"(?s){base}.*{file}: .*{said}"):
        check_folder(base)


@pytest.mark.parametrize(
    ("file", "values", "said"),
    [
        ("model_index.json", {"text_encoder": [None, None]}, "text_encoder is null; allowed: CLIPTextModel"),
        ("model_index.json", {"text_encoder_2": ["transformers", "CLIPTextModel"]}, "allowed: CLIPTextModelWithProjection"),
        ("model_index.json", {"requires_aesthetics_score": True}, r"requires_aesthetics_score is set \(a refiner\?\)"),
        ("unet/config.json", {"cross_attention_dim": 32}, r"cross_attention_dim is 32, but .*hidden_size is 32 \+ 48"),
        ("unet/config.json", {"addition_embed_type": ...}, "addition_embed_type is None; allowed: 'text_time'"),
        ("unet/config.json", {"addition_time_embed_dim": 16}, "projection_class_embeddings_input_dim is 88, but .* are 136"),
        ("unet/config.json", {"class_embed_type": "timestep"}, "class_embed_type is 'timestep'"),
        ("text_encoder_2/config.json", {"projection_dim": 64}, "projection_class_embeddings_input_dim is 88"),
        ("text_encoder_2/config.json", {"architectures": ["CLIPTextModel"]}, "allowed: CLIPTextModelWithProjection"),
        ("text_encoder_2/config.json", {"quantization_config": {"bits": 4}}, "must not be quantised"),
        ("tokenizer_2/tokenizer_config.json", {"model_max_length": 10}, "model_max_length is 10, that of tokenizer 12"),
        ("tokenizer_2/tokenizer_config.json", {"model_max_length": 77}, "allowed: 2 to the 12 positions"),
        ("vae/config.json", {"latents_mean": [0.1] * 4}, "not applied to latents"),
        ("scheduler/scheduler_config.json", {"prediction_type": "flow"}, "allowed: epsilon, v_prediction"),
    ],
)
def test_a_value_of_xl_that_does_not_fit(xl: Path, file: str, values: Any, said: str) -> None:
    check_folder(xl)
    assert pipeline_of(xl) == PIPELINE_XL
    edit(xl / file, **values)
    with pytest.raises(UnusableBaseError, match=rf"(?s){xl}.*{said}"):
        check_folder(xl)


def test_the_second_text_encoder_of_xl_is_examined_too(xl: Path, tmp_path: Path) -> None:
    from lethe.diffusion.intake import take_in
    from lethe.diffusion.pipeline import load_pipeline

    take_in(xl, tmp_path / "copy")
    check_folder(tmp_path / "copy")
    weights = xl / "text_encoder_2/model.safetensors"
    kept = weights.read_bytes()
    spoil(weights, lambda tensors: tensors["text_projection.weight"].fill_(float("nan")))
    with pytest.raises(UnusableBaseError, match="'text_projection.weight' of text_encoder_2 holds NaN"):
        take_in(xl, tmp_path / "again")
    spoil(weights, lambda tensors: tensors.pop("text_projection.weight"))
    with pytest.raises(
        CorruptFileError, match=r"text_encoder_2: tensor 'text_projection\.weight' of model\.safetensors is missing"
    ):
        load_pipeline(xl)
    weights.write_bytes(kept[:-1000])
    with pytest.raises(CorruptFileError, match=f"{weights}: .*that its header promises"):
        check_folder(xl)
    weights.unlink()
    with pytest.raises(FileNotFoundError, match=r"missing: text_encoder_2/\*\.safetensors"):
        check_folder(xl)


def test_all_faults_of_a_base_are_one_message(base: Path) -> None:
    edit(base / "unet/config.json", in_channels=9, addition_embed_type="text_time")
    edit(base / "scheduler/scheduler_config.json", prediction_type="sample")
    with pytest.raises(UnusableBaseError) as caught:
        check_folder(base)
    assert str(caught.value).count("\n  - ") == 3


def test_a_tokenizer_needs_its_vocabulary(base: Path) -> None:
    (base / "tokenizer/tokenizer.json").write_text("")
    with pytest.raises(UnusableBaseError, match="tokenizer: no vocabulary"):
        check_folder(base)


def test_a_broken_configuration_is_named_and_stays(base: Path) -> None:
    (base / "unet/config.json").write_text("[1, 2]")
    with pytest.raises(CorruptFileError, match=r"unet/config\.json: not a configuration") as caught:
        check_folder(base)
    assert "delete" not in str(caught.value)


@pytest.mark.parametrize("name", ["model.safetensors", "v1-5-pruned.ckpt"])
def test_a_single_file_checkpoint(tmp_path: Path, name: str) -> None:
    (tmp_path / "around").mkdir()
    (tmp_path / "around" / name).write_bytes(b"anything")
    for path in (tmp_path / "around" / name, tmp_path / "around"):
        with pytest.raises(UnusableBaseError, match=r"single-file checkpoint; .* with `config`, or .*lethe convert"):
            check_folder(path)
    with pytest.raises(FileNotFoundError, match="no such pipeline folder"):
        check_folder(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:-1000]), r"\d+ bytes, of \d+ that its header promises"),
        (lambda file: file.write_bytes(file.read_bytes()[:100]), "its beginning only"),
        (lambda file: file.write_bytes(b""), "0 bytes that are no safetensors file"),
        (lambda file: file.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "git lfs pull"),
        (lambda file: file.write_bytes(b"\x08" + bytes(7) + b"not json" + bytes(50)), "not a safetensors file"),
    ],
)
@pytest.mark.parametrize("weights", [UNET, TEXT])
def test_a_damaged_weight_file_is_named(base: Path, weights: str, damage: Callable[[Path], object], said: str) -> None:
    damage(base / weights)
    with pytest.raises(CorruptFileError, match=f"{base / weights}: .*{said}") as caught:
        check_folder(base)
    assert "delete" not in str(caught.value)


def test_pickles_other_names_and_quantised_weights_are_not_read(base: Path) -> None:
    import torch

    spoil(base / VAE, lambda tensors: tensors.update(extra=torch.zeros(2).to(torch.float8_e4m3fn)))
    with pytest.raises(CorruptFileError, match="'extra' is F8_E4M3; .* no quantised weights"):
        check_folder(base)
    (base / VAE).rename(base / "vae/model.safetensors")
    with pytest.raises(FileNotFoundError, match=r"vae/diffusion_pytorch_model\.safetensors: .*there is model\.safetensors"):
        check_folder(base)
    (base / "vae/model.safetensors").rename(base / "vae/diffusion_pytorch_model.bin")
    with pytest.raises(FileNotFoundError, match=r"the \.bin there is a pickle"):
        check_folder(base)


def test_weights_in_parts_need_all_of_them(base: Path) -> None:
    split(base / UNET, 2)
    check_folder(base)
    (base / "unet/diffusion_pytorch_model-00002-of-00002.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"00002-of-00002\.safetensors: no such file, though .*index\.json names it"):
        check_folder(base)
    index = base / "unet/diffusion_pytorch_model.safetensors.index.json"
    edit(index, weight_map={"a": "../../etc/passwd"})
    with pytest.raises(CorruptFileError, match="files beside the index"):
        check_folder(base)
    index.unlink()
    with pytest.raises(FileNotFoundError, match=r"index\.json: no such file, though the weights beside it are in parts"):
        check_folder(base)


def test_what_the_settings_ask_of_a_base(base: Path) -> None:
    with pytest.raises(ValueError, match="generation.size is 30, allowed are multiples of 4"):
        check_sampling(base, "ddim", 30)
    edit(base / "scheduler/scheduler_config.json", rescale_betas_zero_snr=True, prediction_type="v_prediction")
    check_sampling(base, "ddim", 32)
    with pytest.raises(ValueError, match="'pndm' does not know; allowed for this base: ddim"):
        check_sampling(base, "pndm", 32)
    check_folder(base)
    assert prediction_of(base) == "v_prediction" and pipeline_of(base) == PIPELINE


def test_what_is_said_of_a_method_that_cannot_unlearn_a_base() -> None:
    assert [name for name in METHODS.names() if reason_against(name, "v_prediction", PIPELINE)] == ["munba_published"]
    assert reason_against("munba_published", "v_prediction", PIPELINE).startswith("its prediction_type is 'v_prediction', and ")
    able = "methods for this base: distil, distil_module, distil_weight, esd, esd_noised, noise, none, sham, uce"
    assert reason_against("ca", "epsilon", PIPELINE_XL).endswith(able) and reason_against("ca", "", PIPELINE_XL).endswith(able)
    assert not any(reason_against(name, *known) for name in METHODS.names() for known in (("epsilon", PIPELINE), ("", "")))


def test_the_table_of_the_page_is_what_the_code_says() -> None:
    """Every method stands in one row: works with bases that predict the noise, v, and with XL."""
    page = (Path(__file__).parents[3] / "docs/bases.md").read_text()
    rows = re.findall(
        r"^\| (`[a-z_`, ]+`)(?: \(.+\))? \| (.+) \| (.+) \| (.+) \|$", page.split("| method | predicts the noise |")[1], re.M
    )
    told = {name: answers for names, *answers in rows for name in re.findall(r"`(\w+)`", names)}
    known = [("epsilon", PIPELINE), ("v_prediction", PIPELINE), ("epsilon", PIPELINE_XL)]
    code = {name: ["no" if reason_against(name, *base) else "yes" for base in known] for name in METHODS.names()}
    assert told.pop("retrain")[0] == "bases that are trained here" and code.pop("retrain")[2] == "no"
    assert told == code


def test_where_a_base_is_read_before_it_is_taken_in(base: Path, tmp_path: Path) -> None:
    gone, copy = tmp_path / "gone", tmp_path / "results"
    here = {"path": "./gone", "revision": ""}
    assert at_hand(base, copy, here) == base and at_hand(gone, copy, here) == gone and at_hand(None, copy, here) is None
    copy.mkdir()
    (copy / "base.json").write_text(json.dumps({"files": {}, "provenance": here}))
    assert at_hand(base, copy, here) == base and at_hand(gone, copy, here) == copy
    assert at_hand(gone, copy, {"path": "./other", "revision": ""}) == gone  # a copy of something else


# --- with weights ---------------------------------------------------------------------------------------------------


def same(a: Any, b: Any) -> None:
    import torch

    for part in ("unet", "vae", "text_encoder"):
        left, right = (getattr(pipe, part).state_dict() for pipe in (a, b))
        assert left.keys() == right.keys()
        for name, tensor in left.items():
            torch.testing.assert_close(tensor, right[name], rtol=1e-3, atol=1e-4)


def test_weights_in_parts_and_variants_are_taken_in_as_a_plain_folder(base: Path, tiny_pipe: Any, tmp_path: Path) -> None:
    import torch

    from lethe.diffusion.intake import take_in
    from lethe.diffusion.pipeline import load_pipeline

    split(base / UNET, 2)
    split(base / TEXT, 1)
    half = lambda tensors: tensors.update({name: tensor.half() for name, tensor in tensors.items()})  # noqa: E731
    spoil(base / VAE, half)
    (base / VAE).rename(base / "vae/diffusion_pytorch_model.fp16.safetensors")
    take_in(base, tmp_path / "copy")
    for file in (UNET, VAE, TEXT):
        assert [path.name for path in (tmp_path / "copy" / file).parent.glob("*.safetensors")] == [Path(file).name]
    taken = load_pipeline(tmp_path / "copy")
    assert {p.dtype for p in taken.vae.parameters()} == {torch.float32}
    same(taken, tiny_pipe)


def test_a_whole_folder_of_the_fp16_variant(base: Path, tiny_pipe: Any) -> None:
    from lethe.diffusion.pipeline import load_pipeline

    for file in (UNET, VAE, TEXT):
        (base / file).rename(base / file.replace(".safetensors", ".fp16.safetensors"))
    same(load_pipeline(base), tiny_pipe)


def test_names_of_the_published_files_are_understood(base: Path, tiny_pipe: Any) -> None:
    """Stable Diffusion v1.4's files are older than their libraries: other names in the VAE's attention and in the text encoder."""
    import torch

    from lethe.diffusion.pipeline import load_pipeline

    old = {".to_q.": ".query.", ".to_k.": ".key.", ".to_v.": ".value.", ".to_out.0.": ".proj_attn."}

    def rename(tensors: dict[str, Any], new_name: Callable[[str], str]) -> None:
        renamed = {new_name(name): tensor for name, tensor in tensors.items()}
        tensors.clear()
        tensors |= renamed

    def older(name: str) -> str:
        return next((name.replace(new, before) for new, before in old.items() if new in name), name)

    spoil(base / VAE, lambda tensors: rename(tensors, older))
    spoil(base / TEXT, lambda tensors: rename(tensors, "text_model.{}".format))
    spoil(base / TEXT, lambda tensors: tensors.update({"text_model.embeddings.position_ids": torch.arange(12)[None]}))
    same(load_pipeline(base), tiny_pipe)


@pytest.mark.parametrize("weights", [UNET, VAE, TEXT])
@pytest.mark.parametrize("fault", ["missing", "another shape"])
def test_a_tensor_that_the_configuration_wants_is_named(base: Path, weights: str, fault: str) -> None:
    from safetensors import safe_open

    from lethe.diffusion.pipeline import load_pipeline

    with safe_open(base / weights, "pt") as file:
        name = sorted(file.keys())[7]
    spoil(base / weights, lambda t: t.pop(name) if fault == "missing" else t.update({name: t[name][:1].clone()}))
    said = "is missing" if fault == "missing" else r"is \(.*\), its configuration wants \("
    with pytest.raises(CorruptFileError, match=rf"{Path(weights).parent}: tensor '{name}' of {Path(weights).name} {said}"):
        load_pipeline(base)


def test_a_tensor_that_no_configuration_wants(base: Path) -> None:
    import torch

    from lethe.diffusion.pipeline import load_pipeline

    spoil(base / TEXT, lambda tensors: tensors.update(logit_scale=torch.zeros(1)))  # old text encoders hold such
    load_pipeline(base)
    spoil(base / UNET, lambda tensors: tensors.update({"add_embedding.linear_1.weight": torch.zeros(2, 2)}))
    with pytest.raises(CorruptFileError, match=r"'add_embedding\.linear_1\.weight' .*is not known to its configuration"):
        load_pipeline(base)


@pytest.mark.parametrize("weights", [UNET, VAE, TEXT])
@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_weights_are_finite_when_a_base_is_taken_in(base: Path, tmp_path: Path, weights: str, value: float) -> None:
    from lethe.diffusion.intake import take_in

    names = []

    def put(tensors: dict[str, Any]) -> None:
        names.append(sorted(tensors)[-1])
        tensors[names[0]].view(-1)[-1] = value

    spoil(base / weights, put)
    with pytest.raises(UnusableBaseError, match=f"tensor '{names[0]}' of {Path(weights).parent} holds NaN or infinity"):
        take_in(base, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_finite_weights_that_overflow_are_found_too(base: Path, tmp_path: Path) -> None:
    from lethe.diffusion.intake import take_in

    spoil(base / VAE, lambda tensors: tensors["decoder.conv_in.weight"].fill_(3e38))
    spoil(base / VAE, lambda tensors: tensors["post_quant_conv.bias"].fill_(3e38))
    with pytest.raises(UnusableBaseError, match="vae gives NaN or infinity though its weights are finite"):
        take_in(base, tmp_path / "copy")


def test_a_vocabulary_larger_than_the_text_encoders(base: Path, tmp_path: Path) -> None:
    from lethe.diffusion.intake import take_in

    tokenizer = json.loads((base / "tokenizer/tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["surplus"] = len(tokenizer["model"]["vocab"])
    (base / "tokenizer/tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(UnusableBaseError, match=r"the tokenizer knows \d+ tokens, the text encoder \d+"):
        take_in(base, tmp_path / "copy")


def test_a_vae_of_nan_stops_generation_by_the_name_of_the_run(base: Path, tmp_path: Path) -> None:
    from lethe.diffusion.delta import NoneDelta
    from lethe.diffusion.folder import base_digest, write_base_record
    from lethe.diffusion.pixels import NotFiniteError
    from lethe.diffusion.render import render_shards
    from lethe.diffusion.testbed.receivers import Receiver
    from lethe.execution.work import WorkFolder
    from lethe.settings.generation import Generation

    spoil(base / VAE, lambda tensors: tensors["decoder.conv_out.bias"].fill_(float("nan")))
    write_base_record(base, {})
    delta = tmp_path / "models/objects_000_none_000/delta.safetensors"
    NoneDelta().save(delta, base=base_digest(base))
    for model, said in ((None, "baseline"), (delta, "objects_000_none_000")):
        with pytest.raises(
            NotFiniteError, match=f"^{said}: a 'none' model .* of the base '{base}' drew NaN for prompt 'An image of a dog'"
        ):
            render_shards(
                base,
                [model],
                [said],
                [Receiver(0, "dog", "a dog", "An image of a dog")],
                task="objects",
                world="mini",
                generation=Generation(seeds=[42, 43], steps=2),
                device="cpu",
                dtype="float32",
                work=WorkFolder(tmp_path / f"work_{said}", {}),
                tars=[tmp_path / "shard.tar"],
                indices=[tmp_path / "shard.parquet"],
            )
        assert not (tmp_path / "shard.tar").exists()

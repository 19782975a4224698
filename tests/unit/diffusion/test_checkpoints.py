"""CompVis checkpoints in and out of pipeline folders: tensor for tensor, and held against diffusers' own converter."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lethe.diffusion.compvis import check_checkpoint, compvis_names, is_convolution
from lethe.diffusion.supported import UnusableBaseError
from lethe.io.tables import CorruptFileError

STEMS = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model", "text_encoder": "model"}


def narrow(folder: Path) -> Path:
    """Every block, layer and attention of Stable Diffusion v1.5 with few channels."""
    import torch
    from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from tests.tiny_pipeline import _tokenizer
    from transformers import CLIPTextConfig, CLIPTextModel

    from lethe.diffusion.pretraining.sd14 import SCHEDULER, TEXT_ENCODER, UNET, VAE

    torch.manual_seed(0)
    tokenizer = _tokenizer(["a", "photo", "fish"])
    channels = {"block_out_channels": (8, 16, 16, 16), "norm_num_groups": 8}
    text = {"vocab_size": len(tokenizer), "hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}
    text |= {"max_position_embeddings": 12, "num_hidden_layers": 3}
    pipe = StableDiffusionPipeline(
        unet=UNet2DConditionModel(**{**UNET, **channels, "cross_attention_dim": 16, "sample_size": 8}),
        vae=AutoencoderKL(**{**VAE, **channels, "sample_size": 64}),
        text_encoder=CLIPTextModel(CLIPTextConfig(**{**TEXT_ENCODER, **text})),
        tokenizer=tokenizer,
        scheduler=PNDMScheduler(**SCHEDULER),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def like_sd15(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from lethe.diffusion.folder import write_base_record

    folder = narrow(tmp_path_factory.mktemp("narrow") / "base")
    write_base_record(folder, {})
    return folder


def tensors(folder: Path, component: str) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / component / f"{STEMS[component]}.safetensors")


def same_weights(one: Path, other: Path) -> None:
    import torch

    for component in STEMS:
        first, second = tensors(one, component), tensors(other, component)
        assert first.keys() == second.keys()
        for name in first:
            assert torch.equal(first[name], second[name]), name


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
@pytest.mark.parametrize("which", ["like_sd15", "tiny_folder"])
def test_there_and_back_tensor_for_tensor(which: str, suffix: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    from lethe.diffusion.checkpoints import from_checkpoint, to_checkpoint

    base = request.getfixturevalue(which)
    to_checkpoint(base, tmp_path / f"model{suffix}")
    from_checkpoint(tmp_path / f"model{suffix}", base, tmp_path / "back")
    same_weights(base, tmp_path / "back")


def test_diffusers_reads_what_is_written(like_sd15: Path, tmp_path: Path) -> None:
    """An independent converter: every tensor arrives, and the picture is the same."""
    import torch
    from diffusers import StableDiffusionPipeline
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint

    from lethe.diffusion.checkpoints import to_checkpoint
    from lethe.io.tensors import read_tensors

    to_checkpoint(like_sd15, tmp_path / "model.safetensors")
    held = read_tensors(tmp_path / "model.safetensors")[0]
    for component, convert in (("unet", convert_ldm_unet_checkpoint), ("vae", convert_ldm_vae_checkpoint)):
        config = json.loads((like_sd15 / component / "config.json").read_text())
        found, own = convert(dict(held), config), tensors(like_sd15, component)
        assert found.keys() == own.keys()
        assert all(torch.equal(found[name], own[name]) for name in own)
    drawn = []
    for pipe in (
        StableDiffusionPipeline.from_pretrained(like_sd15, safety_checker=None),
        StableDiffusionPipeline.from_single_file(tmp_path / "model.safetensors", config=str(like_sd15), local_files_only=True),
    ):
        pipe.set_progress_bar_config(disable=True)
        generator = torch.Generator().manual_seed(0)
        drawn.append(
            pipe("a photo fish", num_inference_steps=2, height=64, width=64, generator=generator, output_type="pt").images
        )
    assert (drawn[0] - drawn[1]).abs().max() <= 1 / 255  # equal weights; sums may be rounded otherwise at another place in memory
    assert drawn[0].std() > 0


def test_names_and_shapes_are_those_of_the_published_file() -> None:
    """A sample of ``v1-5-pruned-emaonly.safetensors``: 686 tensors of the UNet, 248 of the autoencoder, 196 of the text encoder."""
    import torch

    from lethe.diffusion.checkpoints import _shapes
    from lethe.diffusion.pretraining.sd14 import TEXT_ENCODER, UNET, VAE

    found: dict[str, tuple[int, ...]] = {}
    for component, config, count in (("unet", UNET, 686), ("vae", VAE, 248), ("text_encoder", TEXT_ENCODER, 196)):
        shapes = _shapes(component, config)
        names = compvis_names(component, shapes, config)
        assert len(set(names.values())) == len(shapes) == count
        for name, there in names.items():
            found[there] = tuple(shapes[name]) + ((1, 1) if is_convolution(component, name) else ())
    assert sum(torch.Size(shape).numel() for name, shape in found.items() if name.startswith("model.")) == 859_520_964
    published = {
        "model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3),
        "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (320, 768),
        "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.norm1.weight": (320,),
        "model.diffusion_model.input_blocks.3.0.op.weight": (320, 320, 3, 3),
        "model.diffusion_model.input_blocks.4.0.skip_connection.weight": (640, 320, 1, 1),
        "model.diffusion_model.input_blocks.11.0.out_layers.3.weight": (1280, 1280, 3, 3),
        "model.diffusion_model.middle_block.1.proj_in.weight": (1280, 1280, 1, 1),
        "model.diffusion_model.middle_block.2.emb_layers.1.bias": (1280,),
        "model.diffusion_model.output_blocks.2.1.conv.weight": (1280, 1280, 3, 3),
        "model.diffusion_model.output_blocks.5.2.conv.weight": (1280, 1280, 3, 3),
        "model.diffusion_model.output_blocks.8.2.conv.bias": (640,),
        "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.ff.net.0.proj.weight": (2560, 320),
        "model.diffusion_model.time_embed.2.weight": (1280, 1280),
        "model.diffusion_model.out.2.weight": (4, 320, 3, 3),
        "first_stage_model.encoder.down.1.block.0.nin_shortcut.weight": (256, 128, 1, 1),
        "first_stage_model.encoder.mid.attn_1.q.weight": (512, 512, 1, 1),
        "first_stage_model.encoder.norm_out.weight": (512,),
        "first_stage_model.decoder.up.0.block.2.conv2.weight": (128, 128, 3, 3),
        "first_stage_model.decoder.up.3.upsample.conv.weight": (512, 512, 3, 3),
        "first_stage_model.post_quant_conv.weight": (4, 4, 1, 1),
        "cond_stage_model.transformer.text_model.encoder.layers.11.mlp.fc1.weight": (3072, 768),
        "cond_stage_model.transformer.text_model.embeddings.position_embedding.weight": (77, 768),
    }
    assert {name: found.get(name) for name in published} == published


def test_an_unlearned_model_as_a_checkpoint(like_sd15: Path, tmp_path: Path) -> None:
    import torch

    from lethe.diffusion.checkpoints import to_checkpoint
    from lethe.diffusion.folder import base_digest
    from lethe.diffusion.kinds import DenseDelta
    from lethe.io.tensors import read_tensors

    module = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"
    value = torch.full_like(tensors(like_sd15, "unet")[module], 0.5)
    DenseDelta({f"unet.{module}": value}).save(tmp_path / "delta.safetensors", base=base_digest(like_sd15))
    to_checkpoint(like_sd15, tmp_path / "base.safetensors", dtype=torch.float16)
    to_checkpoint(like_sd15, tmp_path / "model.safetensors", tmp_path / "delta.safetensors", dtype=torch.float16)
    one, other = (read_tensors(tmp_path / f"{name}.safetensors")[0] for name in ("base", "model"))
    changed = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    assert [name for name in one if not torch.equal(one[name], other[name])] == [changed]
    assert torch.equal(other[changed], value.half())


def test_averaged_weights_are_taken_when_asked_for(like_sd15: Path, tmp_path: Path) -> None:
    """What CompVis' own training leaves behind: schedules, averaged weights, and a safety checker that somebody put in."""
    import torch

    from lethe.diffusion.checkpoints import from_checkpoint, to_checkpoint
    from lethe.diffusion.compvis import averaged_name

    to_checkpoint(like_sd15, tmp_path / "plain.ckpt")
    held = torch.load(tmp_path / "plain.ckpt", weights_only=True)["state_dict"]
    with pytest.raises(CorruptFileError, match=r"'model_ema\.diffusion_model\w+' is missing; .*averaged weights"):
        from_checkpoint(tmp_path / "plain.ckpt", like_sd15, tmp_path / "back", averaged=True)
    average = {averaged_name(name): tensor + 1 for name, tensor in held.items() if name.startswith("model.")}
    others = {"betas": torch.zeros(3), "model_ema.decay": torch.tensor(0.9), "safety_checker.x": torch.zeros(1)}
    torch.save({"state_dict": held | average | others, "global_step": 7}, tmp_path / "both.ckpt")
    from_checkpoint(tmp_path / "both.ckpt", like_sd15, tmp_path / "plain")
    same_weights(tmp_path / "plain", like_sd15)
    from_checkpoint(tmp_path / "both.ckpt", like_sd15, tmp_path / "averaged", averaged=True)
    own, found = tensors(like_sd15, "unet"), tensors(tmp_path / "averaged", "unet")
    assert all(torch.equal(found[name], own[name] + 1) for name in own)


class Code:
    """What a pickle must not bring along."""


def test_a_pickle_that_holds_more_than_tensors_is_not_read(like_sd15: Path, tmp_path: Path) -> None:
    import torch

    from lethe.diffusion.checkpoints import from_checkpoint

    torch.save({"state_dict": {"model.x": torch.zeros(1)}, "callbacks": Code()}, tmp_path / "model.ckpt")
    with pytest.raises(CorruptFileError, match=r"model\.ckpt: a pickle that holds more than tensors"):
        from_checkpoint(tmp_path / "model.ckpt", like_sd15, tmp_path / "back")
    (tmp_path / "cut.ckpt").write_bytes((tmp_path / "model.ckpt").read_bytes()[:200])
    with pytest.raises((UnusableBaseError, CorruptFileError), match=r"cut\.ckpt"):
        from_checkpoint(tmp_path / "cut.ckpt", like_sd15, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_what_is_no_checkpoint_is_named(like_sd15: Path, tiny_folder: Path, tmp_path: Path) -> None:
    import torch

    from lethe.diffusion.checkpoints import from_checkpoint, to_checkpoint
    from lethe.io.tensors import read_tensors, write_tensors

    file = tmp_path / "model.safetensors"
    to_checkpoint(like_sd15, file)
    check_checkpoint(file, like_sd15)
    with pytest.raises(FileNotFoundError, match=r"does not describe a base; missing: model_index\.json, unet/config\.json"):
        check_checkpoint(file, tmp_path)
    with pytest.raises(CorruptFileError, match=r"tensor 'model\.diffusion_model.*; .*config\.json wants"):
        from_checkpoint(file, tiny_folder, tmp_path / "back")
    held = read_tensors(file)[0]
    write_tensors(tmp_path / "unet.safetensors", {"down_blocks.0.x": torch.zeros(1)}, {})
    with pytest.raises(UnusableBaseError, match=r"holds no unet: no tensor's name begins with .*one is 'down_blocks"):
        check_checkpoint(tmp_path / "unet.safetensors", like_sd15)
    name = "first_stage_model.decoder.mid.attn_1.k.weight"
    write_tensors(file, {key: tensor for key, tensor in held.items() if key != name}, {})
    with pytest.raises(CorruptFileError, match=f"'{name}' is missing"):
        from_checkpoint(file, like_sd15, tmp_path / "back")
    second = shutil.copytree(like_sd15, tmp_path / "second")
    config = json.loads((second / "unet/config.json").read_text()) | {"use_linear_projection": True}
    (second / "unet/config.json").write_text(json.dumps(config))
    with pytest.raises(UnusableBaseError, match="Stable Diffusion 2"):
        to_checkpoint(second, tmp_path / "x.safetensors")
    with pytest.raises(ValueError, match=r"allowed: \.safetensors, \.ckpt"):
        to_checkpoint(like_sd15, tmp_path / "x.bin")


def test_a_checkpoint_is_a_base_of_the_configuration(like_sd15: Path, tmp_path: Path) -> None:
    """Taken in as any other: the same weights, the digest of its files, where it is from; NaN is found."""
    from lethe.diffusion.checkpoints import to_checkpoint
    from lethe.diffusion.folder import base_digest
    from lethe.diffusion.jobs.pretrained import take_base
    from lethe.io.tensors import read_tensors, write_tensors
    from lethe.settings.bases import Base

    file = tmp_path / "model.safetensors"
    to_checkpoint(like_sd15, file)
    settings = Base(source="pretrained", path=str(file), config=str(like_sd15))
    take_base(tmp_path / "base", settings)
    same_weights(like_sd15, tmp_path / "base")
    record = json.loads((tmp_path / "base/base.json").read_text())
    assert base_digest(tmp_path / "base") and record["provenance"] == settings.provenance
    held = read_tensors(file)[0]
    held["model.diffusion_model.out.2.bias"][0] = float("nan")
    write_tensors(file, held, {})
    with pytest.raises(UnusableBaseError, match=r"model\.safetensors: tensor 'conv_out\.bias' of unet holds NaN"):
        take_base(tmp_path / "other", settings)


def test_the_command(like_sd15: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from lethe.__main__ import main

    file, folder = str(tmp_path / "model.ckpt"), str(tmp_path / "folder")
    assert main(["convert", str(like_sd15), file]) == 0
    assert main(["convert", file, folder, "--config", str(like_sd15)]) == 0
    same_weights(like_sd15, Path(folder))
    for asked, said in (
        ([str(like_sd15), file], "exists; nothing is overwritten"),
        ([file, folder + "2"], "--config must name a pipeline folder"),
        ([str(like_sd15), folder + "2"], "one of them a file"),
        ([file, folder + "2", "--config", str(like_sd15), "--half"], "--delta and --half go with a folder"),
        ([str(tmp_path / "none.ckpt"), folder + "2", "--config", str(like_sd15)], "none.ckpt: no such checkpoint"),
    ):
        assert main(["convert", *asked]) == 2
        assert said in capsys.readouterr().err

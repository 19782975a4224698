"""Names of tensors in a CompVis checkpoint, the one file in which Stable Diffusion v1 was published first.

The file holds the whole model under the names of ``ldm.models.diffusion.ddpm.LatentDiffusion`` (github.com/CompVis/stable-diffusion), a
folder of diffusers holds its components under names of their own. One rule names both ways; each tensor keeps its values, and only the 1x1
convolutions of the autoencoder's attention have another shape: diffusers keeps them as matrices.

Imports neither torch nor diffusers, so that a plan can ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lethe.diffusion.folder import COMPONENTS
from lethe.diffusion.supported import PIPELINE, UnusableBaseError, check_class, check_configs, pipeline_of
from lethe.diffusion.weights import read_header

PREFIXES = {"unet": "model.diffusion_model.", "vae": "first_stage_model.", "text_encoder": "cond_stage_model.transformer."}
"""Component -> what its names begin with."""
AVERAGED = "model_ema."
"""What names of averaged weights of the UNet begin with; the rest is the plain name without its dots."""

_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_AROUND = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
}
_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def compvis_names(component: str, names: Iterable[str], config: Mapping[str, Any]) -> dict[str, str]:
    """Name of a tensor in a component of diffusers -> its name in the file.

    Args:
        component: a key of ``PREFIXES``.
        names: of its ``state_dict``.
        config: the content of its ``config.json``.

    Raises:
        UnusableBaseError: a name that the published model has none for.

    >>> compvis_names("unet", ["down_blocks.0.downsamplers.0.conv.bias"], {"layers_per_block": 2})
    {'down_blocks.0.downsamplers.0.conv.bias': 'model.diffusion_model.input_blocks.3.0.op.bias'}
    """
    rule = {"unet": _in_unet, "vae": _in_vae, "text_encoder": _in_text_encoder}[component]
    return {name: PREFIXES[component] + rule(name, config) for name in names}


def averaged_name(name: str) -> str:
    """The averaged weight that goes with a weight of the UNet.

    >>> averaged_name("model.diffusion_model.out.2.bias")
    'model_ema.diffusion_modelout2bias'
    """
    return AVERAGED + name.removeprefix("model.").replace(".", "")


def is_convolution(component: str, name: str) -> bool:
    """Whether a matrix of diffusers is a 1x1 convolution in the file."""
    return component == "vae" and bool(re.search(r"\.attentions\.0\.(to_q|to_k|to_v|to_out\.0)\.weight$", name))


def described_by(config: Path | None) -> list[Path]:
    """The files of a pipeline folder that describe a base whose weights are elsewhere: configurations, tokenizer, scheduler."""
    if config is None:
        return []
    files = [config / "model_index.json"]
    for component in COMPONENTS:
        own = sorted(file for file in (config / component).glob("*") if file.is_file())
        files += [file for file in own if component not in PREFIXES or file.name == "config.json"]
    return files


def check_checkpoint(path: Path, config: Path) -> None:
    """Examine a CompVis file as far as its beginning tells, and the folder whose configurations it takes: milliseconds.

    Raises:
        FileNotFoundError: no such file, or what the folder lacks.
        UnusableBaseError: not the file of a whole Stable Diffusion v1; configurations of another kind of base.
        CorruptFileError: a safetensors file that is cut off.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such checkpoint")
    if missing := [
        name for name in ("model_index.json", *(f"{c}/{file}" for c, file in COMPONENTS.items())) if not (config / name).is_file()
    ]:
        raise FileNotFoundError(f"{config} does not describe a base; missing: {', '.join(missing)}")
    check_class(config)
    if (kind := pipeline_of(config)) != PIPELINE:
        raise UnusableBaseError(
            f"{config}: a {kind}; allowed: the {PIPELINE} of a Stable Diffusion v1, which a CompVis file holds"
        )
    check_configs(config)
    if path.suffix == ".safetensors":
        check_names(path, read_header(path))


def check_names(path: Path, names: Iterable[str]) -> None:
    """Raise an ``UnusableBaseError`` unless a component of each kind is among the tensors of a file."""
    names = list(names)
    for component, prefix in PREFIXES.items():
        if not any(name.startswith(prefix) for name in names):
            other = next((name for name in names), "none")
            raise UnusableBaseError(
                f"{path}: holds no {component}: no tensor's name begins with '{prefix}' (one is '{other}'); allowed: a whole Stable "
                "Diffusion v1 under the names of CompVis"
            )


def _in_unet(name: str, config: Mapping[str, Any]) -> str:
    if config.get("use_linear_projection"):
        raise UnusableBaseError(
            "unet/config.json: use_linear_projection is set (Stable Diffusion 2); allowed: Stable Diffusion v1"
        )
    per_block = int(config.get("layers_per_block", 2)) + 1  # one more: the input or the change of size counts as a layer
    for own, there in _AROUND.items():
        if name.startswith(f"{own}."):
            placed = there + name.removeprefix(own)
            return _in_resnet(placed) if "resnets" in own else placed
    if found := re.fullmatch(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)", name):
        way, block, kind, layer, rest = found[1], int(found[2]), found[3], int(found[4]), found[5]
        if way == "down":
            if kind == "downsamplers":
                return f"input_blocks.{(block + 1) * per_block}.0.op.{rest.removeprefix('conv.')}"
            place = f"input_blocks.{1 + block * per_block + layer}"
        else:
            if kind == "upsamplers":  # behind the attention, where the block has one
                after = 2 if "CrossAttn" in config["up_block_types"][block] else 1
                return f"output_blocks.{(block + 1) * per_block - 1}.{after}.{rest}"
            place = f"output_blocks.{block * per_block + layer}"
        return _in_resnet(f"{place}.0.{rest}") if kind == "resnets" else f"{place}.1.{rest}"
    raise UnusableBaseError(f"unet: the tensor '{name}' has no name in a CompVis file; allowed: those of Stable Diffusion v1")


def _in_resnet(name: str) -> str:
    place, _, part = name.rpartition(".")
    head, _, layer = place.rpartition(".")
    return f"{head}.{_RESNET[layer]}.{part}" if layer in _RESNET else name


def _in_vae(name: str, config: Mapping[str, Any]) -> str:
    blocks = len(config["block_out_channels"])
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda found: f"mid.block_{int(found[1]) + 1}", name)
    if found := re.fullmatch(r"(.+)\.mid_block\.attentions\.0\.(.+)\.(weight|bias)", name):
        return f"{found[1]}.mid.attn_1.{_ATTENTION[found[2]]}.{found[3]}"
    name = re.sub(r"down_blocks\.(\d+)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(
        r"up_blocks\.(\d+)\.resnets", lambda found: f"up.{blocks - 1 - int(found[1])}.block", name
    )  # counted from the image
    return re.sub(r"up_blocks\.(\d+)\.upsamplers\.0", lambda found: f"up.{blocks - 1 - int(found[1])}.upsample", name)


def _in_text_encoder(name: str, config: Mapping[str, Any]) -> str:
    return name if name.startswith("text_model.") else f"text_model.{name}"  # transformers from 5 on leaves it out

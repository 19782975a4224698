"""CompVis checkpoints read and written: one file, whole, from and to a pipeline folder of diffusers.

Tensors are handled one component at a time, so that a conversion of Stable Diffusion v1 stays below 8 GB.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from diffusers.models import AutoencoderKL, UNet2DConditionModel
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

from lethe.diffusion.compvis import averaged_name, check_checkpoint, check_names, compvis_names, described_by, is_convolution
from lethe.diffusion.delta import load_delta
from lethe.diffusion.export import dense_weights
from lethe.diffusion.folder import base_digest, check_folder
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.supported import UnusableBaseError, read_config
from lethe.diffusion.weights import STEMS, weight_files
from lethe.io.atomic import atomic_path
from lethe.io.tables import CorruptFileError, readable
from lethe.io.tensors import read_tensors
from lethe.io.torch_files import read_checkpoint
from lethe.settings.bases import CHECKPOINTS

if TYPE_CHECKING:
    from torch import Tensor, nn

POSITIONS = "embeddings.position_ids"  # 0, 1, 2, ... in text encoders of old; made anew by transformers


def from_checkpoint(checkpoint: str | Path, config: str | Path, folder: str | Path, averaged: bool = False) -> None:
    """Write the pipeline folder of a CompVis file, in float32 and safetensors; tensors keep their values.

    Args:
        checkpoint: ``.safetensors``, or ``.ckpt``: a pickle, of which tensors and plain containers alone are read
            (``lethe.io.torch_files``). Tensors of other use (``betas``, a safety checker) are left out.
        config: a pipeline folder whose configurations, tokenizer and scheduler are taken; not its weights.
        folder: where to write; replaced as a whole.
        averaged: take the averaged weights of the UNet (``model_ema``), by which CompVis' own scripts draw.

    Raises:
        UnusableBaseError: not the file of a Stable Diffusion v1; no averaged weights.
        CorruptFileError: a tensor is missing or of another shape than ``config`` says; a file that cannot be read, or a pickle that
            holds more than tensors.
    """
    checkpoint, config = Path(checkpoint), Path(config)
    check_checkpoint(checkpoint, config)
    stored = _read(checkpoint)
    check_names(checkpoint, stored)
    with atomic_path(folder) as part:
        part.mkdir()
        for file in described_by(config):
            place = part / file.relative_to(config)
            place.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, place)
        for component, stem in STEMS.items():
            shapes = _shapes(component, read_config(config / component / "config.json"))
            found = _component(checkpoint, component, stored, shapes, config, averaged)
            save_file(found, part / component / f"{stem}.safetensors", metadata={"format": "pt"})


def to_checkpoint(
    base: str | Path, checkpoint: str | Path, delta: str | Path | None = None, dtype: torch.dtype = torch.float32
) -> None:
    """Write a base, or an unlearned model, as a CompVis file.

    Args:
        base: a pipeline folder.
        checkpoint: ``.safetensors``; or ``.ckpt``, a pickle of ``{"state_dict": ...}`` as CompVis' own scripts read it.
        delta: the ``delta.safetensors`` of an unlearned model on this base; None: the base itself.
        dtype: of the weights in the file.

    Raises:
        UnusableBaseError: a base that the published structure has no names for.
        ValueError: another ending; a delta of another base.
    """
    base, checkpoint = Path(base), Path(checkpoint)
    if checkpoint.suffix not in CHECKPOINTS:
        raise ValueError(f"{checkpoint}: ends in '{checkpoint.suffix}'; allowed: {', '.join(CHECKPOINTS)}")
    check_folder(base)
    changed: dict[str, Tensor] = {}
    if delta is not None:
        changed = dense_weights(load_pipeline(base), load_delta(delta, base_digest(base)))
    written: dict[str, Tensor] = {}
    for component in STEMS:
        own: dict[str, Tensor] = {}
        for file in weight_files(base, component):
            own |= read_tensors(file)[0]
        own = {name: tensor for name, tensor in own.items() if not name.endswith(POSITIONS)}
        names = compvis_names(component, own, read_config(base / component / "config.json"))
        for name, there in names.items():
            tensor = changed.pop(f"{component}.{name}", own[name]).to(dtype).contiguous()
            written[there] = tensor[..., None, None] if is_convolution(component, name) else tensor
    if changed:
        raise ValueError(f"{delta}: changes '{sorted(changed)[0]}', which {base} does not hold")
    with atomic_path(checkpoint) as part:
        if checkpoint.suffix == ".ckpt":
            torch.save({"state_dict": {name: tensor.clone() for name, tensor in written.items()}}, part)
        else:
            save_file(written, part, metadata={"format": "pt"})
            part.chmod(0o644)  # safetensors writes for its owner alone


def _read(checkpoint: Path) -> Mapping[str, Tensor]:
    """Name -> tensor, each of which is read when it is asked for."""
    if checkpoint.suffix == ".safetensors":
        return _Lazy(checkpoint)
    held = read_checkpoint(checkpoint)
    while isinstance(held, dict) and "state_dict" in held:
        held = held["state_dict"]
    if not isinstance(held, dict):
        raise UnusableBaseError(
            f"{checkpoint}: holds a {type(held).__name__}; allowed: a dictionary of tensors, itself or as 'state_dict'"
        )
    return {name: tensor for name, tensor in held.items() if isinstance(tensor, torch.Tensor)}


class _Lazy(dict[str, Any]):
    """The tensors of a safetensors file, read at each access."""

    def __init__(self, path: Path) -> None:
        with readable(path, "a readable safetensors file"), ExitStack() as stack:
            self._file = stack.enter_context(safe_open(str(path), framework="pt", device="cpu"))
            stack.pop_all()
            super().__init__(dict.fromkeys(self._file.keys()))

    def __getitem__(self, name: str) -> Tensor:
        tensor: Tensor = self._file.get_tensor(name)
        return tensor


def _shapes(component: str, config: dict[str, Any]) -> dict[str, torch.Size]:
    """Name -> shape of every tensor that a component of this configuration has; no memory is taken for its values."""
    module: nn.Module
    with torch.device("meta"):
        if component == "text_encoder":
            module = CLIPTextModel(CLIPTextConfig.from_dict(config))
        else:
            module = {"unet": UNet2DConditionModel, "vae": AutoencoderKL}[component].from_config(config)
    return {name: tensor.shape for name, tensor in module.state_dict().items()}


def _component(
    checkpoint: Path, component: str, stored: Mapping[str, Tensor], shapes: Mapping[str, torch.Size], config: Path, averaged: bool
) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for name, there in compvis_names(component, shapes, read_config(config / component / "config.json")).items():
        if averaged and component == "unet":
            there = averaged_name(there)
        if there not in stored:
            known = "averaged weights (model_ema)" if averaged and component == "unet" else "it"
            raise CorruptFileError(
                f"{checkpoint}: tensor '{there}' is missing; {config / component / 'config.json'} wants {known}"
            )
        tensor = stored[there]
        if is_convolution(component, name) and tensor.ndim == 4:
            tensor = tensor[:, :, 0, 0]
        if tensor.shape != shapes[name]:
            raise CorruptFileError(
                f"{checkpoint}: tensor '{there}' is {tuple(tensor.shape)}; {config / component / 'config.json'} wants {tuple(shapes[name])}"
            )
        found[name] = tensor.float().contiguous()
    return found

"""Files of models that others made, examined as far as their names and headers tell: milliseconds, so that a plan can ask."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from safetensors import safe_open

from lethe.diffusion.external.names import ExternalError, Shapes, lora_pairs, parameters, plain
from lethe.diffusion.folder import check_folder
from lethe.diffusion.supported import prediction_of
from lethe.diffusion.weights import read_header, weight_files
from lethe.io.tables import readable

Kind = Literal["lora", "partial", "pipeline"]
LORA_FILE = "pytorch_lora_weights.safetensors"
PICKLES = (".ckpt", ".pt", ".pth", ".bin")
CHANGED = ("unet", "text_encoder")
"""Components that a model here may change; the autoencoder is the base's."""
SCALE = "#scale"  # ends the name of the scales of a shipped tensor of 8 bits


def weights_of(path: Path) -> Path:
    """The one safetensors file that ``path`` is or holds.

    Raises:
        FileNotFoundError: there is no such path, or none in the folder.
        ExternalError: several files in the folder, none of which is called as diffusers calls a LoRA; another kind of file.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    if path.is_dir():
        found = sorted(path.glob("*.safetensors"))
        if path / LORA_FILE in found:
            return path / LORA_FILE
        if len(found) != 1:
            if (path / "model_index.json").is_file():
                raise ExternalError(f"{path}: a whole pipeline folder; allowed for it: kind: pipeline")
            pickled = sorted(file.name for file in path.iterdir() if file.suffix in PICKLES)
            names = ", ".join(file.name for file in found) or (f"none ({pickled[0]} is a pickle)" if pickled else "none")
            raise ExternalError(f"{path}: safetensors files there: {names}; allowed: one, or one called {LORA_FILE}")
        path = found[0]
    if path.suffix in PICKLES:
        raise ExternalError(
            f"{path}: a pickle, which could run code and is not read; write it as safetensors (docs/external-models.md says how)"
        )
    if path.suffix != ".safetensors":
        raise ExternalError(f"{path}: ends in '{path.suffix}'; allowed: .safetensors, or a folder with one such file")
    return path


def check_model(kind: Kind, path: Path, shapes: Shapes | None, prediction: str = "") -> None:
    """Examine a model of others without a weight being read.

    Args:
        shapes: parameters of the base; None where it is not at hand.
        prediction: what the base predicts; empty where that is not known.

    Raises:
        ExternalError: it is no such model, or does not fit the base. CorruptFileError: a file that is cut off.
        FileNotFoundError, UnusableBaseError: of a pipeline folder, see ``lethe.diffusion.folder.check_folder``.
    """
    if kind == "lora":
        file = weights_of(path)
        lora_pairs(file, read_header(file), shapes)
    elif kind == "partial":
        file = weights_of(path)
        parameters(file, read_header(file), shapes)
    else:
        _check_pipeline(path, shapes, prediction)


def _check_pipeline(path: Path, shapes: Shapes | None, prediction: str) -> None:
    if path.is_file():
        raise ExternalError(
            f"{path}: one file; make a folder of it: lethe convert {path.name} FOLDER --config PIPELINE (docs/bases.md), then kind: pipeline"
        )
    if path.is_dir() and not (path / "model_index.json").is_file():
        raise ExternalError(
            f"{path}: no model_index.json in it; allowed: a folder as diffusers writes it; of other files kind: lora or partial"
        )
    check_folder(path)
    if prediction and (own := prediction_of(path)) != prediction:
        raise ExternalError(f"{path}: predicts '{own}', the base '{prediction}'; allowed: a model made from the base")
    if shapes is None:
        return
    there = folder_shapes(path)
    for name in sorted(set(there) ^ set(shapes)):
        which = "the base has no such parameter" if name in there else "it is missing"
        raise ExternalError(f"{path}: '{name}': {which}; allowed: a model made from the base")
    for name, shape in there.items():
        if shape != shapes[name]:
            raise ExternalError(f"{path}: '{name}' is {shape}, the base's {shapes[name]}; allowed: a model made from the base")


def folder_shapes(folder: Path) -> Shapes:
    """The parameters of UNet and text encoder of a pipeline folder, from the headers of its files."""
    found: dict[str, tuple[int, ...]] = {}
    for component in CHANGED:
        for file in weight_files(folder, component):
            found |= {f"{component}.{name}": tuple(entry["shape"]) for name, entry in read_header(file).items()}
    return _known(found)


def asset_shapes(file: Path) -> Shapes:
    """The same of a checkpoint of the mini world, whose tensors are called so already; some are stored in 8 bits."""
    with readable(file, "a safetensors file"), safe_open(str(file), framework="numpy") as held:
        named = [name for name in held.keys() if name.startswith(CHANGED) and not name.endswith(SCALE)]  # noqa: SIM118
        found = {name: tuple(held.get_slice(name).get_shape()) for name in named}
    return _known(found)


def _known(shapes: Shapes) -> Shapes:
    """Without what text encoders carry beside their parameters."""
    named = {plain(name): shape for name, shape in shapes.items()}
    return {name: shape for name, shape in named.items() if not name.endswith("position_ids")}

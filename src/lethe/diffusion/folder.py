"""A base on disk: what a Stable Diffusion folder must hold, and the hashes of its files. Imports neither torch nor diffusers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lethe.diffusion.supported import PIPELINE_XL, UnusableBaseError, check_class, check_configs, pipeline_of
from lethe.diffusion.weights import read_header, weight_files
from lethe.io.hashing import sha256_data, sha256_file
from lethe.io.tables import CorruptFileError, read_json, write_json

COMPONENTS = {
    "unet": "config.json",
    "vae": "config.json",
    "text_encoder": "config.json",
    "tokenizer": "tokenizer_config.json",
    "scheduler": "scheduler_config.json",
}
COMPONENTS_XL = COMPONENTS | {"text_encoder_2": "config.json", "tokenizer_2": "tokenizer_config.json"}
UNWEIGHTED = ("tokenizer", "tokenizer_2", "scheduler")
SINGLE = (".safetensors", ".ckpt", ".pt", ".pth", ".bin")


def check_folder(folder: str | Path) -> None:
    """Examine a base as far as its files tell without a weight being read: milliseconds, so that a plan can ask.

    Raises:
        FileNotFoundError: no such folder, or one message that lists everything it lacks. Weights must be safetensors: a folder
            with pickled ``.bin`` files only counts as incomplete.
        UnusableBaseError: a single-file checkpoint; a pipeline or component of another kind; components that do not fit together.
        CorruptFileError: a configuration that cannot be read; a weight file that is cut off.
    """
    folder = Path(folder)
    _check_single_file(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such pipeline folder")
    missing, components = [], COMPONENTS
    if (folder / "model_index.json").is_file():
        check_class(folder)  # before files are missed that another kind of base does not have
        components = COMPONENTS_XL if pipeline_of(folder) == PIPELINE_XL else COMPONENTS
    else:
        missing.append("model_index.json")
    weighted = [component for component in components if component not in UNWEIGHTED]
    for component, config in components.items():
        if not (folder / component / config).is_file():
            missing.append(f"{component}/{config}")
        if component in weighted and not any((folder / component).glob("*.safetensors")):
            pickled = " (the .bin there is a pickle, which is not read)" if any((folder / component).glob("*.bin")) else ""
            missing.append(f"{component}/*.safetensors{pickled}")
    if missing:
        raise FileNotFoundError(f"{folder} is not a complete Stable Diffusion folder; missing: {', '.join(missing)}")
    check_configs(folder)
    for component in weighted:
        for file in weight_files(folder, component):
            read_header(file)


def _check_single_file(path: Path) -> None:
    """Refuse one file, or a folder around one, in which a whole pipeline is shared as a checkpoint."""
    if path.is_dir() and not (path / "model_index.json").exists() and not any((path / name).exists() for name in COMPONENTS):
        path = next((file for file in sorted(path.iterdir()) if file.suffix in SINGLE), path)
    if path.is_file() and path.suffix not in SINGLE:
        raise UnusableBaseError(f"{path}: a file; a base is a folder as diffusers writes it")
    if path.is_file():
        raise UnusableBaseError(
            f"{path}: a single-file checkpoint; give the file itself as `path` of the base, with `config`, or make a folder of it: "
            f"lethe convert {path.name} FOLDER --config PIPELINE (docs/bases.md)"
        )


def write_base_record(folder: str | Path, provenance: dict[str, Any]) -> None:
    """Write ``base.json``: the SHA-256 of every file of a pipeline folder and where it comes from."""
    folder = Path(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / "base.json")
    write_json(
        folder / "base.json",
        {"files": {path.relative_to(folder).as_posix(): sha256_file(path) for path in files}, "provenance": provenance},
    )


def at_hand(own: Path | None, finished: str | Path, provenance: dict[str, Any]) -> Path | None:
    """Where a base's files can be read: ``own``, its folder; where that is gone or a hub id (None), a copy made from the same place.

    Args:
        own: as configured, whether it exists or not.
        finished: where the copy would stand.
        provenance: what the copy's record says if it was made from there.
    """
    record = Path(finished) / "base.json"
    if (own is None or not own.exists()) and record.is_file() and read_json(record).get("provenance") == provenance:
        return Path(finished)
    return own


def base_digest(folder: str | Path) -> str:
    """One SHA-256 that names a base, from the hashes in its ``base.json``; stored in every delta on it.

    Raises:
        FileNotFoundError: if there is no ``base.json``.
        CorruptFileError: if ``base.json`` holds no table of files.
    """
    return sha256_data(_files(folder))


def vae_digest(folder: str | Path) -> str:
    """One SHA-256 that names the VAE of a base, whatever else the base holds; stored with latents that it decodes. Errors as ``base_digest``."""
    return sha256_data({name: digest for name, digest in _files(folder).items() if name.startswith("vae/")})


def _files(folder: str | Path) -> dict[str, str]:
    """File -> SHA-256, as ``base.json`` says."""
    record = read_json(Path(folder) / "base.json")
    if not isinstance(record, dict) or not isinstance(record.get("files"), dict) or not record["files"]:
        raise CorruptFileError(f"{Path(folder) / 'base.json'}: key 'files' must map file names to sha256")
    files: dict[str, str] = record["files"]
    return files

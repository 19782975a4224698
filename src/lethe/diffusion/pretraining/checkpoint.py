"""Checkpoints of vision transformers from outside: those of UnlearnCanvas' classifiers, and weights that a training starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from lethe.core.registry import nearest
from lethe.diffusion.pretraining.judge import build_judge
from lethe.io.tables import CorruptFileError
from lethe.io.tensors import first_not_finite, read_tensors
from lethe.io.torch_files import read_checkpoint
from lethe.settings.pretraining import JudgeSettings

STATE = "model_state_dict"  # key of a published checkpoint
PREFIX, HEAD = "model.", "head."  # what precedes the names in a judge; the parameters that tell classes


def read_classifier(path: Path, classes: Sequence[str], settings: JudgeSettings) -> dict[str, torch.Tensor]:
    """The tensors of a judge from a published checkpoint, ``{"model_state_dict": {timm's names: tensor}}``, float32.

    Args:
        classes: in the order of the outputs.
        settings: the architecture that it must have.

    Raises:
        CorruptFileError: not such a file, another number of classes, names or shapes of another architecture, values that are not finite.
    """
    content = read_checkpoint(path)
    if not isinstance(content, dict) or not isinstance(content.get(STATE), Mapping):
        keys = [str(key) for key in content] if isinstance(content, dict) else []
        there = (
            f"it has {', '.join(keys[:5]) or 'no keys'}{nearest(STATE, keys)}" if keys else f"it is a {type(content).__name__}"
        )
        raise CorruptFileError(f"{path}: no '{STATE}'; {there}; expected a classifier as UnlearnCanvas publishes it")
    found = _tensors(path, content[STATE])
    head = found.get("head.bias")
    if head is not None and len(head) != len(classes):
        raise CorruptFileError(
            f"{path}: a classifier of {len(head)} classes; expected {len(classes)}: {classes[0]} to {classes[-1]}. Of the published files "
            "style50.pth tells the 51 themes and style50_cls.pth the 20 objects"
        )
    return _fitting(path, found, len(classes), settings)


def read_start(path: Path) -> dict[str, torch.Tensor]:
    """Tensors that the training of a judge starts from, all but the head: a safetensors file, or a checkpoint of torch.

    Raises:
        CorruptFileError: not such a file.
    """
    content: Any = read_tensors(path)[0] if path.suffix == ".safetensors" else read_checkpoint(path)
    if isinstance(content, dict) and isinstance(content.get(STATE), Mapping):
        content = content[STATE]
    return {f"{PREFIX}{name}": value for name, value in _tensors(path, content).items() if not name.startswith(HEAD)}


def _tensors(path: Path, state: object) -> dict[str, torch.Tensor]:
    if not isinstance(state, Mapping) or not state:
        raise CorruptFileError(f"{path}: {type(state).__name__} in the place of tensors by name")
    found: dict[str, torch.Tensor] = {}
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor) or not value.is_floating_point():
            raise CorruptFileError(f"{path}: {name!r} is {type(value).__name__}; expected a tensor of floats")
        found[name] = value.float()
    if lost := first_not_finite(found):
        raise CorruptFileError(f"{path}: tensor '{lost}' holds NaN or infinity")
    return found


def _fitting(path: Path, found: dict[str, torch.Tensor], classes: int, settings: JudgeSettings) -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        wanted = {
            name.removeprefix(PREFIX): tuple(value.shape) for name, value in build_judge(classes, settings).state_dict().items()
        }
    architecture = (
        f"a vision transformer of {len(settings.channels)} blocks of width {settings.channels[0]} (pretraining.judge.channels)"
    )
    for name in wanted:
        if name not in found:
            raise CorruptFileError(f"{path}: no tensor '{name}'; expected {architecture}{nearest(name, list(found))}")
    for name, value in found.items():
        if name not in wanted:
            raise CorruptFileError(f"{path}: tensor '{name}' is none of {architecture}{nearest(name, list(wanted))}")
        if tuple(value.shape) != wanted[name]:
            raise CorruptFileError(f"{path}: tensor '{name}' is {tuple(value.shape)}; expected {wanted[name]}, of {architecture}")
    return {f"{PREFIX}{name}": found[name] for name in wanted}

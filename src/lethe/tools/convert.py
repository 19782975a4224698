"""Bases and unlearned models in the code structure that another tool reads: CompVis files and pipeline folders of diffusers."""

from __future__ import annotations

from pathlib import Path

from lethe.settings.bases import CHECKPOINTS


class ConvertError(ValueError):
    """What was asked for cannot be converted; the message says why."""


def convert(source: str, target: str, config: str = "", delta: str = "", half: bool = False, averaged: bool = False) -> str:
    """Write a CompVis file as a pipeline folder, or a pipeline folder as a CompVis file; returns what was done, in words.

    Args:
        source, target: one ends in ``.safetensors`` or ``.ckpt``, the other is a folder.
        config: to a folder: a pipeline folder that describes it.
        delta: to a file: the ``delta.safetensors`` of an unlearned model on ``source``.
        half: to a file: weights in float16.
        averaged: to a folder: take the averaged weights of the UNet.

    Raises:
        ConvertError: options that do not go together; a target that is there.
        OSError, ValueError, RuntimeError: see ``from_checkpoint`` and ``to_checkpoint``.

    Examples:
        >>> convert("results/mini/base/objects", "objects.safetensors", half=True)
        'objects.safetensors: a CompVis file with the weights of results/mini/base/objects'
    """
    into_file, from_file = target.endswith(CHECKPOINTS), source.endswith(CHECKPOINTS)
    if into_file == from_file:
        raise ConvertError(
            f"'{source}' to '{target}'; allowed: one of them a file ({', '.join(CHECKPOINTS)}), the other a pipeline folder"
        )
    if Path(target).exists():
        raise ConvertError(f"{target} exists; nothing is overwritten")
    if into_file and (config or averaged):
        raise ConvertError("--config and --averaged go with a CompVis file that becomes a folder")
    if from_file and (delta or half):
        raise ConvertError("--delta and --half go with a folder that becomes a CompVis file")
    if from_file and not config:
        raise ConvertError(
            f"'{source}' says nothing of its tokenizer and its noise schedule: --config must name a pipeline folder that does"
        )
    import torch  # and diffusers below, which no other command needs

    from lethe.diffusion.checkpoints import from_checkpoint, to_checkpoint
    from lethe.diffusion.folder import write_base_record

    if from_file:
        from_checkpoint(source, config, target, averaged)
        write_base_record(target, {"path": source, "config": config, "averaged": averaged})
        return f"{target}: a pipeline folder with the weights of {source}"
    to_checkpoint(source, target, delta or None, torch.float16 if half else torch.float32)
    return f"{target}: a CompVis file with the weights of {source}{f' and {delta}' if delta else ''}"

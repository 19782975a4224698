"""A pretrained base is taken in: examined, then kept as an ordinary folder of float32 weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from lethe.diffusion.checkpoints import from_checkpoint
from lethe.diffusion.pipeline import load_pipeline, weighted
from lethe.diffusion.prompts import beside_text, is_xl, read_prompts
from lethe.diffusion.supported import UnusableBaseError
from lethe.io.tensors import first_not_finite

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline


def take_in(source: str | Path, folder: str | Path, revision: str = "") -> None:
    """Write the base ``source`` to ``folder``; its record is the caller's to add.

    Args:
        source: a pipeline folder (a ``Path``), or a hub id (a string) with its ``revision``.
        folder: where to write.

    Raises:
        UnusableBaseError: a base of another kind, a weight that is not finite, weights that draw no finite picture.
        FileNotFoundError, CorruptFileError: see ``load_pipeline``.
    """
    pipe = load_pipeline(source, revision=revision or None)
    check_weights(pipe, source)
    pipe.save_pretrained(folder, safe_serialization=True)


def take_in_checkpoint(checkpoint: Path, config: Path, folder: str | Path, averaged: bool = False) -> None:
    """Write the base of a CompVis file to ``folder``, described by the pipeline folder ``config`` (``from_checkpoint``); errors as ``take_in``."""
    from_checkpoint(checkpoint, config, folder, averaged)
    check_weights(load_pipeline(Path(folder)), checkpoint)


@torch.inference_mode()
def check_weights(pipe: Pipeline, source: str | Path) -> None:
    """Raise an ``UnusableBaseError`` that names the tensor which holds NaN or infinity, or the component that makes some of finite ones."""
    for name, module in weighted(pipe).items():
        if found := first_not_finite(module.state_dict()):
            raise UnusableBaseError(f"{source}: tensor '{found}' of {name} holds NaN or infinity")
    for tokenizer, encoder in [(pipe.tokenizer, pipe.text_encoder)] + (
        [(pipe.tokenizer_2, pipe.text_encoder_2)] if is_xl(pipe) else []
    ):
        if (words := len(tokenizer)) > (known := encoder.config.vocab_size):
            raise UnusableBaseError(f"{source}: the tokenizer knows {words} tokens, the text encoder {known} (vocab_size)")
    text, pooled = read_prompts(pipe, ["a photo"])
    side = 2 ** len(pipe.unet.config["block_out_channels"])  # the smallest that no block halves to nothing
    latents = torch.zeros(1, pipe.unet.config["in_channels"], side, side).contiguous(memory_format=torch.channels_last)
    given = {"encoder_hidden_states": text, **beside_text(pooled, side * pipe.vae_scale_factor, side * pipe.vae_scale_factor)}
    drawn = pipe.unet(latents, pipe.scheduler.config.num_train_timesteps // 2, **given, return_dict=False)[0]
    picture = pipe.vae.decode(latents, return_dict=False)[0]
    made = [("text_encoder", text), ("text_encoder_2", pooled), ("unet", drawn), ("vae", picture)]
    for name, values in made:
        if values is not None and not bool(torch.isfinite(values).all()):
            raise UnusableBaseError(f"{source}: {name} gives NaN or infinity though its weights are finite; are they damaged?")

"""Pictures of every receiver, under the base or under unlearned models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lethe.core.device import resolve_device
from lethe.core.records import ModelId
from lethe.diffusion.render import render_shards
from lethe.diffusion.testbed.asked import asked_of
from lethe.diffusion.testbed.distinct import check_base
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers
from lethe.execution.work import WorkFolder
from lethe.settings.generation import Generation, KeepImages

BASELINE = "baseline"  # the base, in messages


def generate(
    base: Path,
    receivers: Path,
    emitters: Path,
    tars: list[Path],
    indices: list[Path],
    task: str,
    generation: Generation,
    world: str,
    device: str,
    dtype: str,
    work: WorkFolder,
    deltas: Sequence[Path] = (),
    models: Sequence[str] = (BASELINE,),
    asked: Sequence[Path] = (),
    keep_images: KeepImages = "png",
) -> None:
    """Draw every receiver under each of some unlearned models, or without deltas under the base.

    Args:
        tars, indices: a shard per model.
        deltas, models: files and names of the models; none for the base.
        asked: which receivers each model is asked for; none: all.
        keep_images: what shards hold, PNGs or latents.
    """
    every = read_receivers(receivers)
    check_base(every, read_emitters(emitters), base)
    some = asked_of(asked, len(every))
    render_shards(
        base,
        deltas or [None],
        models,
        every,
        task=task,
        world=world,
        generation=generation,
        device=resolve_device(device),
        dtype=dtype,
        work=work,
        tars=tars,
        indices=indices,
        keep_images=keep_images,
        asked=None if some is None else [some.of(ModelId.parse(name).index) for name in models],
    )

"""Pictures of every entity, under the base or under unlearned models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lethe.core.device import resolve_device
from lethe.diffusion.render import render_shards
from lethe.diffusion.testbed.distinct import check_base
from lethe.diffusion.testbed.schema import read_metadata
from lethe.execution.work import WorkFolder
from lethe.settings.generation import Generation
from lethe.settings.tasks import Task

BASELINE = "baseline"  # the base, in messages


def generate(
    base: Path,
    metadata: Path,
    tars: list[Path],
    indices: list[Path],
    task: str,
    settings: Task,
    generation: Generation,
    world: str,
    device: str,
    dtype: str,
    work: WorkFolder,
    deltas: Sequence[Path] = (),
    models: Sequence[str] = (BASELINE,),
) -> None:
    """Draw every entity under each of some unlearned models, or without deltas under the base.

    Args:
        tars, indices: a shard per model.
        settings: of the task.
        deltas, models: files and names of the models; none for the base.
    """
    entities = read_metadata(metadata)
    check_base(entities, settings.prompt_style, settings.overwrite_prompt, base)
    render_shards(
        base,
        deltas or [None],
        models,
        entities,
        task=task,
        style=settings.prompt_style,
        world=world,
        generation=generation,
        device=resolve_device(device),
        dtype=dtype,
        work=work,
        tars=tars,
        indices=indices,
    )

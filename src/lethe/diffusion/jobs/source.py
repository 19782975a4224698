"""Images and raw attributes of a task, packed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lethe.diffusion.sources import SOURCES
from lethe.diffusion.sources.base import SplitSource
from lethe.diffusion.sources.pack import pack_images, pack_source
from lethe.diffusion.testbed.selection import read_published
from lethe.settings.tasks import AnyTask


def pack(
    settings: AnyTask,
    tar: Path,
    index: Path,
    records: Path,
    distance: Path,
    files: list[Path],
    published: Path | None = None,
) -> None:
    """Pack the images and raw attributes of a task's source into one deterministic shard.

    Args:
        settings: of the task.
        files: what the source reads; named by the settings, here so that a change of them is seen.
        published: list of the published entities, if only their images are packed.
    """
    source = SOURCES.load(settings.source)(**settings.source_options.model_dump())
    only = read_published(published) if published else None
    places: dict[str, Any] = {"tar": tar, "index": index, "records": records, "distance": distance}
    pack_source(source, **places, only=only)


def pack_split(settings: AnyTask, split: str, tar: Path, index: Path, files: list[Path]) -> None:
    """Pack the images of a split that a task's source keeps apart from those of training; arguments as of ``pack``."""
    source = SOURCES.load(settings.source)(**settings.source_options.model_dump())
    if not isinstance(source, SplitSource):
        raise TypeError(
            f"the source '{settings.source}' names splits, but has no method `split` (lethe.diffusion.sources.base.SplitSource)"
        )
    names = [entity["name"] for entity in source.entities()]
    pack_images(names, lambda name: source.split(name, split), tar, index)

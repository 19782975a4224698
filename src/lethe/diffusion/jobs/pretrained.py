"""Models from outside, examined and kept as local folders."""

from __future__ import annotations

from pathlib import Path

from lethe.diffusion.folder import write_base_record
from lethe.diffusion.intake import take_in, take_in_checkpoint
from lethe.io.atomic import atomic_path
from lethe.settings.bases import Base


def take_base(folder: Path, settings: Base) -> None:
    """Fetch a base by hub id, or copy it from a folder or a CompVis file, into a local pipeline folder, once it is examined."""
    with atomic_path(folder) as part:
        if settings.in_one_file:
            assert settings.folder and settings.described
            take_in_checkpoint(settings.folder, settings.described, part, settings.averaged)
        else:
            take_in(settings.folder or settings.path, part, settings.revision)
        write_base_record(part, settings.provenance)

"""Files of a published record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lethe.archive.bundle import unpack
from lethe.archive.manifest import read_manifest


def unpack_files(manifest: Path, bundle: Path, outputs: list[Path], settings: dict[str, Any]) -> None:
    """Unpack the outputs of a rule from a bundle.

    Args:
        settings: what decides what is on the images; a record that was made with other ones is refused.
    """
    results = manifest.parents[1]  # of results/{world}/archive/manifest.json
    contents = read_manifest(manifest)
    contents.check_settings(settings)
    unpack(bundle, contents.bundle(bundle.name), results, [file.relative_to(results).as_posix() for file in outputs])

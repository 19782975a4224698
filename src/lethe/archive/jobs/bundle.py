"""Bundles of published files, and the manifest that lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lethe.archive.bundle import write_bundle
from lethe.archive.manifest import Bundle, write_manifest
from lethe.io.tables import read_json, write_json
from lethe.settings.archive import Kind


def pack(files: list[Path], tar: Path, entry: Path, kind: Kind) -> None:
    """Files of one class as one deterministic tar, and its entry of the manifest."""
    results = tar.parents[2]  # of results/{world}/publish/bundles/x.tar
    bundle = write_bundle(tar, results, [file.relative_to(results).as_posix() for file in files], kind)
    write_json(entry, bundle.model_dump(), indent=1)


def list_bundles(entries: list[Path], manifest: Path, world: str, settings: dict[str, Any]) -> None:
    """The manifest of all bundles.

    Args:
        settings: what decides what is on the images.
    """
    write_manifest(manifest, world, settings, [Bundle.model_validate(read_json(entry)) for entry in entries])

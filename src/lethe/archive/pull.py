"""A published record of this project, read again: first its manifest, then the bundles that are asked for."""

from __future__ import annotations

from pathlib import Path

from lethe.archive.bundle import check_bundle
from lethe.archive.client import Client
from lethe.archive.errors import ArchiveError, BundleError
from lethe.archive.manifest import MANIFEST, read_manifest
from lethe.archive.zenodo import fetch_file, read_record, record_files
from lethe.core.registry import nearest
from lethe.io.atomic import atomic_path
from lethe.settings.archive import Archive


def fetch_from(archive: Archive, name: str, destination: Path) -> None:
    """Bring one file of the configured record to ``destination``; needs no token.

    Raises:
        ArchiveError: the record or the file does not exist, or what came is not what the repository lists.
    """
    if archive.host == "huggingface":
        from lethe.archive.huggingface import pull

        return pull(archive.record, name, destination, endpoint=archive.endpoint, revision=archive.revision)
    client = Client(archive.api)
    files = {file.name: file for file in record_files(client, archive.record, read_record(client, archive.record))}
    if name not in files:
        raise ArchiveError(
            f"record {archive.record} at {archive.api} holds no '{name}'; it holds {', '.join(sorted(files)) or 'nothing'}"
            f"{nearest(name, list(files))}. Only records that this project published have a {MANIFEST}"
        )
    fetch_file(client, archive.record, files[name], destination)
    return None


def fetch_manifest(archive: Archive, manifest: Path) -> None:
    """Bring the record's manifest to ``manifest``; it appears there only if it is a valid one."""
    with atomic_path(manifest) as part:
        fetch_from(archive, MANIFEST, part)
        read_manifest(part)


def fetch_bundle(archive: Archive, manifest: Path, tar: Path) -> None:
    """Bring the bundle ``tar.name`` to ``tar``, checked against the manifest (size and SHA-256).

    Raises:
        ManifestError: the manifest lists no such bundle.
        ArchiveError: as ``fetch_from``.
        BundleError: it differs from the manifest; it is then removed.
    """
    bundle = read_manifest(manifest).bundle(tar.name)
    fetch_from(archive, bundle.file, tar)
    try:
        check_bundle(tar, bundle)
    except BundleError:
        tar.unlink()
        raise

"""The steps of publishing: the record's metadata, its draft, its files, the receipt. Publishing itself is left to a person."""

from __future__ import annotations

import hashlib
import logging
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from lethe.archive.citation import zenodo_metadata
from lethe.archive.client import Client
from lethe.archive.errors import ArchiveError, ManifestError
from lethe.archive.manifest import MANIFEST, read_manifest
from lethe.archive.zenodo import Draft, draft_files, ensure_draft, md5_file, upload
from lethe.io.hashing import sha256_file
from lethe.settings.archive import Publish

log = logging.getLogger(__name__)


def token_from(variable: str) -> SecretStr:
    """The token in an environment variable; without one an ``ArchiveError`` that says where to get it."""
    token = os.environ.get(variable, "").strip()
    if not token:
        raise ArchiveError(f"the environment variable {variable} holds no token; docs/zenodo.md says where to get one")
    return SecretStr(token)


def draft_key(title: str, world: str) -> str:
    """What tells the draft of a world from every other draft of an account; stands in the record's notes."""
    return f"lethe-{world}-{hashlib.sha256(f'{title}/{world}'.encode()).hexdigest()[:12]}"


def deposit_metadata(citation: Path, publish: Publish, world: str) -> dict[str, Any]:
    """Metadata of a Zenodo deposition (Zenodo makes the DataCite record of it), from CITATION.cff and the configuration.

    Args:
        citation: path of CITATION.cff.
        publish: the configuration.
        world: whose results are published.

    Raises:
        CitationError: CITATION.cff lacks what a record needs.
    """
    metadata = zenodo_metadata(citation)
    title = publish.title or f"{metadata['title']} Results of the world '{world}'"
    related = [entry.model_dump() for entry in publish.related] + metadata.get("related_identifiers", [])
    metadata |= {
        "upload_type": "dataset",
        "title": title,
        "license": publish.license,
        "notes": f"Results of Lethe, world '{world}'. Key: {draft_key(title, world)}",
        "related_identifiers": related,
        "communities": [{"identifier": name} for name in publish.communities],
        "prereserve_doi": True,
    }
    return {name: value for name, value in metadata.items() if value != []}


def make_draft(client: Client, metadata: dict[str, Any], world: str) -> dict[str, Any]:
    """Find or create the draft; returns its id, reserved DOI, bucket and page, and the address it is at, as plain data."""
    return {"api": client.api} | asdict(ensure_draft(client, metadata, draft_key(metadata["title"], world)))


def upload_all(client: Client, draft: dict[str, Any], manifest_path: Path, bundles: Path) -> dict[str, Any]:
    """Bring the manifest and its bundles into a draft and return the receipt.

    What is there with the right checksum is not sent again, so a killed run goes on where it was. Files that others put
    into the draft are left alone and named in the receipt.

    Args:
        client: with a token.
        draft: as ``make_draft`` returned it.
        manifest_path: the manifest.
        bundles: folder of the bundles.

    Raises:
        ArchiveError: a bundle changed since the manifest was written, or the draft does not hold in the end what was sent.
    """
    manifest = read_manifest(manifest_path)
    if draft["api"] != client.api:
        raise ArchiveError(
            f"the draft is at {draft['api']}, the configuration names {client.api}; delete draft.json and run again"
        )
    place = Draft(draft["id"], draft["doi"], client.url(draft["bucket"]), draft["page"])
    files = {bundle.file: (bundles / bundle.file, bundle.md5, bundle.sha256) for bundle in manifest.bundles}
    for path, md5, _ in files.values():
        if md5_file(path) != md5:
            raise ManifestError(f"{path} changed after {manifest_path} was written; run again")
    # last, so that a draft with a manifest is a complete one
    files[MANIFEST] = (manifest_path, md5_file(manifest_path), sha256_file(manifest_path))
    sent = [name for name, (path, md5, _) in files.items() if upload(client, place, path, md5)]
    log.info("%d files sent, %d were there", len(sent), len(files) - len(sent))
    there = draft_files(client, place)
    for name, (path, md5, _) in files.items():
        if name not in there or there[name].md5 != md5 or there[name].size != path.stat().st_size:
            raise ArchiveError(f"{client.api}, draft {place.id}: '{name}' is {there.get(name)} after it was sent; run again")
    listed = [{"name": n, "size": there[n].size, "md5": md5, "sha256": sha} for n, (_, md5, sha) in sorted(files.items())]
    return {
        "api": client.api,
        "draft": place.id,
        "doi": place.doi,
        "page": place.page,
        "world": manifest.world,
        "files": listed,
        "others": sorted(set(there) - set(files)),
    }

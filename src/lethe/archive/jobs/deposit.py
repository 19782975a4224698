"""The steps of publishing at Zenodo. The token comes from the environment variable ZENODO_TOKEN."""

from __future__ import annotations

from pathlib import Path

from lethe.archive.client import Client
from lethe.archive.deposit import deposit_metadata, make_draft, token_from, upload_all
from lethe.io.tables import read_json, write_json
from lethe.settings.archive import Publish

TOKEN = "ZENODO_TOKEN"


def describe(citation: Path, metadata: Path, publish: Publish, world: str) -> None:
    """The metadata of the record to publish."""
    write_json(metadata, deposit_metadata(citation, publish, world))


def reserve(metadata: Path, draft: Path, api: str, world: str) -> None:
    """Find or create the draft."""
    write_json(draft, make_draft(Client(api, token_from(TOKEN)), read_json(metadata), world))


def upload(draft: Path, manifest: Path, receipt: Path, api: str) -> None:
    """Bring the manifest and the bundles beside it into the draft."""
    client = Client(api, token_from(TOKEN))
    write_json(receipt, upload_all(client, read_json(draft), manifest, manifest.parent / "bundles"))

"""Publishing at the Hugging Face Hub. The token comes from the environment variable HF_TOKEN."""

from __future__ import annotations

from pathlib import Path

from lethe.archive.deposit import token_from
from lethe.archive.hub_files import commit_files, files_of
from lethe.archive.huggingface import push
from lethe.io.tables import write_json


def upload(manifest: Path, card: Path, receipt: Path, repository: str, endpoint: str) -> None:
    """Bring the manifest and the bundles beside it into a data set repository, then its card and the tables that the card names.

    Args:
        card: the folder of card, Croissant metadata and tables.
        repository: ``owner/name``.
        endpoint: address of the hub.
    """
    token = token_from("HF_TOKEN")
    record = push(repository, manifest, manifest.parent / "bundles", endpoint=endpoint, token=token)
    shown = commit_files(repository, files_of(card), "Card and tables", kind="dataset", endpoint=endpoint, token=token)
    write_json(receipt, record | {"commit": shown["commit"], "files": record["files"] + shown["files"]})

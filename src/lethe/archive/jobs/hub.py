"""Publishing at the Hugging Face Hub. The token comes from the environment variable HF_TOKEN."""

from __future__ import annotations

from pathlib import Path

from lethe.archive.deposit import token_from
from lethe.archive.hub_files import commit_files
from lethe.archive.huggingface import push
from lethe.io.tables import write_json


def upload(manifest: Path, card: Path, metadata: Path, tables: list[Path], receipt: Path, repository: str, endpoint: str) -> None:
    """Bring the manifest and the bundles beside it into a data set repository, then its card and the tables that the card names.

    Args:
        card, metadata: ``README.md`` and ``croissant.json``. tables: of the world, under their paths in it.
        repository: ``owner/name``.
        endpoint: address of the hub.
    """
    token, results = token_from("HF_TOKEN"), manifest.parents[1]
    record = push(repository, manifest, manifest.parent / "bundles", endpoint=endpoint, token=token)
    files = {file.name: file for file in (card, metadata)}
    files |= {table.relative_to(results).as_posix(): table for table in tables}
    shown = commit_files(repository, files, "Card and tables", kind="dataset", endpoint=endpoint, token=token)
    write_json(receipt, record | {"commit": shown["commit"], "files": record["files"] + shown["files"]})

"""Publishing at the Hugging Face Hub. The token comes from the environment variable HF_TOKEN."""

from __future__ import annotations

from pathlib import Path

from lethe.archive.deposit import token_from
from lethe.archive.huggingface import push
from lethe.io.tables import write_json


def upload(manifest: Path, receipt: Path, repository: str, endpoint: str) -> None:
    """Bring the manifest and the bundles beside it into a data set repository.

    Args:
        repository: ``owner/name``.
        endpoint: address of the hub.
    """
    write_json(receipt, push(repository, manifest, manifest.parent / "bundles", endpoint=endpoint, token=token_from("HF_TOKEN")))

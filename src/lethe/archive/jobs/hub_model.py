"""Publishing a model at the Hugging Face Hub. The token comes from the environment variable HF_TOKEN."""

from __future__ import annotations

from pathlib import Path

from lethe.archive.deposit import token_from
from lethe.archive.hub_files import commit_files, files_of
from lethe.io.tables import write_json


def upload(folder: Path, receipt: Path, repository: str, endpoint: str) -> None:
    """Bring an exported model and its card into a model repository.

    Args:
        folder: of the model. repository: ``owner/name``. endpoint: address of the hub.
    """
    token = token_from("HF_TOKEN")
    message = f"{folder.name}, unlearned with Lethe"
    write_json(receipt, commit_files(repository, files_of(folder), message, kind="model", endpoint=endpoint, token=token))

"""Files of a folder into a repository of the Hugging Face Hub, in one commit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr

from lethe.archive.errors import ArchiveError
from lethe.archive.huggingface import _problem
from lethe.io.hashing import sha256_file


def commit_files(
    repository: str,
    files: Mapping[str, Path],
    message: str,
    *,
    kind: Literal["model", "dataset"],
    endpoint: str,
    token: SecretStr,
) -> dict[str, Any]:
    """Bring files into a repository, which is made private if it does not exist; where nothing differs no commit is made.

    Args:
        repository: ``owner/name``. files: path there -> file here.
        message: of the commit. kind: of the repository.
        endpoint: address of the hub. token: with write access.

    Returns:
        The receipt: endpoint, repository, commit, files with size and SHA-256.

    Raises:
        TokenError, ArchiveError: the hub refuses or fails; the message never holds the token.
    """
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HTTPError

    where = f"{endpoint}/{'datasets/' if kind == 'dataset' else ''}{repository}"
    problem: ArchiveError | None = None
    commit, there = "", set[str]()
    try:
        hub = HfApi(endpoint=endpoint, token=token.get_secret_value())
        hub.create_repo(repository, repo_type=kind, private=True, exist_ok=True)
        operations = [CommitOperationAdd(place, file) for place, file in files.items()]
        commit = hub.create_commit(repository, operations, repo_type=kind, commit_message=message).oid
        there = {file.path for file in hub.list_repo_tree(repository, repo_type=kind, revision=commit, recursive=True)}
    except (HTTPError, OSError, ValueError, RuntimeError) as error:
        problem = _problem(error, where, token)
    if problem is not None:  # raised here, so that it holds neither cause nor context, and with them the token
        raise problem
    if missing := sorted(set(files) - there):
        raise ArchiveError(f"{where}: '{missing[0]}' is not in commit {commit}")
    listed = [{"name": place, "size": file.stat().st_size, "sha256": sha256_file(file)} for place, file in files.items()]
    return {"endpoint": endpoint, "repository": repository, "commit": commit, "files": listed}


def files_of(folder: Path) -> dict[str, Path]:
    """Relative path -> file of everything in a folder, by name."""
    return {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}

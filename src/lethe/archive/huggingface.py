"""The same manifest and bundles in a data set repository of the Hugging Face Hub, through its own library.

``huggingface_hub`` retries, compares hashes and commits by itself; what is added here is the manifest's check and errors that hold
no request (its exceptions carry the headers, and with them the token).
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from lethe.archive.client import TRANSIENT, Patience
from lethe.archive.errors import ArchiveError, ManifestError, TokenError
from lethe.archive.manifest import MANIFEST, read_manifest
from lethe.archive.zenodo import md5_file
from lethe.io.atomic import sync_file

log = logging.getLogger(__name__)


def _status(error: Exception) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)


def _problem(error: Exception, where: str, token: SecretStr | None) -> ArchiveError:
    text = f"{type(error).__name__}: {' '.join(str(error).split())}"
    if token is not None:
        text = text.replace(token.get_secret_value(), "***")
    return (TokenError if _status(error) in (401, 403) else ArchiveError)(f"{where}: {text[:400]}")


def push(repository: str, manifest_path: Path, bundles: Path, *, endpoint: str, token: SecretStr) -> dict[str, Any]:
    """Bring the manifest and its bundles into a data set repository, in one commit; made private if it does not exist.

    Files that are there with the same content are not sent again, and where nothing differs no commit is made.

    Args:
        repository: ``owner/name``.
        manifest_path: the manifest.
        bundles: folder of the bundles.
        endpoint: address of the hub.
        token: with write access.

    Returns:
        The receipt: repository, commit, files.

    Raises:
        ManifestError: a bundle changed since the manifest was written.
        TokenError, ArchiveError: the hub refuses or fails.
    """
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HTTPError

    manifest = read_manifest(manifest_path)
    for bundle in manifest.bundles:
        if md5_file(bundles / bundle.file) != bundle.md5:
            raise ManifestError(f"{bundles / bundle.file} changed after {manifest_path} was written; run again")
    problem: ArchiveError | None = None
    commit = ""
    try:
        hub = HfApi(endpoint=endpoint, token=token.get_secret_value())
        hub.create_repo(repository, repo_type="dataset", private=True, exist_ok=True)
        operations = [CommitOperationAdd(bundle.file, bundles / bundle.file) for bundle in manifest.bundles]
        operations.append(CommitOperationAdd(MANIFEST, manifest_path))
        info = hub.create_commit(
            repository, operations, repo_type="dataset", commit_message=f"Results of the world '{manifest.world}'"
        )
        commit = info.oid
        there = {file.path for file in hub.list_repo_tree(repository, repo_type="dataset", revision=commit)}
    except (HTTPError, OSError, ValueError, RuntimeError) as error:
        problem = _problem(error, f"{endpoint}/datasets/{repository}", token)
    if problem is not None:  # raised here, so that it holds neither cause nor context
        raise problem
    files = [*(bundle.file for bundle in manifest.bundles), MANIFEST]
    if missing := sorted(set(files) - there):
        raise ArchiveError(f"{endpoint}/datasets/{repository}: '{missing[0]}' is not in commit {commit}")
    return {
        "endpoint": endpoint,
        "repository": repository,
        "commit": commit,
        "world": manifest.world,
        "files": [{"name": b.file, "size": b.size, "sha256": b.sha256} for b in manifest.bundles],
    }


def pull(repository: str, name: str, destination: Path, *, endpoint: str, revision: str) -> None:
    """Bring one file of a public data set repository to ``destination``; no token is sent.

    Raises:
        ArchiveError: the repository, the revision or the file does not exist, or the hub fails.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HTTPError

    patience = Patience()
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=f".{destination.name}.") as folder:
        for attempt in range(1, patience.attempts + 1):
            try:
                found = hf_hub_download(
                    repository, name, repo_type="dataset", revision=revision, endpoint=endpoint, token=False, local_dir=folder
                )
                sync_file(Path(found))
                os.replace(found, destination)
                return
            except (HTTPError, OSError, ValueError, RuntimeError) as error:
                problem = _problem(error, f"{endpoint}/datasets/{repository}, '{name}' at {revision}", None)
                passing = _status(error) in TRANSIENT  # the library goes on after a broken connection, but not after a 503
            if not passing:
                break
            if attempt < patience.attempts:
                log.warning("%s", problem)
                time.sleep(patience.first * 2 ** (attempt - 1))
    raise problem

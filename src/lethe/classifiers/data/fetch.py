"""Download the idx files of a data set, each checked against its MD5."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lethe.classifiers import PROVIDERS
from lethe.classifiers.data.idx import IdxProvider
from lethe.io.download import download
from lethe.io.remote import RemoteFile


def fetch(dataset: str, folder: Path, urls: Sequence[str] | None = None) -> None:
    """Download the files of ``fashion_mnist`` or ``mnist`` into ``folder`` (11 to 31 MB).

    A file that is there and whole is left alone; see ``lethe.io.download`` for interruptions and retries.

    Args:
        urls: addresses of folders that hold the files, tried in turn; the official ones by default.

    Raises:
        UnknownNameError, ValueError: there is no such data set, or not as idx files.
        DownloadError: no address gave a file with the right checksum.
    """
    provider = PROVIDERS.load(dataset)
    if not issubclass(provider, IdxProvider):
        allowed = [other for other in PROVIDERS.names() if issubclass(PROVIDERS.load(other), IdxProvider)]
        raise ValueError(f"data set '{dataset}' cannot be fetched; allowed: {', '.join(allowed)}")
    for file, md5 in provider.md5.items():
        addresses = [f"{url.rstrip('/')}/{file}" for url in urls or provider.urls]
        download(RemoteFile(urls=addresses, kind="gz", md5=md5), folder / file)

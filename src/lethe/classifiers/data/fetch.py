"""Download the official files of a data set, each checked against its MD5; archives are unpacked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lethe.classifiers import PROVIDERS
from lethe.io.download import download
from lethe.io.remote import RemoteFile
from lethe.io.unpack import unpack

ARCHIVE = ".tar.gz"


def fetch(provider: str, folder: Path, urls: Sequence[str] | None = None) -> None:
    """Download the files of ``mnist``, ``fashion_mnist`` (11 to 31 MB), ``cifar10`` or ``cifar100`` (170 MB) into ``folder``.

    A file that is there and whole is left alone; see ``lethe.io.download`` for interruptions and retries. An archive is unpacked and goes.

    Args:
        urls: addresses of folders that hold the files, tried in turn; the official ones by default.

    Raises:
        UnknownNameError, ValueError: there is no such data set, or it cannot be fetched.
        DownloadError: no address gave a file with the right checksum. CorruptFileError: an archive holds what it must not.
    """
    found = PROVIDERS.load(provider)
    if not found.md5:
        allowed = [other for other in PROVIDERS.names() if PROVIDERS.load(other).md5]
        raise ValueError(f"data set '{provider}' cannot be fetched; allowed: {', '.join(allowed)}")
    for file, md5 in found.md5.items():
        archive = file.endswith(ARCHIVE)
        if archive and (folder / found.unpacked).is_dir():
            continue
        addresses = [f"{url.rstrip('/')}/{file}" for url in urls or found.urls]
        download(RemoteFile(urls=addresses, kind="tar.gz" if archive else "gz", md5=md5), folder / file)
        if archive:
            unpack(folder / file, folder / found.unpacked)
            (folder / file).unlink()

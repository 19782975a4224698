"""Download the idx files of a data set, each checked against its MD5."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import requests
import urllib3

from lethe.deepunlearn import PROVIDERS
from lethe.deepunlearn.data.idx import IdxProvider
from lethe.io.atomic import atomic_path

ATTEMPTS = 5  # per address
PAUSE = 2.0  # seconds before the second attempt; doubled before each further one
TIMEOUT = (10, 60)  # seconds to connect and between two packets
TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
log = logging.getLogger(__name__)


class FetchError(RuntimeError):
    """A file that could not be fetched; the message says from where and why."""


class _TransientError(Exception):
    """Worth another attempt."""


def fetch(name: str, folder: Path, urls: Sequence[str] | None = None) -> None:
    """Download the files of ``fashion_mnist`` or ``mnist`` into ``folder`` (11 to 31 MB).

    A file that is there and whole is left alone. An interrupted download goes on where it stopped; the file appears under its
    name only when its checksum is right.

    Args:
        urls: addresses of folders that hold the files, tried in turn; the official ones by default.

    Raises:
        UnknownNameError, ValueError: there is no such data set, or not as idx files.
        FetchError: no address gave a file with the right checksum.
    """
    provider = PROVIDERS.load(name)
    if not issubclass(provider, IdxProvider):
        allowed = [other for other in PROVIDERS.names() if issubclass(PROVIDERS.load(other), IdxProvider)]
        raise ValueError(f"data set '{name}' cannot be fetched; allowed: {', '.join(allowed)}")
    for file, md5 in provider.md5.items():
        path = folder / file
        if path.is_file() and _md5(path) == md5:
            log.info("%s is there", path)
            continue
        problems = []
        for url in urls or provider.urls:
            try:
                _fetch_file(f"{url.rstrip('/')}/{file}", path, md5)
                break
            except FetchError as error:
                problems.append(str(error))
        else:
            raise FetchError(f"{path} was not fetched: {'; '.join(problems)}")
        log.info("%s fetched", path)


def _fetch_file(url: str, path: Path, md5: str) -> None:
    problem = ""
    with atomic_path(path) as part:
        for attempt in range(ATTEMPTS):
            if attempt:
                log.warning("%s, attempt %d of %d: %s", url, attempt, ATTEMPTS, problem)
                time.sleep(PAUSE * 2 ** (attempt - 1))
            try:
                _download(url, part)
            except _TransientError as error:
                problem = str(error)
                continue
            with open(part, "rb") as file:
                start = file.read(2)
            if start != b"\x1f\x8b":
                raise FetchError(
                    f"{url}: not a gzip file but starts with {start!r}; a web page, of a network that asks for a login?"
                )
            found = _md5(part)
            if found == md5:
                return
            problem = f"md5 is {found} instead of {md5}"
            part.unlink()
        raise FetchError(f"{url}: {problem} ({ATTEMPTS} attempts)")


def _download(url: str, part: Path) -> None:
    """Write what ``url`` gives to ``part``, or append what is still missing there."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                part.unlink()
                raise _TransientError("the server has no more bytes than were received")
            if response.status_code in TRANSIENT:
                raise _TransientError(f"HTTP status {response.status_code}")
            if not response.ok:
                raise FetchError(f"{url}: HTTP status {response.status_code}")
            with open(part, "ab" if response.status_code == requests.codes.partial_content else "wb") as file:
                # as sent: some servers call a gzip file an encoding, and requests would then unpack it
                for chunk in response.raw.stream(2**16, decode_content=False):
                    file.write(chunk)
    except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
        raise _TransientError(f"{type(error).__name__}: {error}") from error
    except requests.RequestException as error:
        raise FetchError(f"{url}: {error}") from error


def _md5(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()

"""Fetch one file: resumed after an interruption, retried with growing pauses, checked before it appears under its name.

What was received lies in ``.{name}.part`` beside the destination, with the state of the server's file (ETag or date) in
``.{name}.part.json``; both survive the process, so the same call goes on. Where no checksum is published the first download
writes a *receipt*, ``{name}.receipt.json``; a later download that differs from it is an error. So what such a file must be by itself
(its first bytes, whole, the columns of a table) is checked before that, and it comes encrypted (``lethe.io.web``).
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple

import requests
import urllib3
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from lethe.io.atomic import atomic_path, naming_a_full_disk, sync_file
from lethe.io.fileformat import HEAD, incomplete, missing_columns, wrong_format
from lethe.io.members import UnsafeArchiveError
from lethe.io.remote import RemoteFile
from lethe.io.tables import CorruptFileError, read_json, write_json
from lethe.io.web import AddressError, BodyError, blocks, get, without_secrets

DECIDES_NO_RESULT = "how a file is fetched cannot change what it is: it is checked"

ATTEMPTS = 6  # in a row without a byte of progress, per address
PAUSE = 2.0  # seconds before the second attempt; doubled before each further one
LONGEST_PAUSE = 300.0  # seconds; a server that asks for more is left alone
TIMEOUT = (10, 60)  # seconds to connect and between two packets
LARGEST = 20 * 10**9  # bytes, where none are published; the largest of config/downloads.yaml has 1.8e9
TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
log = logging.getLogger(__name__)


class DownloadError(RuntimeError):
    """A file that could not be fetched; the message says from where, why, and what was expected."""


class _TransientError(Exception):
    """Worth another attempt, after ``pause`` seconds if the server said so."""

    def __init__(self, message: str, pause: float | None = None) -> None:
        super().__init__(message)
        self.pause = pause


class _Expected(NamedTuple):
    """The checksum that a file must have, and who says so."""

    algorithm: str
    digest: str
    origin: str


def download(remote: RemoteFile, path: str | Path) -> None:
    """Fetch ``remote`` to ``path``; a file that is there with the right checksum is left alone.

    Raises:
        DownloadError: no address gave the file: it is not of its kind (a web page), cut short, of another size, lacks a column,
            or its checksum differs from the published one or from the receipt of the first download; or the address may not
            be asked. All addresses are named.
        DiskFullError: names the file and the free space.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    expected = _expected(remote, path)
    if path.is_file() and expected is not None and _digest(path, expected.algorithm) == expected.digest:
        log.info("%s is there", path)
        return
    problems = []
    for url in remote.urls:
        try:
            _Transfer(url, remote, path, expected).run()
        except DownloadError as error:
            problems.append(str(error))
        else:
            log.info("%s fetched from %s", path, url)
            return
    raise DownloadError(f"{path} was not fetched: {'; '.join(problems) or 'it has no address'}")


def put_by_hand(remote: RemoteFile, source: str | Path, path: str | Path, advice: str) -> None:
    """Take a file that was got by hand: check ``source`` as a download is checked, then link or copy it to ``path``.

    Raises:
        FileNotFoundError: it is not there; gives the ``advice`` how to get it.
        DownloadError: it is not of its kind, cut short, or differs from the published checksum or the receipt.
    """
    source, path = Path(source), Path(path)
    if not source.is_file():
        raise FileNotFoundError(f"{source} does not exist: {advice}")
    expected = _expected(remote, path)
    if problem := _problem(source, remote, expected):
        raise DownloadError(f"{source} cannot be used as {path.name}: {problem}")
    if expected is None:
        _write_receipt(path, source, {"put_by_hand": str(source)})
    with atomic_path(path) as part:
        try:
            os.link(source.resolve(), part)
        except OSError:  # another file system, or one without hard links
            shutil.copyfile(source, part)


def receipt_path(path: Path) -> Path:
    """Where the first download of a file without a published checksum is recorded."""
    return path.with_name(f"{path.name}.receipt.json")


def _expected(remote: RemoteFile, path: Path) -> _Expected | None:
    if remote.sha256:
        return _Expected("sha256", remote.sha256, "published")
    if remote.md5:
        return _Expected("md5", remote.md5, "published")
    receipt = receipt_path(path)
    if receipt.is_file():
        content = read_json(receipt)
        digest = content.get("sha256") if isinstance(content, dict) else None
        if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
            raise CorruptFileError(f"{receipt}: 'sha256' is {digest!r}; expected 64 hexadecimal digits")
        return _Expected("sha256", digest, f"of the first download, see {receipt}")
    return None


def _digest(path: Path, algorithm: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def _problem(path: Path, remote: RemoteFile, expected: _Expected | None) -> str:
    """What is wrong with a received file; an empty string if nothing is."""
    if problem := wrong_format(path, remote.kind):
        return problem
    size = path.stat().st_size
    if remote.size is not None and size != remote.size:
        return f"{size} bytes instead of {remote.size}"
    if expected is not None:
        found = _digest(path, expected.algorithm)
        if found != expected.digest:
            return f"{expected.algorithm} is {found} instead of {expected.digest} ({expected.origin})"
        return ""
    try:
        if problem := incomplete(path, remote.kind):
            return f"truncated: {problem}"
    except UnsafeArchiveError as error:
        return str(error)
    return missing_columns(path, remote.kind, remote.columns)


def _write_receipt(path: Path, file: Path, origin: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {"file": path.name, "sha256": _digest(file, "sha256"), "size": file.stat().st_size}
    write_json(receipt_path(path), {**found, **origin, "date": datetime.now(UTC).isoformat(timespec="seconds")})


class _Transfer:
    """One file from one address."""

    def __init__(self, url: str, remote: RemoteFile, path: Path, expected: _Expected | None) -> None:
        self.url, self.remote, self.path, self.expected = url, remote, path, expected
        self.part = path.with_name(f".{path.name}.part")
        self.state_path = path.with_name(f".{path.name}.part.json")
        self.longest = self._received()
        self.fruitless = 0
        self.last_problem = ""

    def run(self) -> None:
        """Fetch, check, rename."""
        retrying = Retrying(
            retry=retry_if_exception_type(_TransientError),
            stop=lambda _: self.fruitless >= ATTEMPTS,
            wait=self._pause,
            before_sleep=self._log_retry,
            reraise=True,
        )
        try:
            retrying(self._attempt)
        except _TransientError as error:
            raise DownloadError(f"{self.url}: {error} ({ATTEMPTS} attempts without progress)") from error
        if self.expected is None:
            state = self._state()
            _write_receipt(self.path, self.part, {key: state.get(key) for key in ("url", "etag", "last_modified")})
        sync_file(self.part)
        os.replace(self.part, self.path)
        self._discard()

    def _attempt(self) -> None:
        try:
            with naming_a_full_disk(self.path):
                self._receive()
            self._check()
        except _TransientError:
            if self._received() > self.longest:
                self.longest, self.fruitless = self._received(), 0
            else:
                self.fruitless += 1
            raise

    def _receive(self) -> None:
        """Write what the server gives to the part, or append what is still missing there."""
        have = self._resume_point()
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
            state = self._state()
            if validator := state.get("etag") or state.get("last_modified"):
                headers["If-Range"] = validator
        try:
            with get(self.url, headers, TIMEOUT, verified=self.expected is not None) as response:
                appending = self._accept(response, have)
                have = have if appending else 0
                with open(self.part, "ab" if have else "wb") as file:
                    for block in blocks(response, (self.remote.size or LARGEST) - have):
                        begun = file.tell() < HEAD
                        file.write(block)
                        if begun and file.tell() >= HEAD:  # a page is not read to its end, which may be far
                            file.flush()
                            self._check_format()
        except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
            raise _TransientError(f"{type(error).__name__}: {error}") from error
        except BodyError as error:
            self._discard()
            raise DownloadError(f"{self.url}: {error}") from error
        except (requests.RequestException, AddressError) as error:
            raise DownloadError(f"{without_secrets(self.url)}: {error}") from error

    def _accept(self, response: requests.Response, have: int) -> bool:
        """Whether the body continues the part (True) or is the whole file (False); anything else is an error."""
        status = response.status_code
        if status == requests.codes.requested_range_not_satisfiable:
            self._discard()
            raise _TransientError("the server has no more bytes than were received")
        if status in TRANSIENT:
            raise _TransientError(f"HTTP status {status}", self._asked_pause(response))
        if status not in (requests.codes.ok, requests.codes.partial_content):
            raise DownloadError(f"{self.url}: HTTP status {status}")
        endless = "Content-Length" not in response.headers and response.headers.get("Transfer-Encoding", "").lower() != "chunked"
        if endless and self.remote.kind == "csv" and self.expected is None and self.remote.size is None:
            raise DownloadError(
                f"{self.url}: the server does not say how long the table is, so that a cut one would pass for whole"
            )
        validators = _validators(response)
        if status == requests.codes.partial_content:
            known = {key: value for key, value in self._state().items() if key in validators}
            if not _continues(response, have) or any(validators[key] != value for key, value in known.items()):
                self._discard()
                what = f"another part came ({response.headers.get('Content-Range')})"
                raise _TransientError(f"the file changed on the server while it was fetched, or {what}; begun anew")
            return True
        write_json(self.state_path, {"url": self.url, **validators})
        return False

    def _check_format(self) -> None:
        if problem := wrong_format(self.part, self.remote.kind):
            self._discard()
            raise DownloadError(f"{self.url}: {problem}")

    def _check(self) -> None:
        self._check_format()
        if not (problem := _problem(self.part, self.remote, self.expected)):
            return
        self._discard()
        if problem == self.last_problem:  # twice the same: not a fault of the transfer but the server's file
            raise DownloadError(f"{self.url}: {problem}; the server's file changed or is damaged")
        self.last_problem = problem
        raise _TransientError(problem)

    def _resume_point(self) -> int:
        """Bytes of the part that can be kept: those of the same address, if a later change would be noticed."""
        state = self._state()
        noticed = self.expected is not None or state.get("etag") or state.get("last_modified")
        if state.get("url") != self.url or not noticed:
            self._discard()
        return self._received()

    def _received(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _state(self) -> dict[str, Any]:
        try:
            state = read_json(self.state_path)
        except (FileNotFoundError, CorruptFileError):
            return {}
        return state if isinstance(state, dict) else {}

    def _discard(self) -> None:
        self.part.unlink(missing_ok=True)
        self.state_path.unlink(missing_ok=True)

    def _asked_pause(self, response: requests.Response) -> float | None:
        value = response.headers.get("Retry-After", "").strip()
        if not value:
            return None
        if value.isascii() and value.isdecimal():
            pause = float(value)
        else:
            try:
                pause = max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
            except (TypeError, ValueError):
                return None
        if pause > LONGEST_PAUSE:
            raise DownloadError(f"{self.url}: HTTP status {response.status_code}; asks to wait {pause:.0f} s, try again later")
        return pause

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = getattr(error, "pause", None)
        return asked if asked is not None else min(PAUSE * 2 ** max(0, self.fruitless - 1), LONGEST_PAUSE)

    def _log_retry(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.warning("%s: %s; received %d bytes, trying again in %.1f s", self.url, error, self._received(), state.upcoming_sleep)


def _validators(response: requests.Response) -> dict[str, str]:
    """What tells one state of the server's file from another; a weak ETag does not (RFC 9110, 13.1.5)."""
    found = {"etag": response.headers.get("ETag", ""), "last_modified": response.headers.get("Last-Modified", "")}
    return {key: value for key, value in found.items() if value and not value.startswith("W/")}


def _continues(response: requests.Response, have: int) -> bool:
    """Whether a partial answer is what is missing behind ``have`` bytes, to the end (RFC 9110, 14.4)."""
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("Content-Range", "").strip(), re.ASCII)
    if not have or found is None or int(found[1]) != have:
        return False
    length = response.headers.get("Content-Length", str(int(found[2]) - have + 1))
    return found[3] in ("*", str(int(found[2]) + 1)) and length == str(int(found[2]) - have + 1)

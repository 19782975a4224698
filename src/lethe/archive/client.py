"""Requests to a repository's REST interface: token in the header, patience with faults, one clear error in the end.

The token must not leak: it is sent as a header and to the repository's own host only, it is cut out of every message, and no
exception of the HTTP library, which carries the request with its headers, is ever kept as a cause or context.
"""

from __future__ import annotations

import email.utils
import json
import logging
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from pydantic import SecretStr

from lethe.archive.errors import ArchiveError, InterruptedRequestError, MovedError, TokenError
from lethe.io.web import AddressError, BodyError, SingleRequests, blocks, get

TRANSIENT = {429, 500, 502, 503, 504}
TIMEOUT = (10, 120)  # seconds to connect and between two packets
LARGEST = 1 << 26  # bytes of an answer in JSON
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """How long to go on.

    Attributes:
        attempts: of one request.
        first: seconds before the second attempt, doubled before each further one.
        longest: seconds; a server that asks for more (``Retry-After``) is given up.
    """

    attempts: int = 6
    first: float = 1.0
    longest: float = 300.0


@dataclass(frozen=True)
class _Answer:
    """What the server said; the connection is given back. Not shown in full: a server may repeat the token."""

    status_code: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(default=b"", repr=False)


class _Token(requests.auth.AuthBase):
    """Adds the token to requests to one host; also keeps requests from sending what ~/.netrc holds."""

    def __init__(self, secret: SecretStr | None, origin: tuple[str, str]) -> None:
        self.secret, self.origin = secret, origin

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        parts = urlsplit(request.url or "")
        if self.secret is not None and (parts.scheme, parts.netloc) == self.origin:
            request.headers["Authorization"] = f"Bearer {self.secret.get_secret_value()}"
        return request


class Client:
    """Requests below one base address.

    Args:
        api: base address, e.g. ``https://zenodo.org/api``.
        token: None for public reads.
        patience: how often and how long to try.
        sleep: waits for seconds; replaced in tests that count them.
    """

    def __init__(
        self,
        api: str,
        token: SecretStr | None = None,
        patience: Patience | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.api = api.rstrip("/")
        parts = urlsplit(self.api)
        self.origin = (parts.scheme, parts.netloc)
        self.patience = patience or Patience()
        self._secret = token
        self._sleep = sleep or time.sleep
        self._session = SingleRequests()
        self._session.auth = _Token(token, self.origin)
        self._session.headers.update({"Accept": "application/json", "Accept-Encoding": "identity"})

    def url(self, path_or_url: str) -> str:
        """The address of a path below the base; a full address must be on the same host.

        Raises:
            ArchiveError: the server named an address on another host, where the token must not go.
        """
        if not path_or_url.startswith(("http://", "https://")):
            return f"{self.api}/{path_or_url.lstrip('/')}"
        parts = urlsplit(path_or_url)
        if (parts.scheme, parts.netloc) != self.origin:
            raise ArchiveError(f"{self.api} leads to another host, {parts.scheme}://{parts.netloc}; nothing is sent there")
        return path_or_url

    def json(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        file: Path | None = None,
        params: Any = None,
        once: bool = False,
        missing_ok: bool = False,
    ) -> Any:
        """The JSON that a request is answered with; None for an answer without content.

        Args:
            method: HTTP method.
            path: below the base, or a full address on the same host.
            body: sent as JSON.
            file: sent as it is, streamed.
            params: query.
            once: the request must not be sent again unless the server said that it did nothing (429).
            missing_ok: 404 is an answer without content: what was to be deleted is gone.

        Raises:
            TokenError: 401 or 403.
            InterruptedRequestError: with ``once``, if the connection broke or the server failed.
            ArchiveError: any other refusal, an answer that is no JSON, or no patience left.
        """
        url = self.url(path)
        where = f"{method} {url}"
        problem = ""
        for attempt in range(1, self.patience.attempts + 1):
            answer, problem = self._send(method, url, body, file, params)
            if answer is not None and answer.status_code == 404 and missing_ok:
                return None
            if answer is not None and answer.status_code not in TRANSIENT:
                return self._content(where, answer)
            if once and (answer is None or answer.status_code != 429):
                raise InterruptedRequestError(f"{where}: {problem}", asked_wait(answer))
            if attempt < self.patience.attempts:
                self.wait(f"{where}: {problem}", attempt, asked_wait(answer))
        raise ArchiveError(f"{where}: given up after {self.patience.attempts} attempts, last: {problem}")

    def download(self, path: str, part: Path, size: int | None = None) -> None:
        """Stream a file to ``part``; what is there already is kept and only the rest is asked for.

        Raises:
            TokenError, ArchiveError: as ``json``; also if HTML comes instead of a file.
        """
        url = self.url(path)
        where = f"GET {url}"
        problem = ""
        for attempt in range(1, self.patience.attempts + 1):
            have = part.stat().st_size if part.exists() else 0
            if size is not None and have == size:
                return
            answer, problem = self._receive(url, part, have, size)
            if answer is not None:
                if answer.status_code == 416:  # more is there than the file has
                    part.unlink()
                elif answer.status_code not in TRANSIENT:
                    if answer.status_code not in (200, 206):
                        self._content(where, answer)
                    if "text/html" in answer.headers.get("Content-Type", ""):
                        raise ArchiveError(f"{where}: answered with an HTML page instead of the file")
                    if not problem:
                        return
            if attempt < self.patience.attempts:
                self.wait(f"{where}: {problem}", attempt, asked_wait(answer))
        raise ArchiveError(f"{where}: given up after {self.patience.attempts} attempts, last: {problem}")

    def _send(self, method: str, url: str, body: Any, file: Path | None, params: Any) -> tuple[_Answer | None, str]:
        """The answer, or None, and what went wrong. Exceptions end here: they hold the request and its headers."""
        ask = partial(self._session.request, method, url, timeout=TIMEOUT, stream=True)
        try:
            if file is not None:
                with open(file, "rb") as stream:
                    # an empty file object would be sent chunked, which buckets refuse
                    return self._read(ask(data=stream if file.stat().st_size else b""))
            return self._read(ask(json=body, params=params))
        except (requests.RequestException, urllib3.exceptions.HTTPError, BodyError) as error:
            return None, self.clean(f"{type(error).__name__}: {error}")

    def _read(self, answer: requests.Response) -> tuple[_Answer, str]:
        with answer:
            content = b"".join(blocks(answer, LARGEST))
        return _Answer(answer.status_code, answer.headers, content), f"HTTP {answer.status_code}"

    def _receive(self, url: str, part: Path, have: int, size: int | None) -> tuple[_Answer | None, str]:
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        answer: _Answer | None = None
        refused = ""
        try:
            with get(url, headers, TIMEOUT, verified=False, authorisation=_Token(self._secret, self.origin)) as response:
                answer = _Answer(response.status_code, response.headers)
                if answer.status_code not in (200, 206):
                    return self._read(response)
                if "text/html" in answer.headers.get("Content-Type", ""):
                    return answer, "an HTML page"
                begin = have if answer.status_code == 206 else 0
                if begin and not answer.headers.get("Content-Range", "").startswith(f"bytes {begin}-"):
                    part.unlink()
                    return None, "another part than the missing one"
                with open(part, "ab" if begin else "wb") as out:
                    for block in blocks(response, sys.maxsize if size is None else size - begin):
                        out.write(block)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            return answer, self.clean(f"{type(error).__name__}: {error}")
        except (AddressError, BodyError) as error:
            refused = str(error)
        if refused:  # raised here, so that it holds neither cause nor context
            part.unlink(missing_ok=True)
            raise ArchiveError(f"GET {url}: {self.clean(refused)}")
        return answer, ""

    def _content(self, where: str, answer: _Answer) -> Any:
        if answer.status_code in (401, 403):
            reason = (
                "the record is not public"
                if self._secret is None
                else "the token was refused: it has expired, lacks the scope deposit:write, or belongs to another host "
                "(zenodo.org and its sandbox have different ones)"
            )
            raise TokenError(f"{where}: HTTP {answer.status_code}, {reason}. {self._said(answer)}")
        if 300 <= answer.status_code < 400 and answer.headers.get("Location"):
            raise MovedError(f"{where}: HTTP {answer.status_code}, it redirects", answer.headers["Location"])
        if not 200 <= answer.status_code < 300:
            raise ArchiveError(f"{where}: HTTP {answer.status_code}. {self._said(answer)}")
        if not answer.content:
            return None
        try:
            return json.loads(answer.content)
        except ValueError:
            kind = answer.headers.get("Content-Type", "no content type")
        raise ArchiveError(f"{where}: answered with {kind} instead of JSON. {self._said(answer)}")

    def _said(self, answer: _Answer) -> str:
        text = "".join(letter if letter.isprintable() else " " for letter in answer.content.decode(errors="replace"))
        text = self.clean(" ".join(text.split()))[:200]
        return f"The server says: {text}" if text else "The server says nothing more"

    def clean(self, text: str) -> str:
        """``text`` without the token."""
        secret = self._secret.get_secret_value() if self._secret is not None else ""
        return text.replace(secret, "***") if secret else text

    def wait(self, problem: str, attempt: int, asked: float | None = None) -> None:
        """Wait after attempt number ``attempt`` failed: as long as the server asked, else twice as long as the last time.

        Raises:
            ArchiveError: the server asks for more than there is patience for.
        """
        if asked is not None and asked > self.patience.longest:
            raise ArchiveError(f"{problem}, the server asks to come back in {asked:.0f} s; run again then")
        seconds = min(self.patience.first * 2 ** (attempt - 1), self.patience.longest) if asked is None else asked
        log.warning("%s; attempt %d of %d in %.1f s", problem, attempt + 1, self.patience.attempts, seconds)
        self._sleep(seconds)


def asked_wait(answer: _Answer | None) -> float | None:
    """Seconds that an answer asks to wait; None if there is no answer or it does not say."""
    return None if answer is None else retry_after(answer.headers.get("Retry-After"))


def retry_after(value: str | None) -> float | None:
    """Seconds of a ``Retry-After`` header (a number or a date, RFC 9110 10.2.3); None if it is absent or unreadable."""
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        date = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (date - datetime.now(UTC)).total_seconds()) if date.tzinfo else None

"""One GET that sends nobody's credentials and follows redirects only to where they may lead; bodies with an end."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urljoin, urlsplit

import requests

from lethe.io.loopback import is_loopback

DECIDES_NO_RESULT = "how an address is asked cannot change what it gives"

REDIRECTS = 10  # in a row
SLOWEST, SLOW_AFTER = 1000.0, 300.0  # bytes per second at least, on average over so many seconds and more
CHUNK = 2**16

Authorisation = Callable[[requests.PreparedRequest], requests.PreparedRequest]


class AddressError(ValueError):
    """An address that nothing is asked of. The message goes on after the address, e.g. ``it is not encrypted``."""


class BodyError(Exception):
    """A body that is too long or comes too slowly."""


def no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave a request as it is; without an authorisation, requests would send what ~/.netrc holds for the host."""
    return request


class SingleRequests(requests.Session):
    """A session that never follows a redirect. ``allow_redirects=False`` is not enough: the body would be read, and may have no end."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None, so that a redirect is an answer like others."""
        return None


def check_address(url: str, verified: bool, origin: str = "") -> None:
    """Raise an ``AddressError`` unless a file may be fetched from ``url``.

    Args:
        url: the address.
        verified: whether a checksum of the file is known, so that it does not matter who sends it.
        origin: the address that redirects there, if one does.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # parsed when asked for
    except ValueError as error:
        raise AddressError(f"{f'it redirects to {url!r}, which' if origin else 'it'} is no address ({error})") from None
    named = f"it redirects to {without_secrets(url)}, which" if origin else "it"
    if parts.scheme not in ("http", "https") or not host:
        raise AddressError(f"{named} is not of the form https://host/path")
    if "@" in parts.netloc:
        raise AddressError(f"{named} holds a name or password; data are fetched without")
    if origin and is_loopback(url) and not is_loopback(origin):
        raise AddressError(f"{named} is this machine")
    if parts.scheme == "http" and not verified and not is_loopback(url):
        raise AddressError(f"{named} is not encrypted, and no checksum is known; allowed: https, or a sha256 or md5")


def get(
    url: str,
    headers: Mapping[str, str],
    timeout: tuple[float, float],
    verified: bool,
    authorisation: Authorisation = no_credentials,
) -> requests.Response:
    """The answer to a GET, its body unread; to be closed by the caller.

    Args:
        url: the address.
        headers: sent to every host, so nothing secret.
        timeout: seconds to connect, and between two packets.
        verified: as for ``check_address``, which every redirect must pass too.
        authorisation: asked anew for every host.

    Raises:
        AddressError: the address or one that it redirects to is not allowed, or redirects have no end.
        requests.RequestException: the request failed.
    """
    check_address(url, verified)
    here = url
    for _ in range(REDIRECTS + 1):
        with SingleRequests() as session:
            answer = session.get(here, headers=headers, timeout=timeout, stream=True, auth=authorisation)
        if not answer.is_redirect:
            return answer
        answer.close()  # unread: it may have no end
        try:
            there = urljoin(here, answer.headers["Location"])
        except ValueError as error:
            raise AddressError(f"it redirects to {answer.headers['Location']!r}, which is no address ({error})") from None
        check_address(there, verified, origin=here)
        here = there
    raise AddressError(f"it redirects more than {REDIRECTS} times, at last to {here}")


def blocks(answer: requests.Response, most: int) -> Iterator[bytes]:
    """The body of an unread answer as it was sent, also where the server calls it encoded: what is gzip stays gzip.

    Raises:
        BodyError: it is, or is announced as, more than ``most`` bytes; or it drips.
        urllib3.exceptions.HTTPError: the connection broke.
    """
    announced = answer.headers.get("Content-Length", "")
    received = int(announced) if announced.isascii() and announced.isdecimal() and int(announced) > most else 0
    begin = time.monotonic()
    while received <= most and (block := answer.raw.read1(CHUNK, decode_content=False)):
        yield block
        received += len(block)
        waited = time.monotonic() - begin
        if waited > SLOW_AFTER and received < SLOWEST * waited:
            raise BodyError(f"{received} bytes in {waited:.0f} s; too slow, try again later")
    if received > most:
        raise BodyError(f"{received} bytes or more; allowed are {most}")


def without_secrets(url: str) -> str:
    """An address for a message: without a name and password."""
    return re.sub(r"//[^/?#]*@", "//***@", url)

"""Whether an address leads to this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

DECIDES_NO_RESULT = "tells which addresses are this machine"


def is_loopback(address: str) -> bool:
    """Whether a URL leads to this machine."""
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

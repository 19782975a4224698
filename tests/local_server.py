"""What the local servers of the download tests share: one that answers in a thread while downloads are in a hurry."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def answering(server: socketserver.BaseServer, monkeypatch: pytest.MonkeyPatch, **download: object) -> Iterator[None]:
    """The server in a thread; downloads reach it without a proxy and hardly pause between attempts.

    Args:
        server: bound to a port; closed at the end.
        monkeypatch: the test's.
        download: other values of ``lethe.io.download``, by name.
    """
    for name, value in ({"PAUSE": 0.001} | download).items():
        monkeypatch.setattr(f"lethe.io.download.{name}", value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

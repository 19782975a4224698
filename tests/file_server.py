"""A local HTTP server that answers as bad servers do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.local_server import answering


@dataclass(frozen=True)
class Refuse:
    """Answer with an error status."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """Close the connection at this share of the file, though its length was announced."""

    share: float = 0.5


class FileServer:
    """Serves ``files`` below ``url``; ``faults`` are answered first, one per request.

    Attributes:
        files: name -> bytes.
        faults: ``Refuse``, ``Cut``, or a body to send instead.
        ranges: whether it honours Range and If-Range.
        validators: whether it sends an ETag.
        length: whether it announces the length of a body; without, the end of the connection is the end of the file.
        requests: (name, Range header) of every request.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: list[Refuse | Cut | bytes] = []
        self.ranges = self.length = True
        self.validators = False
        self.requests: list[tuple[str, str | None]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/data/"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """One GET."""
        name, asked = request.path.rsplit("/", 1)[1], request.headers.get("Range")
        self.requests.append((name, asked))
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Refuse):
            request.send_response(fault.status)
            for key, value in fault.headers.items():
                request.send_header(key, value)
            request.end_headers()
            return
        if name not in self.files or not request.path.startswith("/data/"):
            request.send_error(404)
            return
        body = fault if isinstance(fault, bytes) else self.files[name]
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.ranges else 0
        if start and request.headers.get("If-Range") not in (None, etag):
            start = 0
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if self.length:
            request.send_header("Content-Length", str(len(body) - start))
        if self.validators:
            request.send_header("ETag", etag)
        request.end_headers()
        request.wfile.write(body[start : int(len(body) * fault.share)] if isinstance(fault, Cut) else body[start:])


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A running server; downloads hardly pause between attempts."""
    server = FileServer()
    with answering(server.http, monkeypatch):
        yield server
